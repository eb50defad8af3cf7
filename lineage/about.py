"""Reads of all that is known of one dataset, model, job or run, as somebody.

What a reader may not see is left out and counted in `hidden`. Facets whose JSON names other datasets (column lineage,
lineage) are listed without it: the graph shows what they say, as far as the reader may see it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet

from audit.actor import Actor, NotSeen, visible
from lineage import naming
from lineage.models import (
    Alias,
    Change,
    Check,
    Dataset,
    DatasetVersion,
    Facet,
    FacetBody,
    Job,
    JobLink,
    Metric,
    Owner,
    Run,
    RunIO,
    Schema,
    Tag,
)
from lineage.selectors import dataset_seen_by, job_seen_by
from lineage.steps import CHUNK

T = TypeVar("T")
MOST = 200
"""At most this many rows of one kind are told."""
NAMING = ("columnLineage", "lineage")
"""Facets whose JSON names other datasets."""


def thing(actor: Actor, kind: str, namespace: str, name: str) -> dict[str, Any]:
    """Return what is known of a dataset, model or job; unknown and unseen are the same refusal."""
    if kind == "job":
        return of_job(job_seen_by(actor, namespace, name))
    full = naming.model_name(namespace, name) if kind == "model" else name
    return of_dataset(actor, dataset_seen_by(actor, namespace, full))


def of_dataset(actor: Actor, row: Dataset) -> dict[str, Any]:
    """Return what is known of a dataset: state, versions, names, changes, owners, tags, checks, numbers, facets."""
    schema = Schema.objects.filter(pk=row.schema).first() if row.schema else None
    runs = visible(actor).q()
    told = Q(dataset=row) & (Q(run=None) | Q(run__job__in=Job.objects.filter(runs)))
    return {
        "id": row.node_id,
        "type": row.kind,
        "namespace": row.namespace,
        "name": row.name,
        "dataset_type": row.type or None,
        "first_seen": _time(row.first_seen),
        "last_seen": _time(row.last_seen),
        "last_change": row.change or None,
        "schema": {"digest": f"sha256:{schema.sha256}", "fields": schema.fields} if schema else None,
        "versions": _rows(
            DatasetVersion.objects.filter(dataset=row).order_by("-first_seen"), "version", "first_seen", "last_seen"
        ),
        "also_known_as": _current(
            Alias.objects.filter(dataset=row), _said("dataset", row.pk, "symlinks"), "namespace", "name", "kind"
        ),
        "changes": _rows(
            Change.objects.filter(dataset=row).order_by("-last_seen"),
            "change", "previous_namespace", "previous_name", "first_seen", "last_seen",
        ),
        "checks": _rows(
            Check.objects.filter(told).order_by("-at", "key"),
            "name", "column", "success", "severity", "expected", "actual", "run__uuid", "at",
        ),
        "metrics": _rows(
            Metric.objects.filter(told).order_by("-at", "key"), "facet", "column", "name", "value", "run__uuid", "at"
        ),
        **_members("dataset", row.pk),
    }  # fmt: skip


def of_job(row: Job) -> dict[str, Any]:
    """Return what is known of a job: kind, versions, other jobs, its latest runs, owners, tags, facets."""
    versions = Run.objects.filter(job=row).exclude(version="").values("version")
    seen = versions.annotate(first=Min("first_seen"), last=Max("last_seen"), runs=Count("pk")).order_by("-first")
    return {
        "id": row.node_id,
        "type": "job",
        "namespace": row.namespace,
        "name": row.name,
        "job_type": row.type or None,
        "integration": row.integration or None,
        "processing": row.processing or None,
        "first_seen": _time(row.first_seen),
        "last_seen": _time(row.last_seen),
        "versions": [_plain(one) for one in seen[:MOST]],
        "links": _rows(
            JobLink.objects.filter(job=row).order_by("kind", "key"), "kind", "namespace", "name", "last_seen"
        ),
        "runs": _rows(
            Run.objects.filter(job=row).order_by("-first_seen", "-pk"),
            "uuid", "state", "declared", "started_at", "ended_at", "version",
        ),
        **_members("job", row.pk),
    }  # fmt: skip


def of_run(actor: Actor, uuid: UUID) -> dict[str, Any]:
    """Return what is known of a run, with what it read and wrote; unknown and unseen are the same refusal."""
    jobs = Job.objects.filter(visible(actor).q())
    run = Run.objects.filter(uuid=uuid, job__in=jobs).select_related("job").order_by("pk").first()
    if run is None:
        raise NotSeen("not_seen", what="run")
    used = list(RunIO.objects.filter(run=run).select_related("dataset").order_by("direction", "dataset_id"))
    shown = set(
        Dataset.objects.filter(visible(actor).q(), pk__in=[one.dataset_id for one in used]).values_list("pk", flat=True)
    )
    checks = Check.objects.filter(Q(dataset=None) | Q(dataset__in=shown), run=run).order_by("key")
    sides = {}
    for side in ("in", "out"):
        rows = [one for one in used if one.direction == side and one.dataset_id in shown]
        facets = _facets_of(side, [one.pk for one in rows])
        sides[side] = [_used(one, facets) for one in rows]
    return {
        "run": str(run.uuid),
        "given_id": run.given,
        "job": {"namespace": run.job.namespace, "name": run.job.name},
        "declared": run.declared,
        "state": run.state,
        "started_at": _time(run.started_at),
        "ended_at": _time(run.ended_at),
        "parent_run": str(run.parent_uuid) if run.parent_uuid else None,
        "root_run": str(run.root_uuid) if run.root_uuid else None,
        "job_version": run.version or None,
        "reads": sides["in"],
        "writes": sides["out"],
        "hidden": len({one.dataset_id for one in used} - shown),
        "checks": _rows(
            checks, "name", "column", "success", "severity", "expected", "actual", "dataset__name", "at"
        ),
        **_members("run", run.pk),
    }  # fmt: skip


def _used(one: RunIO, facets: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return {
        "namespace": one.dataset.namespace,
        "name": one.dataset.name,
        "version": one.version or None,
        "rows": one.rows,
        "bytes": one.bytes,
        "files": one.files,
        "schema": f"sha256:{one.schema}" if one.schema else None,
        "facets": facets.get(one.pk, {}),
    }


def _members(about: str, pk: int) -> dict[str, Any]:
    """Return the owners and tags that hold now, and every facet."""
    owners, tags = Owner.objects.filter(about=about, about_id=pk), Tag.objects.filter(about=about, about_id=pk)
    return {
        "owners": _current(owners, _said(about, pk, "ownership"), "name", "kind"),
        "tags": _current(tags, _said(about, pk, "tags"), "field", "name", "value", "source"),
        "facets": _facets(about, pk),
    }


def _said(about: str, pk: int, facet: str) -> datetime | None:
    """Return when a facet was said last."""
    known = Facet.objects.filter(about=about, about_id=pk, name=facet)
    return known.values_list("at", flat=True).first()


def _current(rows: QuerySet[Any], said: datetime | None, *names: str) -> list[dict[str, Any]]:
    """Return the members of a set that its latest facet names."""
    held = rows.filter(last_seen__gte=said) if said else rows.none()
    return _rows(held.order_by(*names), *names)


def _facets(about: str, pk: int) -> dict[str, Any]:
    return _facets_of(about, [pk]).get(pk, {})


def _facets_of(about: str, pks: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the facets of many things of one kind, at most `MOST` of each, in a few statements."""
    kept: dict[int, list[Facet]] = {}
    for part in _parts(pks):
        rows = Facet.objects.filter(about=about, about_id__in=part).exclude(sha256="").order_by("about_id", "name")
        for row in rows:
            kept.setdefault(row.about_id, []).append(row)
    kept = {pk: rows[:MOST] for pk, rows in kept.items()}
    digests = {row.sha256 for rows in kept.values() for row in rows if row.name not in NAMING}
    bodies: dict[str, FacetBody] = {}
    for some in _parts(sorted(digests)):
        bodies |= FacetBody.objects.in_bulk(some)
    return {
        pk: {
            row.name: {
                "at": _time(row.at),
                "event": f"sha256:{row.event}",
                "digest": f"sha256:{row.sha256}",
                "value": _value(bodies.get(row.sha256)),
            }
            for row in rows
        }
        for pk, rows in kept.items()
    }


def owners_said(about: str, pks: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Return whom the latest ownership facet of each dataset or job names, and as what, whoever asks."""
    found: dict[int, list[tuple[str, str]]] = {}
    for part in _parts(pks):
        facets = Facet.objects.filter(about=about, about_id__in=part, name="ownership")
        said = dict(facets.values_list("about_id", "at"))
        for one in Owner.objects.filter(about=about, about_id__in=said).order_by("about_id", "name", "kind"):
            if one.last_seen >= said[one.about_id]:
                found.setdefault(one.about_id, []).append((one.name, one.kind))
    return found


def _parts(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))


def _value(body: FacetBody | None) -> Any:
    return json.loads(body.text) if body and body.text else None


def _rows(rows: QuerySet[Any], *names: str) -> list[dict[str, Any]]:
    return [_plain(row) for row in rows.values(*names)[:MOST]]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for the outside: times and ids as texts, and names without the path to them."""
    return {name.replace("__", "_"): _text(value) for name, value in row.items()}


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _time(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
