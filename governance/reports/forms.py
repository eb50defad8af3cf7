"""One report in every form it is taken away in, each made from the same story."""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any

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

    def lines(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield the digest of each raw event behind it, and its bytes when the reader may see all that it names."""
        return originals.lines(self.actor, [one["event"].removeprefix("sha256:") for one in self.story.evidence])

    @cached_property
    def shown(self) -> dict[str, bool]:
        """Which raw events the reader may see whole, by digest."""
        return {digest: line is not None for digest, line in self.lines()}


def read(actor: Actor, report: Report) -> Told:
    """Return what `actor` may be told by a report."""
    return Told(actor, report, *selectors.lineage_report(actor, report))


def _json(told: Told, out: IO[bytes]) -> None:
    out.write(rules.as_json(told.content))


def _csv(told: Told, out: IO[bytes]) -> None:
    out.write(rules.as_csv(told.story.runs))


def _svg(told: Told, out: IO[bytes]) -> None:
    label = f"Lineage of {told.report.title} as of {told.report.as_of.isoformat()}"
    out.write(svg.picture(told.story.graph, link=lambda _: "", label=label, words=words()).encode())


def _ndjson(told: Told, out: IO[bytes]) -> None:
    """Write the raw events, a line each; those the reader may not see whole are only digests in the JSON."""
    for _, line in told.lines():
        if line is not None:
            out.write(line + b"\n")


def _prov(told: Told, out: IO[bytes]) -> None:
    people = [(one, one["owners"]) for one in told.content["datasets"]]
    out.write(rules.as_json(prov.as_prov(told.story, people)))


def _graphml(told: Told, out: IO[bytes]) -> None:
    out.write(graphml.as_graphml(told.story.graph).encode())


def _pdf(told: Told, out: IO[bytes]) -> None:
    whole, picture = io.BytesIO(), io.BytesIO()
    _json(told, whole)
    _svg(told, picture)
    report = told.report
    drawn = picture.getvalue().decode()
    out.write(pdf.made(paper.document(report.title, report.as_of, told.content, whole.getvalue(), drawn)))


Maker = Callable[[Told, IO[bytes]], None]
"""Writes a report in one form, a piece at a time where it may be large."""
MAKERS: Mapping[str, Maker] = {
    "json": _json,
    "csv": _csv,
    "svg": _svg,
    "ndjson": _ndjson,
    "prov": _prov,
    "graphml": _graphml,
    "pdf": _pdf,
}
"""What writes each form that is one document."""
