"""What is missing or odd in what was told: behind one version, or in the whole workspace as somebody may see it.

Each kind of gap is found by one statement over a bounded part of the tables: the runs behind the version, or the
newest `LOOKED` rows of the workspace, so that asking costs the same however long the history is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Max, Model, OuterRef, Q, QuerySet

from audit.actor import Actor, NotSeen, visible
from lineage import naming, steps
from lineage.changes import columns
from lineage.models import Check, Dataset, Edge, Job, JobIO, RawEvent, Run, RunIO, Schema
from lineage.selectors import ancestry_of, dataset_seen_by
from lineage.story import seen_by

LOOKED = 20_000
"""The newest so many runs, events and checks of a workspace are looked at."""
DAY = timedelta(days=1)
"""A run without an end is a gap once nothing was heard of it for so long; an event is late when it came so late."""


@dataclass(frozen=True)
class Where:
    """Where gaps are looked for, as of a time: rows that the reader may see.

    `writes` is what may have been written while something was read, `unmade` the datasets that nothing made, and
    `before` the runs behind the version before, which columns are compared with.
    """

    as_of: datetime
    runs: QuerySet[Run]
    writes: QuerySet[RunIO]
    datasets: QuerySet[Dataset]
    events: QuerySet[RawEvent]
    checks: QuerySet[Check]
    unmade: QuerySet[Dataset]
    before: QuerySet[Run]
    hidden: dict[str, int] | None = None

    @property
    def io(self) -> QuerySet[RunIO]:
        """What its runs read and wrote."""
        return RunIO.objects.filter(run__in=self.runs.values("pk"), dataset__in=self.datasets.values("pk"))


def in_workspace(actor: Actor, as_of: datetime) -> Where:
    """Return everything new that `actor` may see."""
    seen = visible(actor)
    jobs, datasets = Job.objects.filter(seen.q()), Dataset.objects.filter(seen.q(), first_seen__lte=as_of)
    runs = Run.objects.filter(pk__gt=_newest(Run), job__in=jobs.values("pk"), first_seen__lte=as_of)
    about = Q(dataset=None) | Q(dataset__in=datasets.values("pk"))
    by = Q(run=None) | Q(run__job__in=jobs.values("pk"))
    io = JobIO.objects.filter(dataset=OuterRef("pk"))
    read, written = Exists(io.filter(direction="in")), Exists(io.filter(direction="out"))
    return Where(
        as_of=as_of,
        runs=runs,
        writes=RunIO.objects.filter(direction="out", run__in=runs.values("pk")),
        datasets=datasets,
        events=RawEvent.objects.filter(seen.q(), pk__gt=_newest(RawEvent), at__lte=as_of),
        checks=Check.objects.filter(about, by, pk__gt=_newest(Check), at__lte=as_of),
        unmade=datasets.filter(read).exclude(written).exclude(Exists(_edges_to())),
        before=Run.objects.none(),
    )


def behind(actor: Actor, model: tuple[str, str], version: str, as_of: datetime) -> Where:
    """Return the runs behind a version of a model or dataset, and what they used, as `actor` may see them.

    Refused when they cannot see the model, or when no run is known to have written that version.
    """
    row = dataset_seen_by(actor, model[0], naming.model_name(*model))
    found = ancestry_of(row.namespace, row.name, version, as_of)
    if found is None:
        raise NotSeen("not_seen", what="version")
    seen = seen_by(actor, found)
    shown = visible(actor)
    uuids = [run.uuid for run in seen.runs.values()]
    jobs = Job.objects.filter(shown.q())
    datasets = Dataset.objects.filter(pk__in=seen.datasets)
    about = Q(dataset=None) | Q(dataset__in=seen.datasets)
    return Where(
        as_of=as_of,
        runs=Run.objects.filter(pk__in=seen.runs),
        writes=RunIO.objects.filter(direction="out", dataset__in=seen.datasets, run__job__in=jobs.values("pk")),
        datasets=datasets,
        events=RawEvent.objects.filter(shown.q(), run_uuid__in=uuids, at__lte=as_of),
        checks=Check.objects.filter(about, run__in=seen.runs, at__lte=as_of),
        unmade=datasets.filter(pk__in=found.sources),
        before=_before(actor, row, version, as_of),
        hidden=seen.hidden,
    )


def _before(actor: Actor, row: Dataset, version: str, as_of: datetime) -> QuerySet[Run]:
    """Return the runs behind the version that was written before this one, if there was one."""
    written = RunIO.objects.filter(dataset=row, direction="out", first_seen__lte=as_of)
    first = written.filter(version=version).order_by("first_seen").values_list("first_seen", flat=True).first()
    earlier = written.exclude(version__in=["", version]).filter(first_seen__lt=first).order_by("-first_seen").first()
    found = ancestry_of(row.namespace, row.name, earlier.version, as_of) if earlier else None
    return Run.objects.filter(pk__in=seen_by(actor, found).runs if found else [])


def _edges_to() -> QuerySet[Edge]:
    return Edge.objects.filter(dst=OuterRef("pk")).exclude(src=OuterRef("pk"))


def _newest(table: type[Model]) -> int:
    """Return the id after which the newest rows of a table begin."""
    last = table._default_manager.aggregate(last=Max("pk"))["last"]
    return (last or 0) - LOOKED


Rows = QuerySet[Any, Any]
Tell = Callable[[list[Any], Where], list[dict[str, Any]]]


@dataclass(frozen=True)
class Kind:
    """One kind of gap: how its rows are found, newest first by id, and how a page of them is told."""

    find: Callable[[Where], Rows]
    tell: Tell


def _no_producer(where: Where) -> Rows:
    return where.unmade


def _tell_no_producer(rows: list[Dataset], _: Where) -> list[dict[str, Any]]:
    """Leave out what was written under another of its names."""
    same = steps.names([row.pk for row in rows])
    written = set(JobIO.objects.filter(dataset__in=same, direction="out").values_list("dataset_id", flat=True))
    made = {one for other, one in same.items() if other in written}
    return [_about(row, at=row.first_seen) for row in rows if row.pk not in made]


def _no_end(where: Where) -> Rows:
    silent = Q(ended_at=None, last_seen__lt=where.as_of - DAY)
    later = Q(ended_at__gt=where.as_of, first_seen__lt=where.as_of - DAY)
    return where.runs.filter(silent | later, declared=False).select_related("job")


def _tell_runs(rows: list[Run], _: Where) -> list[dict[str, Any]]:
    return [_of_run(row, at=row.last_seen) for row in rows]


def _late(where: Where) -> Rows:
    """What was read while a run that wrote it was still going: the reader may have missed what came later."""
    started = OuterRef("run__started_at")
    writing = where.writes.filter(
        dataset=OuterRef("dataset"), run__started_at__lt=started, run__ended_at__gt=started
    ).exclude(run=OuterRef("run"))
    read = where.io.filter(direction="in", run__declared=False, run__started_at__isnull=False)
    return read.filter(Exists(writing)).select_related("run", "run__job", "dataset")


def _tell_late(rows: list[RunIO], _: Where) -> list[dict[str, Any]]:
    return [_about(row.dataset, at=row.run.started_at) | {"run": _run(row.run)} for row in rows]


def _told_late(where: Where) -> Rows:
    return where.events.filter(received_at__gt=F("at") + DAY)


def _tell_events(rows: list[RawEvent], _: Where) -> list[dict[str, Any]]:
    return [
        {
            "type": "event",
            "namespace": None,
            "name": None,
            "at": row.at,
            "run": {"run": str(row.run_uuid), "job": None} if row.run_uuid else None,
            "event": f"sha256:{row.sha256}",
            "received_at": row.received_at.isoformat(),
        }
        for row in rows
    ]


def _drift(where: Where) -> Rows:
    """Datasets that were read or written with other columns than before."""
    both = RunIO.objects.filter(Q(run__in=where.runs.values("pk")) | Q(run__in=where.before.values("pk")))
    kinds = both.exclude(schema="").values("dataset").annotate(kinds=Count("schema", distinct=True))
    return where.datasets.filter(pk__in=kinds.filter(kinds__gt=1).values("dataset"))


def _tell_drift(rows: list[Dataset], where: Where) -> list[dict[str, Any]]:
    used: dict[int, dict[str, datetime]] = {}
    both = RunIO.objects.filter(Q(run__in=where.runs.values("pk")) | Q(run__in=where.before.values("pk")))
    uses = both.filter(dataset__in=[row.pk for row in rows]).exclude(schema="")
    for pk, schema, at in uses.order_by("last_seen", "pk").values_list("dataset_id", "schema", "last_seen"):
        known = used.setdefault(pk, {})
        known.pop(schema, None)
        known[schema] = at
    latest = {pk: list(known)[-2:] for pk, known in used.items()}
    fields = {one.pk: one.fields for one in Schema.objects.filter(pk__in={d for two in latest.values() for d in two})}
    told = []
    for row in rows:
        old, new = latest[row.pk]
        change = columns(fields.get(old, []), fields.get(new, []))
        told.append(_about(row, at=used[row.pk][new]) | {"columns": change})
    return told


def _failed(where: Where) -> Rows:
    return where.checks.filter(success=False).select_related("run", "run__job", "dataset")


def _tell_checks(rows: list[Check], _: Where) -> list[dict[str, Any]]:
    return [
        (_about(row.dataset, at=row.at) if row.dataset else _of_run(row.run, at=row.at) if row.run else {})
        | {
            "run": _run(row.run) if row.run else None,
            "check": row.name,
            "column": row.column or None,
            "severity": row.severity or None,
            "expected": row.expected or None,
            "actual": row.actual or None,
        }
        for row in rows
    ]


KINDS: dict[str, Kind] = {
    "no_producer": Kind(_no_producer, _tell_no_producer),
    "no_end": Kind(_no_end, _tell_runs),
    "late": Kind(_late, _tell_late),
    "told_late": Kind(_told_late, _tell_events),
    "drift": Kind(_drift, _tell_drift),
    "failed_check": Kind(_failed, _tell_checks),
}


def tell(kind: str, rows: list[Any], where: Where) -> list[dict[str, Any]]:
    """Return the rows of one kind of gap for the outside."""
    told = KINDS[kind].tell(rows, where)
    return [{"kind": kind, **one, "at": one["at"].isoformat() if one.get("at") else None} for one in told]


def first(where: Where, most: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the newest gaps of every kind, at most `most` of each, and the kinds of which there are more."""
    found: list[dict[str, Any]] = []
    more = []
    for name, kind in KINDS.items():
        rows = list(kind.find(where).order_by("-pk")[: most + 1])
        found += tell(name, rows[:most], where)
        more += [name] if len(rows) > most else []
    return found, more


def _about(row: Dataset, *, at: datetime | None) -> dict[str, Any]:
    return {"type": row.kind, "namespace": row.namespace, "name": row.name, "at": at}


def _of_run(row: Run, *, at: datetime) -> dict[str, Any]:
    return {"type": "job", "namespace": row.job.namespace, "name": row.job.name, "at": at, "run": _run(row)}


def _run(row: Run) -> dict[str, Any]:
    return {"run": str(row.uuid), "job": {"namespace": row.job.namespace, "name": row.job.name}}
