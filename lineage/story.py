"""Reads for reports: everything behind one version of a model that somebody may see, run by run, with its evidence.

Every list is in an order that depends on the data alone, so that the same question as of the same time gives the
same story.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any
from uuid import UUID

from audit.actor import Actor, NotSeen, visible
from jobs import selectors as clock
from lineage import facets, naming, selectors
from lineage.ancestry import Ancestry
from lineage.event import Event
from lineage.fold import PAIRS
from lineage.graph import Graph, Node, Question, nearest
from lineage.models import Dataset, Job, RawEvent, Run, RunIO
from lineage.reading import again
from lineage.selectors import ancestry_of, completeness, sources_of
from lineage.steps import CHUNK, names

EVENTS = 5_000
"""At most this many raw events are read for one story; the rest is counted as a gap."""


@dataclass(slots=True)
class Story:
    """What was behind a version: the graph, its runs in order, datasets, checks, raw events, and what is missing."""

    graph: Graph
    runs: list[dict[str, Any]] = field(default_factory=list)
    datasets: list[dict[str, Any]] = field(default_factory=list)
    quality: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    columns: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class _Said:
    """What the events of a story say, the latest last: of runs, and which columns and type a dataset had then."""

    runs: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    columns: dict[str, tuple[str, list[Any]]] = field(default_factory=dict)
    used: dict[tuple[UUID, str, str], dict[str, Any]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    steps: dict[tuple[facets.Name, str, facets.Name, str], bool] = field(default_factory=dict)

    def take(self, run: UUID, event: Event) -> None:
        """Take what one event says."""
        self.runs.setdefault(run, {}).update(facets.about_run(event))
        for one in facets.columns(event):
            step = (one.source, one.field, one.target, one.to_field)
            self.steps[step] = one.masking and self.steps.get(step, True)
        for direction, datasets in (("in", event.inputs), ("out", event.outputs)):
            for seen in datasets:
                key = naming.key("dataset", seen.namespace, seen.name)
                use = self.used.setdefault((run, direction, key), {"rows": None, "bytes": None, "schema": None})
                if told := facets.schema(seen):
                    self.columns[key] = told
                    use["schema"] = f"sha256:{told[0]}"
                for what, names_ in (("rows", ("rowCount",)), ("bytes", ("size", "bytes"))):
                    count = facets.count(seen, *names_)
                    use[what] = use[what] if count is None else max(count, use[what] or 0)
                if kind := facets.dataset_type(seen):
                    self.types[key] = kind


@dataclass(slots=True)
class Seen:
    """The rows of an ancestry that the reader may see."""

    found: Ancestry
    datasets: dict[int, Dataset]
    runs: dict[int, Run]

    @property
    def hidden(self) -> dict[str, int]:
        """How many datasets and runs of it they may not see."""
        known = {one.dataset for one in self.found.used}
        return {"datasets": len(known) - len(self.datasets), "runs": len(self.found.runs) - len(self.runs)}


def story_of(actor: Actor, model: tuple[str, str], version: str, as_of: datetime) -> Story:
    """Return the story of `version` of the model (namespace, name) as `actor` may see it, as of a time.

    What they may not see is left out and counted in `hidden`; a version that no run is known to have written has a
    story that says so.
    """
    namespace, name = model[0], naming.model_name(*model)
    found = ancestry_of(namespace, name, version, as_of) or Ancestry()
    seen = seen_by(actor, found)
    story = Story(_graph(seen, (namespace, name), as_of))
    unknown = [] if found.runs else completeness(namespace, name, version, as_of).gaps
    story.gaps = list(unknown) or _gaps(seen, version, name)
    story.hidden = seen.hidden
    events = _events(actor, [run.uuid for run in seen.runs.values()], as_of)
    _tell(story, seen, events, as_of)
    return story


def graph_for(actor: Actor, question: Question) -> Graph:
    """Return the graph that `actor` asks for; with a version, the one of exactly the runs behind it.

    Refused like `selectors.graph_for`, and when the version is nobody's.
    """
    if not question.version:
        return selectors.graph_for(actor, question)
    name = naming.model_name(question.namespace, question.name) if question.type == "model" else question.name
    start = selectors.dataset_seen_by(actor, question.namespace, name)
    as_of = question.as_of or clock.now()
    found = ancestry_of(start.namespace, start.name, question.version, as_of)
    if found is None:
        raise NotSeen("not_seen", what="version")
    return nearest(_graph(seen_by(actor, found), (start.namespace, start.name), as_of), question.budget.nodes)


def seen_by(actor: Actor, found: Ancestry) -> Seen:
    """Return the datasets and runs of an ancestry that `actor` may see."""
    shown = visible(actor)
    datasets = {row.pk: row for part in _parts(_named(found)) for row in Dataset.objects.filter(shown.q(), pk__in=part)}
    jobs = Job.objects.filter(shown.q())
    runs = {
        row.pk: row
        for part in _parts(found.runs)
        for row in Run.objects.filter(pk__in=part, job__in=jobs).select_related("job")
    }
    return Seen(found, datasets, runs)


def _named(found: Ancestry) -> set[int]:
    return {one.dataset for one in found.used}


def _parts(pks: Iterable[int]) -> list[list[int]]:
    wanted = sorted(pks)
    return [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]


def _graph(seen: Seen, model: tuple[str, str], as_of: datetime) -> Graph:
    """Return the graph of exactly these runs; what may not be seen stands in it as a stub."""
    jobs = {pk: run.job for pk, run in seen.runs.items()}
    nodes = {row.node_id: row.as_node() for row in seen.datasets.values()}
    nodes |= {job.node_id: job.as_node() for job in jobs.values()}
    focus = naming.node_id("dataset", *model)
    nodes.setdefault(focus, Node(focus, "model", *model))
    stubs: dict[tuple[str, int], str] = {}
    edges: set[tuple[str, str]] = set()
    ends: dict[int, tuple[list[str], list[str]]] = {}
    for one in sorted(seen.found.used, key=lambda used: (used.run, used.dataset, used.direction)):
        job = jobs[one.run].node_id if one.run in jobs else _stub(stubs, "run", one.run)
        row = seen.datasets.get(one.dataset)
        thing = row.node_id if row else _stub(stubs, "dataset", one.dataset)
        edges.add((thing, job) if one.direction == "in" else (job, thing))
        ends.setdefault(one.run, ([], []))[one.direction == "out"].append(thing)
    edges |= _joined(seen)
    hidden = [Node(stub, "hidden", "", "") for stub in stubs.values()]
    shown = sorted(nodes.values(), key=lambda node: node.id)
    through: dict[str, list[tuple[str, str]]] = {}
    for run, (read, written) in ends.items():
        if run in jobs and len(read) * len(written) <= PAIRS:
            through.setdefault(jobs[run].node_id, []).extend(product(read, written))
    return Graph((*shown, *hidden), tuple(sorted(edges)), as_of, hidden_nodes=len(hidden), focus=focus, through=through)


def _joined(seen: Seen) -> set[tuple[str, str]]:
    """Return an edge from each dataset that was written to the one that was read when both are the same data."""
    written = {one.dataset for one in seen.found.used if one.direction == "out"}
    read = {one.dataset for one in seen.found.used if one.direction == "in"} - written
    same = names(sorted(read & seen.datasets.keys()))
    shown = seen.datasets
    return {(shown[one].node_id, shown[other].node_id) for one, other in same.items() if one in shown.keys() & written}


def _stub(stubs: dict[tuple[str, int], str], kind: str, pk: int) -> str:
    return stubs.setdefault((kind, pk), f"hidden:{len(stubs) + 1}")


def _gaps(seen: Seen, version: str, name: str) -> list[str]:
    gaps = []
    if seen.found.blind:
        gaps.append(
            f"{len(seen.found.blind)} run(s) that wrote version {version} of {name} did not say what they read."
        )
    if seen.found.truncated:
        gaps.append(f"More than {len(seen.found.runs)} runs lie behind it; the rest was not followed.")
    open_ended = [run for run in seen.runs.values() if run.ended_at is None and not run.declared]
    gaps += [f"Run {run.uuid} of {run.job.name} has no end." for run in sorted(open_ended, key=_when)]
    failed = [run for run in seen.runs.values() if run.state in {"FAIL", "ABORT"}]
    return [*gaps, *(f"Run {run.uuid} of {run.job.name} did not complete." for run in sorted(failed, key=_when))]


def _when(run: Run) -> tuple[datetime, str]:
    return run.started_at or run.first_seen, str(run.uuid)


def _events(actor: Actor, uuids: list[UUID], as_of: datetime) -> list[RawEvent]:
    rows = RawEvent.objects.filter(visible(actor).q(), at__lte=as_of)
    found: list[RawEvent] = []
    for start in range(0, len(uuids), CHUNK):
        found += rows.filter(run_uuid__in=uuids[start : start + CHUNK]).order_by("at", "sha256")[:EVENTS]
    return sorted(found, key=lambda row: (row.at, row.sha256))[:EVENTS]


def _tell(story: Story, seen: Seen, events: list[RawEvent], as_of: datetime) -> None:
    said = _Said()
    shown = {row.key for row in seen.datasets.values()}
    for raw in events:
        event = again(zlib.decompress(raw.body))
        said.take(raw.run_uuid or UUID(int=0), event)
        for one in facets.quality(event):
            if naming.key("dataset", one["namespace"], one["name"]) in shown:
                story.quality.append({**one, "run": str(raw.run_uuid), "event": f"sha256:{raw.sha256}"})
        story.evidence.append(_proof(raw))
    if len(events) >= EVENTS:
        story.gaps.append(f"More than {EVENTS} events lie behind it; the rest was not read.")
    odd = sum(bool(one["warnings"]) for one in story.evidence)
    if odd:
        story.gaps.append(f"{odd} event(s) did not quite follow the standard; what was odd stands with each.")
    story.runs = _runs(seen, said, as_of)
    story.datasets = _datasets(seen, said)
    story.columns = [
        {"from": _column(*step[:2]), "to": _column(*step[2:]), "masking": masking}
        for step, masking in sorted(said.steps.items())
        if {naming.key("dataset", *step[0]), naming.key("dataset", *step[2])} <= shown
    ]


def _column(dataset: facets.Name, column: str) -> dict[str, str]:
    return {"namespace": dataset[0], "name": dataset[1], "column": column}


def _runs(seen: Seen, said: _Said, as_of: datetime) -> list[dict[str, Any]]:
    io: dict[tuple[int, str], list[RunIO]] = {}
    for part in _parts(seen.runs):
        rows = RunIO.objects.filter(run_id__in=part, dataset_id__in=seen.datasets, first_seen__lte=as_of)
        for row in rows.order_by("dataset_id"):
            io.setdefault((row.run_id, row.direction), []).append(row)
    told = []
    for run in sorted(seen.runs.values(), key=_when):
        ends = {
            "reads": [_used(row, run, seen, said) for row in io.get((run.pk, "in"), ())],
            "writes": [_used(row, run, seen, said) for row in io.get((run.pk, "out"), ())],
        }
        told.append(_run(run, seen, as_of) | ends | said.runs.get(run.uuid, {}))
    return told


def _proof(raw: RawEvent) -> dict[str, Any]:
    return {
        "event": f"sha256:{raw.sha256}",
        "kind": raw.kind,
        "run": str(raw.run_uuid) if raw.run_uuid else None,
        "at": raw.at.isoformat(),
        "received_at": raw.received_at.isoformat(),
        "warnings": raw.warnings,
        "redacted": raw.redacted,
    }


def _run(run: Run, seen: Seen, as_of: datetime) -> dict[str, Any]:
    ended = run.ended_at if run.ended_at and run.ended_at <= as_of else None
    return {
        "run": str(run.uuid),
        "given_id": run.given,
        "job": {"namespace": run.job.namespace, "name": run.job.name},
        "state": run.state if run.state_at <= as_of else "RUNNING",
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "ended_at": ended.isoformat() if ended else None,
        "parent_run": str(run.parent_uuid) if run.parent_uuid else None,
        "distance": seen.found.runs[run.pk],
        "inferred": any(one == run.pk for one, _ in seen.found.inferred),
    }


def _used(row: RunIO, run: Run, seen: Seen, said: _Said) -> dict[str, Any]:
    """Return what a run read or wrote, with how much of it and in which columns, as its events said by then."""
    dataset = seen.datasets[row.dataset_id]
    named = {"namespace": dataset.namespace, "name": dataset.name, "version": row.version or None}
    unsaid = {"rows": None, "bytes": None, "schema": None}
    return named | said.used.get((run.uuid, row.direction, dataset.key), unsaid)


def _datasets(seen: Seen, said: _Said) -> list[dict[str, Any]]:
    sources = sources_of(seen.found)
    used: dict[int, set[str]] = {}
    for one in seen.found.used:
        used.setdefault(one.dataset, set()).update({one.version} - {""})
    rows = sorted(seen.datasets.values(), key=lambda row: (row.namespace, row.name))
    return [
        {
            "id": row.pk,
            "namespace": row.namespace,
            "name": row.name,
            "type": said.types.get(row.key),
            "versions": sorted(used.get(row.pk, ())),
            "source": row.pk in sources,
            "first_seen": row.first_seen.isoformat(),
            "schema": said.columns.get(row.key, ("", None))[1],
        }
        for row in rows
    ]
