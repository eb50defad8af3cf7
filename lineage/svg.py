"""The drawing of a lineage graph as SVG: one link per node, no inline style, no script.

Colours are presentation attributes, so a downloaded file looks right by itself and a page's style sheet (and its
dark theme) wins. Nodes and edges carry numbers (`data-n`, `data-e`) by which a script can tell which belong together.
"""

import itertools
import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from html import escape

from lineage import draw
from lineage.fold import neighbours, upstream
from lineage.graph import ColumnStep, Graph, Node

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLOURS = {
    "dataset": ("#eaf2fb", "#1d5a96"),
    "job": ("#f4f1e6", "#7a5b00"),
    "model": ("#ece8fa", "#5b3fa8"),
    "group": ("#eef3ea", "#3c6b2f"),
    "hidden": ("#f1f1f1", "#6b6b6b"),
}
LABEL = 24
"""At most this many characters of a name are drawn; the title holds all of it."""
PORTS, PORT = 16, 17
"""At most so many columns of a dataset are drawn, each so high."""
PILL = (46, 22)
"""The size of the mark at a node beyond which there is more."""
PALE = ' opacity="0.3"'

Link = Callable[[Node], str]
"""Returns the address that a node leads to, or an empty text."""
NOWHERE: Link = lambda _: ""  # noqa: E731


def picture(
    graph: Graph,
    *,
    link: Link,
    label: str,
    words: dict[str, str],
    lit: Set[str] = frozenset(),
    further: Link = NOWHERE,
) -> str:
    """Return the drawing of `graph`.

    `words` says what is drawn in the reader's language; `label` names the whole picture. With `lit` everything but the
    nodes in it and the edges between them is drawn pale. `further` is where what is left out beside a node is shown.
    """
    columns = _columns(graph)
    tall = {node: _height(ports) for node, ports in columns.items()}
    layout = draw.lay_out([node.id for node in graph.nodes], graph.edges, tall, PILL[0] + 6 if graph.beyond else 0)
    number = {node.id: n for n, node in enumerate(graph.nodes)}
    parts = [_head(layout, label)]
    for edge in graph.edges:
        if edge in layout.bends:
            pale = PALE if lit and not (edge[0] in lit and edge[1] in lit) else ""
            parts.append(_line(layout.bends[edge], f"{number[edge[0]]} {number[edge[1]]}", pale))
    parts += _column_lines(graph, layout, columns)
    pen = _Pen(graph.focus, frozenset(graph.frontier), link, words)
    sides = _sides(graph)
    for node in graph.nodes:
        pale = PALE if lit and node.id not in lit else ""
        classes = f"lineage__node lineage__node--{node.type}" + (" lineage__node--focus" * (node.id == graph.focus))
        parts.append(f'<g class="{classes}" data-n="{number[node.id]}"{pale}>')
        parts.append(pen.node(node, layout.at[node.id], columns.get(node.id, [])))
        if node.id in sides:
            parts.append(_pill(layout.at[node.id], graph.beyond[node.id] * sides[node.id], further(node), words))
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def clean(text: str) -> str:
    """Return `text` as it may stand in XML: without forbidden characters, and escaped."""
    return escape(_ILLEGAL.sub("\ufffd", text), quote=True)


def short(name: str, most: int = LABEL) -> str:
    """Return the end of a long name, which is the telling part of a path or a qualified name."""
    return name if len(name) <= most else f"…{name[-(most - 1) :]}"


def _sides(graph: Graph) -> dict[str, int]:
    """Say on which side of a node there is more: -1 on the left, where it came from, or 1 on the right."""
    if not graph.beyond:
        return {}
    above = upstream(graph)
    alone = not neighbours(graph.edges)[0].get(graph.focus)
    return {
        node: -1 if node in above or (node == graph.focus and alone and not above) else 1
        for node in graph.beyond
        if graph.beyond[node]
    }


def _columns(graph: Graph) -> dict[str, list[str]]:
    """Return the columns to draw at each dataset: those that a step leads from or to; the last may say how many more.

    What leads to a dataset as a whole has no column.
    """
    used: dict[str, set[str]] = {}
    for step in graph.column_edges or ():
        used.setdefault(step.dataset, set()).add(step.field)
        used.setdefault(step.to_dataset, set()).add(step.to_field)
    named = {node: sorted(fields - {""}) for node, fields in used.items()}
    return {
        node: fields if len(fields) <= PORTS else [*fields[: PORTS - 1], f"+{len(fields) - PORTS + 1}"]
        for node, fields in named.items()
        if fields
    }


def _column_lines(graph: Graph, layout: draw.Layout, columns: dict[str, list[str]]) -> list[str]:
    drawn: dict[tuple[float, ...], bool] = {}
    for step in graph.column_edges or ():
        if step.dataset in layout.at and step.to_dataset in layout.at:
            (x, y), (to_x, to_y) = _ports(step, layout, columns)
            ends = (x + draw.WIDTH, y, to_x, to_y) if x <= to_x else (x, y, to_x + draw.WIDTH, to_y)
            drawn[ends] = drawn.get(ends, True) and step.masking
    return [_column_line(ends, masking=masking) for ends, masking in sorted(drawn.items())]


def _ports(
    step: ColumnStep, layout: draw.Layout, columns: dict[str, list[str]]
) -> tuple[tuple[float, float], tuple[float, float]]:
    found = []
    for node, column in ((step.dataset, step.field), (step.to_dataset, step.to_field)):
        (x, y), ports = layout.at[node], columns.get(node, [])
        place = ports.index(column) if column in ports else len(ports) - 1
        found.append((x, y + (draw.HEIGHT / 2 if not column or not ports else draw.HEIGHT + PORT * (place + 0.5))))
    return found[0], found[1]


def _head(layout: draw.Layout, label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lineage" role="group" aria-label="{clean(label)}" '
        f'width="{layout.width:g}" height="{layout.height:g}" viewBox="0 0 {layout.width:g} {layout.height:g}" '
        'font-family="system-ui, sans-serif" font-size="13">\n'
        '<defs><marker id="lineage-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto">'
        '<path class="lineage__arrow" d="M0 0L8 4L0 8z" fill="#5a6472"/></marker></defs>'
    )


def _line(points: tuple[tuple[float, float], ...], ends: str, pale: str) -> str:
    path = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        half = (x + to_x) / 2
        path.append(f"L{to_x:g} {to_y:g}" if y == to_y else f"C{half:g} {y:g} {half:g} {to_y:g} {to_x:g} {to_y:g}")
    return (
        f'<path class="lineage__edge" data-e="{ends}" d="{"".join(path)}" fill="none" stroke="#5a6472" '
        f'stroke-width="1.5" marker-end="url(#lineage-arrow)"{pale}/>'
    )


def _column_line(ends: tuple[float, ...], *, masking: bool) -> str:
    x, y, to_x, to_y = ends
    half = (x + to_x) / 2
    kind, dashes = (" lineage__column--masked", ' stroke-dasharray="3 3"') if masking else ("", "")
    return (
        f'<path class="lineage__column{kind}" d="M{x:g} {y:g}C{half:g} {y:g} {half:g} {to_y:g} {to_x:g} {to_y:g}" '
        f'fill="none" stroke="#1d5a96" stroke-width="1"{dashes}/>'
    )


def _height(ports: list[str]) -> float:
    return float(draw.HEIGHT + (PORT * len(ports) + 4 if ports else 0))


@dataclass(frozen=True, slots=True)
class _Pen:
    """Draws nodes: `more` are those beyond which there is more."""

    focus: str
    more: frozenset[str]
    link: Link
    words: dict[str, str]

    def node(self, node: Node, at: tuple[float, float], ports: list[str]) -> str:
        x, y = at
        fill, stroke = _COLOURS[node.type]
        kind, more = self.words[node.type], node.id in self.more
        title = f"{kind}: {node.namespace} {node.name}".strip().rstrip(":")
        title += f" ({self.words['more']})" if more else ""
        radius = draw.HEIGHT / 2 if node.type == "job" else 4
        inner = (
            f"<title>{clean(title)}</title>"
            f'<rect class="lineage__box" x="{x:g}" y="{y:g}" width="{draw.WIDTH}" height="{_height(ports):g}" '
            f'rx="{radius:g}" fill="{fill}" stroke="{stroke}" stroke-width="{3 if node.id == self.focus else 1}"/>'
            f'<text class="lineage__kind" x="{x + 14:g}" y="{y + 17:g}" font-size="11" fill="{stroke}">'
            f"{clean(kind)}{' +' if more else ''}</text>"
            f'<text class="lineage__name" x="{x + 14:g}" y="{y + 34:g}" fill="#1b1f24">{clean(short(node.name))}</text>'
        )
        for place, column in enumerate(ports):
            inner += (
                f'<text class="lineage__port" x="{x + 14:g}" y="{y + draw.HEIGHT + PORT * place + 12:g}" '
                f'font-size="11" fill="#1b1f24">{clean(short(column, LABEL + 2))}</text>'
            )
        href = self.link(node)
        return f'<a href="{clean(href)}">{inner}</a>' if href.startswith("/") else inner


def _pill(at: tuple[float, float], count: int, href: str, words: dict[str, str]) -> str:
    """Return the mark that says how much more there is beside a node; on its left for a count below 0."""
    wide, high = PILL
    x = at[0] + (draw.WIDTH + 3 if count > 0 else -wide - 3)
    y = at[1] + (draw.HEIGHT - high) / 2
    inner = (
        f"<title>+{abs(count)} {clean(words['more'])}</title>"
        f'<rect class="lineage__more" x="{x:g}" y="{y:g}" width="{wide}" height="{high}" rx="{high / 2:g}" '
        'fill="#ffffff" stroke="#5a6472" stroke-dasharray="3 2"/>'
        f'<text class="lineage__kind" x="{x + wide / 2:g}" y="{y + 15:g}" text-anchor="middle" font-size="11" '
        f'fill="#5a6472">+{abs(count)}</text>'
    )
    return f'<a href="{clean(href)}">{inner}</a>' if href.startswith("/") else inner
