"""What the facets of an event say that lineage keeps: types, versions, schemas, counts, columns and explicit lineage.

Facets come from anybody, so every reading tolerates any JSON. Shapes are those of OpenLineage's `spec/facets`:
DatasetVersionDatasetFacet, SchemaDatasetFacet, DatasetTypeDatasetFacet, ColumnLineageDatasetFacet 1-2-0,
LineageFacet 1-0-0, Input/OutputStatistics.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lineage.event import DatasetSeen, Event, canonical, items, objects
from lineage.naming import is_model

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


def dataset_type(seen: DatasetSeen) -> str:
    """Return the type facet's value, MODEL for names of registered models, or an empty text."""
    given = objects(seen.facets.get("datasetType")).get("datasetType")
    if isinstance(given, str) and given:
        return given[:64].upper()
    return "MODEL" if is_model(seen.namespace, seen.name) else ""


def version(seen: DatasetSeen) -> str:
    """Return the version that the producer names, or an empty text."""
    facet = objects(seen.facets.get("version"))
    given = facet.get("datasetVersion", facet.get("version"))
    if isinstance(given, bool) or not isinstance(given, str | int):
        return ""
    return str(given)[:1000]


def schema(seen: DatasetSeen) -> tuple[str, list[Any]] | None:
    """Return the digest and the fields of the schema facet, or None when it names no field."""
    fields = [field for field in items(objects(seen.facets.get("schema")).get("fields")) if isinstance(field, dict)]
    if not fields:
        return None
    return hashlib.sha256(canonical(fields).encode()).hexdigest(), fields


def count(seen: DatasetSeen, *names: str) -> int | None:
    """Return the first whole number under `names` in the statistics of an input or output."""
    places = [objects(seen.io.get(facet)) for facet in ("outputStatistics", "inputStatistics", "dataQualityMetrics")]
    places.append(objects(seen.facets.get("dataQualityMetrics")))
    for place in places:
        for name in names:
            value = place.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
                return value
    return None


def columns(event: Event) -> list[ColumnSaid]:
    """Return what column lineage and explicit lineage facets say about columns, at most `COLUMNS` of them."""
    found: list[ColumnSaid] = []
    for said in _columns(event):
        if len(found) >= COLUMNS:
            break
        found.append(said)
    return found


def explicit(event: Event) -> list[tuple[Name, Name]]:
    """Return the (source, target) pairs of datasets that explicit lineage facets state."""
    pairs: set[tuple[Name, Name]] = set()
    for target, said in _explicit(event):
        sources = [*items(said.get("inputs")), *_of_fields(said)]
        pairs.update((named, target) for named in map(_name, sources) if named)
    return sorted(pairs)


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


def _columns(event: Event) -> Iterator[ColumnSaid]:
    for seen in event.outputs:
        facet = objects(seen.facets.get("columnLineage"))
        target = (seen.namespace, seen.name)
        for to_field, said in objects(facet.get("fields")).items():
            yield from _steps(items(objects(said).get("inputFields")), target, to_field)
    for target, said in _explicit(event):
        for to_field, one in objects(said.get("fields")).items():
            yield from _steps(items(objects(one).get("inputs")), target, to_field)


def _steps(sources: Iterable[Any], target: Name, to_field: str) -> Iterator[ColumnSaid]:
    for source in sources:
        named = _name(source)
        field = objects(source).get("field")
        if named and isinstance(field, str) and field:
            ways = [objects(way) for way in items(source.get("transformations"))]
            how = ", ".join(
                sorted({"/".join(filter(None, map(_text, (w.get("type"), w.get("subtype"))))) for w in ways})
            )
            yield ColumnSaid(
                named, field, target, to_field, how, bool(ways) and all(w.get("masking") is True for w in ways)
            )


def _explicit(event: Event) -> Iterator[tuple[Name, Mapping[str, Any]]]:
    """Yield each dataset that an explicit lineage facet is about, with what the facet says of it."""
    for seen in (*event.outputs, *event.inputs):
        facet = objects(seen.facets.get("lineage"))
        if facet:
            yield (seen.namespace, seen.name), facet
    for owner in (event.job, event.run):
        for entry in items(objects(owner.facets.get("lineage") if owner else None).get("entries")):
            named = _name(entry)
            if named and objects(entry).get("type", "DATASET") == "DATASET":
                yield named, entry


def _of_fields(said: Mapping[str, Any]) -> Iterator[Any]:
    for one in objects(said.get("fields")).values():
        yield from items(objects(one).get("inputs"))


def _name(value: Any) -> Name | None:
    found = objects(value)
    namespace, name = found.get("namespace"), found.get("name")
    if found.get("type", "DATASET") == "DATASET" and isinstance(namespace, str) and isinstance(name, str) and name:
        return namespace or "default", name
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
