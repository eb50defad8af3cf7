"""The drawing of a lineage graph as SVG: one link per node, no inline style, no script.

Colours are presentation attributes, so a downloaded file looks right by itself and a page's style sheet (and its
dark theme) wins.
"""

import itertools
import re
from collections.abc import Callable
from html import escape

from lineage import draw
from lineage.graph import Graph, Node

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLOURS = {
    "dataset": ("#eaf2fb", "#1d5a96"),
    "job": ("#f4f1e6", "#7a5b00"),
    "model": ("#ece8fa", "#5b3fa8"),
    "hidden": ("#f1f1f1", "#6b6b6b"),
}
LABEL = 24
"""At most this many characters of a name are drawn; the title holds all of it."""

Link = Callable[[Node], str]
"""Returns the address that a node leads to, or an empty text."""


def picture(graph: Graph, *, link: Link, label: str, words: dict[str, str]) -> str:
    """Return the drawing of `graph`.

    `words` says dataset, job, model, hidden and more in the reader's language; `label` names the whole picture.
    """
    layout = draw.lay_out([node.id for node in graph.nodes], graph.edges)
    more = set(graph.frontier)
    parts = [_head(layout, label)]
    parts += [_line(layout.bends[edge]) for edge in graph.edges if edge in layout.bends]
    for node in graph.nodes:
        parts.append(
            _node(node, layout.at[node.id], link(node), words, focus=node.id == graph.focus, more=node.id in more)
        )
    return "\n".join([*parts, "</svg>", ""])


def clean(text: str) -> str:
    """Return `text` as it may stand in XML: without forbidden characters, and escaped."""
    return escape(_ILLEGAL.sub("\ufffd", text), quote=True)


def short(name: str) -> str:
    """Return the end of a long name, which is the telling part of a path or a qualified name."""
    return name if len(name) <= LABEL else f"…{name[-(LABEL - 1) :]}"


def _head(layout: draw.Layout, label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lineage" role="group" aria-label="{clean(label)}" '
        f'width="{layout.width:g}" height="{layout.height:g}" viewBox="0 0 {layout.width:g} {layout.height:g}" '
        'font-family="system-ui, sans-serif" font-size="13">\n'
        '<defs><marker id="lineage-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto">'
        '<path class="lineage__arrow" d="M0 0L8 4L0 8z" fill="#5a6472"/></marker></defs>'
    )


def _line(points: tuple[tuple[float, float], ...]) -> str:
    path = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        half = (x + to_x) / 2
        path.append(f"L{to_x:g} {to_y:g}" if y == to_y else f"C{half:g} {y:g} {half:g} {to_y:g} {to_x:g} {to_y:g}")
    return (
        f'<path class="lineage__edge" d="{"".join(path)}" fill="none" stroke="#5a6472" stroke-width="1.5" '
        'marker-end="url(#lineage-arrow)"/>'
    )


def _node(node: Node, at: tuple[float, float], href: str, words: dict[str, str], *, focus: bool, more: bool) -> str:
    x, y = at
    fill, stroke = _COLOURS[node.type]
    kind = words[node.type]
    title = f"{kind}: {node.namespace} {node.name}".strip().rstrip(":") + (f" ({words['more']})" if more else "")
    classes = f"lineage__node lineage__node--{node.type}" + (" lineage__node--focus" if focus else "")
    radius = draw.HEIGHT / 2 if node.type == "job" else 4
    inner = (
        f"<title>{clean(title)}</title>"
        f'<rect class="lineage__box" x="{x:g}" y="{y:g}" width="{draw.WIDTH}" height="{draw.HEIGHT}" rx="{radius:g}" '
        f'fill="{fill}" stroke="{stroke}" stroke-width="{3 if focus else 1}"/>'
        f'<text class="lineage__kind" x="{x + 14:g}" y="{y + 17:g}" font-size="11" fill="{stroke}">'
        f"{clean(kind)}{' +' if more else ''}</text>"
        f'<text class="lineage__name" x="{x + 14:g}" y="{y + 34:g}" fill="#1b1f24">{clean(short(node.name))}</text>'
    )
    body = f'<a href="{clean(href)}">{inner}</a>' if href.startswith("/") else inner
    return f'<g class="{classes}">{body}</g>'
