"""What becomes of each part of each standard facet, found out by trying.

A sample of every facet that OpenLineage defines is projected into a private copy of the tables, and the tables are
searched for what was in it. So `mapping.json` (in the shape of OpenLineage's compatibility tests) and the page about
facets say what the code does, not what somebody remembers.
"""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from lineage import reading
from lineage.details import Facet, FacetBody
from lineage.placed import Placed
from lineage.projection import project
from lineage.rebuild import Copy
from lineage.samples import SAMPLES, Sample
from lineage.tables import RULES

AT = datetime(2026, 1, 1, tzinfo=UTC)
CORE = {
    "eventTime": "RawEvent.at, Run.started_at, Run.ended_at, first_seen and last_seen everywhere",
    "eventType": "Run.state",
    "producer": "RawEvent.body",
    "schemaURL": "RawEvent.body",
    "run.runId": "Run.uuid, Run.given, RawEvent.run_uuid",
    "job.namespace": "Job.namespace",
    "job.name": "Job.name",
    "inputs.namespace": "Dataset.namespace (RunIO.direction in)",
    "inputs.name": "Dataset.name (RunIO.direction in)",
    "outputs.namespace": "Dataset.namespace (RunIO.direction out)",
    "outputs.name": "Dataset.name (RunIO.direction out)",
    "dataset.namespace": "Dataset.namespace",
    "dataset.name": "Dataset.name",
}
SHOWN = {
    "Run": "details of the run and of its job, reports",
    "RunIO": "details of the run, reports",
    "Job": "details and page of the job, graph",
    "JobIO": "graph",
    "JobLink": "details and page of the job",
    "Dataset": "details and page of the dataset, graph, catalogue",
    "DatasetVersion": "details and page of the dataset, graph of a version, reports",
    "Schema": "details of the dataset, reports",
    "Edge": "graph",
    "ColumnEdge": "graph with columns",
    "Owner": "details and page",
    "Tag": "details and page",
    "Alias": "details and page of the dataset; joins graphs",
    "Change": "details and page of the dataset",
    "Check": "details and page of the dataset, details of the run, reports",
    "Metric": "details of the dataset",
}
"""Where people find what stands in each table; every facet as a whole is in the details of what it is about."""
REPORTED = frozenset({"sql", "sourceCodeLocation", "processing_engine", "executionParameters", "errorMessage"})
"""Facets that reports tell as they are."""
INTRODUCTION = """# Facet by facet

This page is written by `python -m portal.docs`, which projects a sample of every facet that OpenLineage defines and
looks where its parts end up; do not edit it by hand. `openlineage/mapping.json` says the same for machines.

Every facet is kept whole in its latest state, these and any other, and shown in the [details](lineage.md#asking) of
what it is about; each earlier state stands in the raw event. `whole` below means that this is all that becomes of a
part. A facet marked `_deleted` is gone from then on.

| facet | of | part | becomes | shows in |
|---|---|---|---|---|"""
Said = set[tuple[str, str]]


def found() -> Iterator[tuple[Sample, dict[str, list[str]]]]:
    """Yield every sample with where each of its parts was found: columns of tables, or none when it is kept whole."""
    with closing(Copy()) as copy:
        bare = _said(copy, _event(Sample("", "", "", {})))
        for sample in SAMPLES:
            said = _said(copy, _event(sample)) - bare
            _kept_whole(copy, sample)
            yield sample, {label: _columns(copy, sample, path, said) for path, label in _leaves(sample.facet)}


def mapping() -> dict[str, Any]:
    """Return what is mapped, in the shape of the `mapping.json` of OpenLineage's compatibility tests."""
    facets: dict[str, dict[str, str]] = {}
    for sample, parts in found():
        told = facets.setdefault(sample.spec, {})
        told.update({label: ", ".join(where) or f"Facet.{sample.name}" for label, where in parts.items()})
    return {"mapped": {"core": CORE, **dict(sorted(facets.items()))}, "knownUnmapped": {}}


def mapping_text() -> str:
    """Return `mapping.json`."""
    return json.dumps(mapping(), indent=2) + "\n"


def page() -> str:
    """Return the page about facets."""
    lines = [INTRODUCTION]
    for sample, parts in sorted(found(), key=lambda one: (one[0].slot, one[0].name)):
        for label, where in parts.items():
            tables = list(dict.fromkeys(column.partition(".")[0] for column in where))
            whole = "details, reports" if sample.name in REPORTED else "details"
            shown = "; ".join(dict.fromkeys(SHOWN[table] for table in tables)) or whole
            becomes = ", ".join(f"`{column}`" for column in where) or "whole"
            lines.append(f"| `{sample.name}` | {sample.slot} | `{label}` | {becomes} | {shown} |")
    return "\n".join([*lines, ""])


def _event(sample: Sample) -> dict[str, Any]:
    """Return an event with one facet, or none, in its place."""
    event: dict[str, Any] = {
        "eventType": "COMPLETE",
        "run": {"runId": str(UUID(int=1)), "facets": {}},
        "job": {"namespace": "jobs", "name": "job", "facets": {}},
        "inputs": [{"namespace": "file", "name": "/read", "facets": {}, "inputFacets": {}}],
        "outputs": [{"namespace": "file", "name": "/written", "facets": {}, "outputFacets": {}}],
    }
    places = {
        "run": event["run"]["facets"],
        "job": event["job"]["facets"],
        "dataset": event["outputs"][0]["facets"],
        "input": event["inputs"][0]["inputFacets"],
        "output": event["outputs"][0]["outputFacets"],
    }
    if sample.slot:
        places[sample.slot][sample.name] = sample.facet
    return event


def _said(copy: Copy, event: dict[str, Any]) -> Said:
    """Project one event onto empty tables and return every value in them, by column."""
    one = reading.read(deepcopy(event), [])
    with copy.open():
        for model in reversed(RULES):
            model._default_manager.all().delete()
        project([Placed(one.event, AT, UUID(int=0), one.sha256)])
        return {
            (f"{model.__name__}.{name}", json.dumps(value, default=str, sort_keys=True))
            for model in RULES
            if model not in {Facet, FacetBody}
            for row in model._default_manager.values()
            for name, value in row.items()
            if _tells(name)
        }


def _tells(name: str) -> bool:
    """Leave out what stands for something else: ids, keys, and the digests and clocks of what was said."""
    return name not in {"id", "key", "other_key", "about", "sha256"} and not name.endswith(("_id", "_at", "_seen"))


def _kept_whole(copy: Copy, sample: Sample) -> None:
    with copy.open():
        body = FacetBody.objects.get(sha256=Facet.objects.get(name=sample.name).sha256)
    if json.loads(body.text) != sample.facet:
        raise AssertionError(f"{sample.name} was not kept whole")


def _columns(copy: Copy, sample: Sample, path: tuple[Any, ...], said: Said) -> list[str]:
    """Return the columns where the value at `path` stands; else those that change when it is not there."""
    value = sample.facet
    for step in path:
        value = value[step]
    if not isinstance(value, bool):
        hits = sorted({column for column, text in said if _holds(text, value)})
        if hits:
            return hits
    without = _without(sample, path)
    less = _said(copy, _event(without)) if without.facet else set()
    return sorted({column for column, _ in said - less})


def _holds(text: str, value: Any) -> bool:
    stands = json.loads(text)
    if isinstance(stands, list):
        return json.dumps(value) in text
    if isinstance(stands, str):
        return str(value) in {stands, *re.split(r"[/, ]+", stands)}
    return isinstance(value, int | float) and not isinstance(stands, bool) and stands == value


def _without(sample: Sample, path: tuple[Any, ...]) -> Sample:
    facet = deepcopy(sample.facet)
    place: Any = facet
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return sample._replace(facet=facet)


def _leaves(value: Any, path: tuple[Any, ...] = (), label: str = "") -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield where each value stands and what its place is called: lists by `[]`, names that producers choose by `*`."""
    if isinstance(value, dict) and value:
        for name, one in value.items():
            step = "*" if name.endswith("*") else name
            yield from _leaves(one, (*path, name), f"{label}.{step}" if label else step)
    elif isinstance(value, list) and value and path:
        yield from _leaves(value[0], (*path, 0), f"{label}[]")
    else:
        yield path, label
