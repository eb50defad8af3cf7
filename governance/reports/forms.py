"""One report in every form it is taken away in, each made from the same story."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from audit.actor import Actor
from governance.reports import paper, pdf, rules, selectors
from governance.reports.models import Report
from lineage import graphml, originals, prov, svg
from lineage.links import words
from lineage.story import Story


@dataclass(frozen=True)
class Told:
    """A report that was read for somebody: its contents, and the story behind them."""

    actor: Actor
    report: Report
    content: Mapping[str, Any]
    story: Story

    @cached_property
    def lines(self) -> list[tuple[str, bytes | None]]:
        """The digest of each raw event behind it, and its bytes when the reader may see all that it names."""
        digests = [one["event"].removeprefix("sha256:") for one in self.story.evidence]
        return list(originals.lines(self.actor, digests))


def read(actor: Actor, report: Report) -> Told:
    """Return what `actor` may be told by a report."""
    return Told(actor, report, *selectors.lineage_report(actor, report))


def _json(told: Told) -> bytes:
    return rules.as_json(told.content)


def _csv(told: Told) -> bytes:
    return rules.as_csv(told.story.runs)


def _svg(told: Told) -> bytes:
    label = f"Lineage of {told.report.title} as of {told.report.as_of.isoformat()}"
    return svg.picture(told.story.graph, link=lambda _: "", label=label, words=words()).encode()


def _ndjson(told: Told) -> bytes:
    """Return the raw events, a line each; those the reader may not see whole are only digests in the JSON."""
    return b"".join(line + b"\n" for _, line in told.lines if line is not None)


def _prov(told: Told) -> bytes:
    return rules.as_json(prov.as_prov(told.story, [(one, one["owners"]) for one in told.content["datasets"]]))


def _graphml(told: Told) -> bytes:
    return graphml.as_graphml(told.story.graph).encode()


def _pdf(told: Told) -> bytes:
    report = told.report
    return pdf.made(paper.document(report.title, report.as_of, told.content, _json(told), _svg(told).decode()))


MAKERS: Mapping[str, Callable[[Told], bytes]] = {
    "json": _json,
    "csv": _csv,
    "svg": _svg,
    "ndjson": _ndjson,
    "prov": _prov,
    "graphml": _graphml,
    "pdf": _pdf,
}
"""What makes the bytes of each format."""
