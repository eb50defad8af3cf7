"""What the facets of an event say that lineage keeps: types, versions, schemas, counts, columns and explicit lineage.

Facets come from anybody, so every reading tolerates any JSON. Shapes are those of OpenLineage's `spec/facets`:
DatasetVersionDatasetFacet, SchemaDatasetFacet, DatasetTypeDatasetFacet, ColumnLineageDatasetFacet 1-2-0,
LineageFacet 1-0-0, Input/OutputStatistics.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lineage.event import Event, canonical, items, objects
from lineage.naming import is_model
from lineage.seen import DatasetSeen, JobSeen, Seen, once

CODE = ("sql", "sourceCode", "sourceCodeLocation")
"""Job facets that say which code it was."""
COLUMNS = 20_000
"""At most this many column steps are read from one event."""

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ColumnSaid:
    """One column made from another, as an event says: `source` and `target` are (namespace, name) of datasets."""

    source: Name
    field: str
    target: Name
    to_field: str
    how: str
    masking: bool


@dataclass(frozen=True, slots=True)
class EndSaid:
    """A job reads (`in`) or writes (`out`) a dataset, as a lineage facet says without naming the other side."""

    job: Name
    direction: str
    dataset: Name


@once
def dataset_type(seen: DatasetSeen) -> str:
    """Return the type facet's value, MODEL for names of registered models, or an empty text."""
    given = objects(seen.facets.get("datasetType")).get("datasetType")
    if isinstance(given, str) and given:
        return given[:64].upper()
    return "MODEL" if is_model(seen.namespace, seen.name) else ""


@once
def version(seen: DatasetSeen) -> str:
    """Return the version that the producer names, or else the snapshot that an Iceberg report names, or nothing."""
    facet = objects(seen.facets.get("version"))
    reports = (objects(seen.io.get(name)) for name in ("icebergScanReport", "icebergCommitReport"))
    for given in (facet.get("datasetVersion", facet.get("version")), *(one.get("snapshotId") for one in reports)):
        if isinstance(given, str | int) and not isinstance(given, bool) and given != "":
            return str(given)[:1000]
    return ""


@once
def code(job: JobSeen) -> str:
    """Return the digest of the SQL, the source and the place of source that a job names, or an empty text."""
    kept = {name: facet for name in CODE if (facet := _plain(job.facets.get(name)))}
    return hashlib.sha256(canonical(kept).encode("utf-8", "replace")).hexdigest() if kept else ""


@once
def schema(seen: DatasetSeen) -> tuple[str, list[Any]] | None:
    """Return the digest and the fields of the schema facet, or None when it names no field."""
    fields = [field for field in items(objects(seen.facets.get("schema")).get("fields")) if isinstance(field, dict)]
    if not fields:
        return None
    return hashlib.sha256(canonical(fields).encode()).hexdigest(), fields


def count(seen: DatasetSeen, *names: str) -> int | None:
    """Return the first whole number under `names` in the statistics of an input or output."""
    for place in _statistics(seen):
        for name in names:
            value = place.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
                return value
    return None


@once
def _statistics(seen: DatasetSeen) -> list[Mapping[str, Any]]:
    places = [objects(seen.io.get(facet)) for facet in ("outputStatistics", "inputStatistics", "dataQualityMetrics")]
    return [place for place in (*places, objects(seen.facets.get("dataQualityMetrics"))) if place]


def columns(event: Event) -> list[ColumnSaid]:
    """Return what column lineage and explicit lineage facets say about columns, at most `COLUMNS` of them."""
    found: list[ColumnSaid] = []
    for said in _columns(event):
        if len(found) >= COLUMNS:
            break
        found.append(said)
    return found


def explicit(event: Event) -> list[tuple[Name, Name]]:
    """Return the (source, target) pairs of datasets that explicit lineage facets state.

    A target of which a facet says that nothing lies upstream is its own source.
    """
    pairs: set[tuple[Name, Name]] = set()
    for target, said in _explicit(event):
        sources = [*items(said.get("inputs")), *_of_fields(said)]
        pairs.update((name, target) for name in map(named, sources) if name)
        if said.get("inputs") == [] and not sources:
            pairs.add((target, target))
    return sorted(pairs)


def ends(event: Event) -> list[EndSaid]:
    """Return what explicit lineage facets say jobs read or write; a job without a name is the event's own."""
    own = (event.job.namespace, event.job.name) if event.job else None
    found: set[EndSaid] = set()
    for entry in explicit_entries(event):
        job = job_named(entry) or own
        if entry.get("type") == "JOB" and job:
            found.update(EndSaid(job, "in", name) for name in map(named, items(entry.get("inputs"))) if name)
    for target, said in _explicit(event):
        for one in map(objects, [*items(said.get("inputs")), *_of_fields(said)]):
            job = job_named(one) or own
            if one.get("type") == "JOB" and job:
                found.add(EndSaid(job, "out", target))
    return sorted(found, key=lambda one: (one.job, one.direction, one.dataset))


def states_lineage(event: Event) -> bool:
    """Say whether a JobEvent or DatasetEvent states lineage as a whole, so that it replaces what was stated before."""
    if event.job is not None:
        return bool(event.inputs or event.outputs or event.job.facets.get("lineage"))
    return any(name in seen.facets for seen in event.outputs for name in ("lineage", "columnLineage"))


def about_run(event: Event) -> dict[str, Any]:
    """Return what an event says about how its run was done: code, SQL, engine, parameters, errors.

    Nothing when unsaid.
    """
    job = event.job.facets if event.job else {}
    run = event.run.facets if event.run else {}
    code, engine = objects(job.get("sourceCodeLocation")), objects(run.get("processing_engine"))
    listed = (objects(one) for one in items(objects(run.get("executionParameters")).get("parameters")))
    said = {
        "code": _texts(code, "repoUrl", "url", "path", "version", "branch", "tag"),
        "sql": _text(objects(job.get("sql")).get("query")),
        "engine": _texts(engine, "name", "version"),
        "parameters": {_text(one.get("key")): one.get("value") for one in listed if _text(one.get("key"))},
        "error": _text(objects(run.get("errorMessage")).get("message")),
    }
    return {name: value for name, value in said.items() if value}


def quality(event: Event) -> list[dict[str, Any]]:
    """Return the assertions about datasets that an event reports: dataset, name, column, outcome, severity."""
    found = []
    for seen in (*event.inputs, *event.outputs):
        for place in (seen.io, seen.facets):
            for one in map(objects, items(objects(place.get("dataQualityAssertions")).get("assertions"))):
                said = _texts(one, "assertion", "column", "severity", "expected", "actual")
                outcome = {"success": one.get("success") is True}
                found.append({"namespace": seen.namespace, "name": seen.name, **said, **outcome})
    return found


def _texts(facet: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: str(facet[name]) for name in names if isinstance(facet.get(name), str | int | float)}


def explicit_entries(event: Event) -> list[Mapping[str, Any]]:
    """Return the entries of the lineage facets of an event's job and run."""
    found = [*_entries(event.job)] if event.job else []
    return [*found, *_entries(event.run)] if event.run else found


@once
def _entries(owner: Seen) -> list[Mapping[str, Any]]:
    return list(map(objects, items(objects(owner.facets.get("lineage")).get("entries"))))


def named(value: Any) -> Name | None:
    """Return the (namespace, name) of the dataset that `value` names, or None."""
    found = objects(value)
    namespace, name = found.get("namespace"), found.get("name")
    if found.get("type", "DATASET") == "DATASET" and isinstance(namespace, str) and isinstance(name, str) and name:
        return namespace or "default", name
    return None


def job_named(value: Any) -> Name | None:
    """Return the (namespace, name) of the job that `value` names, or None."""
    found = objects(value)
    namespace, name = found.get("namespace"), found.get("name")
    if isinstance(name, str) and name:
        return (namespace if isinstance(namespace, str) and namespace else "default"), name
    return None


def _columns(event: Event) -> Iterator[ColumnSaid]:
    """Yield column steps; what shapes a dataset as a whole has no `to_field`."""
    for seen in event.outputs:
        yield from _columns_of(seen)
    for target, said in _explicit(event):
        for to_field, one in objects(said.get("fields")).items():
            yield from _steps(items(objects(one).get("inputs")), target, to_field)
        yield from _steps(items(said.get("inputs")), target, "")


@once
def _columns_of(seen: DatasetSeen) -> list[ColumnSaid]:
    facet = objects(seen.facets.get("columnLineage"))
    target = (seen.namespace, seen.name)
    found: list[ColumnSaid] = []
    for to_field, said in objects(facet.get("fields")).items():
        found += _steps(items(objects(said).get("inputFields")), target, to_field)
    return [*found, *_steps(items(facet.get("dataset")), target, "")]


def _steps(sources: Iterable[Any], target: Name, to_field: str) -> Iterator[ColumnSaid]:
    for source in sources:
        name = named(source)
        field = objects(source).get("field")
        if name and isinstance(field, str) and field:
            ways = [objects(way) for way in items(source.get("transformations"))]
            how = ", ".join(
                sorted({"/".join(filter(None, map(_text, (w.get("type"), w.get("subtype"))))) for w in ways})
            )
            yield ColumnSaid(
                name, field, target, to_field, how, bool(ways) and all(w.get("masking") is True for w in ways)
            )


def _explicit(event: Event) -> Iterator[tuple[Name, Mapping[str, Any]]]:
    """Yield each dataset that an explicit lineage facet is about, with what the facet says of it."""
    for seen in (*event.outputs, *event.inputs):
        facet = objects(seen.facets["lineage"]) if "lineage" in seen.facets else None
        if facet:
            yield (seen.namespace, seen.name), facet
    for entry in explicit_entries(event):
        name = named(entry)
        if name:
            yield name, entry


def _of_fields(said: Mapping[str, Any]) -> Iterator[Any]:
    for one in objects(said.get("fields")).values():
        yield from items(objects(one).get("inputs"))


def _plain(facet: Any) -> dict[str, Any]:
    return {name: value for name, value in objects(facet).items() if not name.startswith("_")}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
