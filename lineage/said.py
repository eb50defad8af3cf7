"""What the facets of an event say beyond edges: owners, tags, other names, changes, checks, numbers and other jobs.

Each reading tolerates any JSON and returns values in an order that depends on them alone. Shapes are those of
OpenLineage's `spec/facets`: OwnershipDatasetFacet, TagsDatasetFacet, SymlinksDatasetFacet,
LifecycleStateChangeDatasetFacet, DataQualityAssertionsDatasetFacet, DataQualityMetricsDatasetFacet, TestRunFacet,
Input- and OutputStatistics, ParentRunFacet, JobDependenciesRunFacet, JobTypeJobFacet.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lineage.event import Event, items, objects
from lineage.facets import explicit_entries, job_named, named
from lineage.seen import DatasetSeen, Facets, JobSeen, RunSeen, Seen, once

MOST = 20_000
"""At most this many numbers are read from one facet."""
_NUMBERED = ("dataQualityMetrics", "inputStatistics", "outputStatistics")
_GOOD = frozenset({"pass", "passed", "success", "succeeded", "ok"})


class OwnerSaid(NamedTuple):
    """An owner and what kind of owner."""

    name: str
    kind: str


class TagSaid(NamedTuple):
    """A tag, perhaps of one column, and who set it."""

    field: str
    name: str
    value: str
    source: str


class AliasSaid(NamedTuple):
    """Another name of a dataset and what kind of name."""

    namespace: str
    name: str
    kind: str


class ChangeSaid(NamedTuple):
    """What happened to a dataset, and what it was called before when it was renamed."""

    change: str
    namespace: str
    name: str


class CheckSaid(NamedTuple):
    """The outcome of one assertion or test."""

    name: str
    column: str
    success: bool
    severity: str
    expected: str
    actual: str


class MetricSaid(NamedTuple):
    """One number, of a dataset or one of its columns."""

    facet: str
    column: str
    name: str
    value: float


class LinkSaid(NamedTuple):
    """Another job: `PARENT`, `ROOT`, `BEFORE` or `AFTER` the one that speaks."""

    kind: str
    namespace: str
    name: str


@once
def owners(seen: Seen) -> list[OwnerSaid]:
    """Return the owners that an ownership facet names."""
    found = _each(seen.facets, "ownership", "owners")
    return sorted({OwnerSaid(_text(one, "name"), _text(one, "type")) for one in found if _text(one, "name")})


@once
def tags(seen: Seen) -> list[TagSaid]:
    """Return the tags of a tags facet."""
    found = _each(seen.facets, "tags", "tags")
    return sorted(
        {
            TagSaid(_text(one, "field"), _text(one, "key"), _text(one, "value"), _text(one, "source"))
            for one in found
            if _text(one, "key")
        }
    )


@once
def aliases(seen: DatasetSeen) -> list[AliasSaid]:
    """Return the other names that a symlinks facet gives a dataset."""
    found = _each(seen.facets, "symlinks", "identifiers")
    said = {AliasSaid(*name, _text(one, "type")[:64]) for one in found if (name := named(_untyped(one)))}
    return sorted(one for one in said if (one.namespace, one.name) != (seen.namespace, seen.name))


@once
def change(seen: DatasetSeen) -> ChangeSaid | None:
    """Return what a lifecycle facet says happened to a dataset."""
    facet = objects(seen.facets.get("lifecycleStateChange"))
    what = _text(facet, "lifecycleStateChange")[:64].upper()
    before = named(_untyped(facet.get("previousIdentifier"))) or ("", "")
    return ChangeSaid(what, *before) if what else None


@once
def checks(seen: DatasetSeen) -> list[CheckSaid]:
    """Return the quality assertions about a dataset."""
    found = [*_each(seen.io, "dataQualityAssertions", "assertions")]
    found += _each(seen.facets, "dataQualityAssertions", "assertions")
    return sorted({_check(one, success=one.get("success") is True) for one in found})


@once
def tests(run: RunSeen) -> list[CheckSaid]:
    """Return the tests that a run reports."""
    found = _each(run.facets, "test", "tests")
    return sorted({_check(one, success=_text(one, "status").lower() in _GOOD) for one in found})


@once
def metrics(seen: DatasetSeen) -> list[MetricSaid]:
    """Return the numbers that statistics and quality facets report of a dataset, at most `MOST` of each facet."""
    found: dict[tuple[str, str, str], MetricSaid] = {}
    for place in (seen.facets, seen.io):
        for facet in _NUMBERED:
            for at, said in enumerate(_numbers(facet, objects(place.get(facet)))):
                if at >= MOST:
                    break
                found[said[:3]] = said
    return [found[key] for key in sorted(found)]


def links(event: Event) -> list[LinkSaid]:
    """Return the jobs that an event says its job belongs to or depends on."""
    said = set(_links_of(event.run)) if event.run else set()
    for entry in explicit_entries(event):
        if entry.get("type") == "JOB" and job_named(entry) is None:
            sources = (one for one in map(objects, items(entry.get("inputs"))) if one.get("type") == "JOB")
            said.update(LinkSaid("BEFORE", *name) for one in sources if (name := job_named(one)))
    return sorted(said)


@once
def _links_of(run: RunSeen) -> set[LinkSaid]:
    said: set[LinkSaid] = set()
    parent = objects(run.facets.get("parent"))
    for kind, place in (("PARENT", parent), ("ROOT", objects(parent.get("root")))):
        said.update(LinkSaid(kind, *name) for name in [job_named(place.get("job"))] if name)
    for kind, side in (("BEFORE", "upstream"), ("AFTER", "downstream")):
        for one in _each(run.facets, "jobDependencies", side):
            said.update(LinkSaid(kind, *name) for name in [job_named(one.get("job"))] if name)
    return said


@once
def kind_of(job: JobSeen) -> tuple[str, str, str] | None:
    """Return what the job type facet says: type, integration, way of processing; None when it says nothing."""
    facet = objects(job.facets.get("jobType"))
    said = tuple(_text(facet, part)[:64].upper() for part in ("jobType", "integration", "processingType"))
    return (said[0], said[1], said[2]) if any(said) else None


def _check(one: Mapping[str, Any], *, success: bool) -> CheckSaid:
    name = _text(one, "name") or _text(one, "assertion") or _text(one, "type") or "unnamed"
    rest = (_text(one, part) for part in ("severity", "expected", "actual"))
    return CheckSaid(name, _text(one, "column"), success, *rest)


def _numbers(facet: str, said: Mapping[str, Any]) -> Iterator[MetricSaid]:
    for name, value in said.items():
        if (number := _number(value)) is not None:
            yield MetricSaid(facet, "", name, number)
    for column, one in objects(said.get("columnMetrics")).items():
        for name, value in objects(one).items():
            if (number := _number(value)) is not None:
                yield MetricSaid(facet, column, name, number)
        for share, value in objects(objects(one).get("quantiles")).items():
            if (number := _number(value)) is not None:
                yield MetricSaid(facet, column, f"quantile {share}", number)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _each(facets: Facets, name: str, part: str) -> list[dict[str, Any]]:
    return [one for one in map(objects, items(objects(facets.get(name)).get(part))) if one]


def _untyped(value: Any) -> dict[str, Any]:
    """Return an identifier without its `type`, which here says what kind of name it is."""
    return {name: part for name, part in objects(value).items() if name != "type"}


def _text(facet: Mapping[str, Any], name: str) -> str:
    value = facet.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)
