"""The projection: what events say, merged into the tables. Part of `records`: it needs the caller's transaction."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from lineage import facets, naming
from lineage.event import DatasetSeen, Event, JobSeen, declared_run, parent_of
from lineage.merge import Clocked, Merge, Row
from lineage.models import (
    FOREVER,
    NEVER,
    ColumnEdge,
    Dataset,
    DatasetVersion,
    Edge,
    Job,
    JobIO,
    RawEvent,
    Run,
    RunIO,
    Schema,
)
from lineage.reading import again
from lineage.records import upsert

PAIRS = 50_000
"""At most this many (input, output) pairs are drawn for one run; reads and writes themselves are always kept."""

RANKS = {"OTHER": 0, "START": 1, "RUNNING": 2, "ABORT": 3, "FAIL": 3, "COMPLETE": 3}
_FIRST, _LAST = ("first_seen",), ("last_seen",)
_SCHEMA: Clocked = {("schema_at",): ("schema",)}
_NAMED: Clocked = {("first_seen",): ("namespace", "name")}
DATASETS = Merge(("key",), _FIRST, _LAST, latest={("type_at",): ("type",), **_SCHEMA}, earliest=_NAMED)
JOBS = Merge(("key",), _FIRST, _LAST, earliest=_NAMED)
RUNS = Merge(
    ("key",),
    least=("first_seen", "started_at"),
    greatest=("last_seen", "ended_at"),
    latest={("parent_at",): ("parent_uuid",), ("state_rank", "state_at"): ("state",)},
)
VERSIONS = Merge(("key",), _FIRST, _LAST, latest=_SCHEMA)
RUN_IO = Merge(
    ("run_id", "dataset_id", "direction"),
    least=("first_seen",),
    greatest=("last_seen", "rows", "bytes"),
    latest={("version_at",): ("version",), **_SCHEMA},
)
JOB_IO = Merge(("job_id", "dataset_id", "direction"), _FIRST, _LAST)
EDGES = Merge(("dst_id", "src_id", "job_id", "kind"), _FIRST, _LAST)
COLUMNS = Merge(("key",), _FIRST, _LAST, latest={("how_at",): ("masking", "how")})


@dataclass(frozen=True, slots=True)
class Placed:
    """An event to project: when it happened, and the scope in which what it names first appears."""

    event: Event
    at: datetime
    scope_id: UUID


@dataclass(slots=True)
class Ids:
    """Where the things that a batch names are: ids by key, and which datasets were not there before."""

    datasets: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, int] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    new: list[int] = field(default_factory=list)

    def dataset(self, namespace: str, name: str) -> int:
        """Return the id of a dataset that the batch names."""
        return self.datasets[naming.key("dataset", namespace, name)]


def project(batch: Sequence[Placed]) -> list[int]:
    """Merge what `batch` says into the tables; return the ids of datasets seen for the first time."""
    ids = Ids()
    _things(batch, ids)
    _schemas(batch)
    upsert(DatasetVersion, VERSIONS, _versions(batch, ids))
    touched = _reads_and_writes(batch, ids)
    edges = [*_pairs(touched), *_stated(batch, ids)]
    upsert(Edge, EDGES, edges)
    upsert(ColumnEdge, COLUMNS, _columns(batch, ids))
    return ids.new


def _things(batch: Sequence[Placed], ids: Ids) -> None:
    datasets = [row for one in batch for row in _dataset_rows(one)]
    keys = {row["key"] for row in datasets}
    known = set(Dataset.objects.filter(key__in=keys).values_list("key", flat=True)) if keys else set()
    ids.datasets = {key: pk for pk, key in upsert(Dataset, DATASETS, datasets, ("id", "key"))}
    ids.new = sorted(pk for key, pk in ids.datasets.items() if key not in known)
    jobs = [_job_row(one.event.job, one) for one in batch if one.event.job]
    ids.jobs = {key: pk for pk, key in upsert(Job, JOBS, jobs, ("id", "key"))}
    runs = [_run_row(one, one.event.job, ids) for one in batch if one.event.job]
    ids.runs = {key: pk for pk, key in upsert(Run, RUNS, runs, ("id", "key"))}


def _dataset_rows(one: Placed) -> Iterator[Row]:
    for seen in (*one.event.inputs, *one.event.outputs):
        yield _dataset_row(one, seen)
    named = {end for pair in facets.explicit(one.event) for end in pair}
    named.update(end for said in facets.columns(one.event) for end in (said.source, said.target))
    for namespace, name in sorted(named):
        yield _dataset_row(one, DatasetSeen(namespace, name))


def _dataset_row(one: Placed, seen: DatasetSeen) -> Row:
    kind, columns = facets.dataset_type(seen), facets.schema(seen)
    return {
        "key": naming.key("dataset", seen.namespace, seen.name),
        "namespace": seen.namespace,
        "name": seen.name,
        "scope_id": one.scope_id,
        "type": kind,
        "type_at": one.at if kind else NEVER,
        **_schema_of(columns, one.at),
        "first_seen": one.at,
        "last_seen": one.at,
    }


def _schema_of(columns: tuple[str, list[Any]] | None, at: datetime) -> Row:
    return {"schema": columns[0], "schema_at": at} if columns else {"schema": "", "schema_at": NEVER}


def _job_row(job: JobSeen, one: Placed) -> Row:
    return {
        "key": naming.key("job", job.namespace, job.name),
        "namespace": job.namespace,
        "name": job.name,
        "scope_id": one.scope_id,
        "first_seen": one.at,
        "last_seen": one.at,
    }


def _run_key(event: Event, job: JobSeen) -> tuple[str, UUID, str]:
    """Return the key, UUID and given id of the run that an event of `job` belongs to; a JobEvent has one of its own."""
    job_key = naming.key("job", job.namespace, job.name)
    uuid = event.run.uuid if event.run else declared_run(job)
    key = hashlib.sha256(f"run\n{job_key}\n{uuid}".encode()).hexdigest()
    return key, uuid, event.run.given if event.run else ""


def _run_row(one: Placed, job: JobSeen, ids: Ids) -> Row:
    key, uuid, given = _run_key(one.event, job)
    parent = parent_of(one.event.run) if one.event.run else None
    rank = RANKS[one.event.state]
    return {
        "key": key,
        "uuid": uuid,
        "given": given,
        "job_id": ids.jobs[naming.key("job", job.namespace, job.name)],
        "declared": one.event.run is None,
        "parent_uuid": parent,
        "parent_at": one.at if parent else NEVER,
        "state": one.event.state,
        "state_rank": rank,
        "state_at": one.at,
        "started_at": one.at if one.event.state == "START" else None,
        "ended_at": one.at if rank == 3 else None,
        "first_seen": one.at,
        "last_seen": one.at,
    }


def _schemas(batch: Sequence[Placed]) -> None:
    seen = (facets.schema(one) for placed in batch for one in (*placed.event.inputs, *placed.event.outputs))
    upsert(Schema, Merge(("sha256",)), [{"sha256": found[0], "fields": found[1]} for found in seen if found])


def _versions(batch: Sequence[Placed], ids: Ids) -> Iterator[Row]:
    for one in batch:
        for seen in (*one.event.inputs, *one.event.outputs):
            version = facets.version(seen)
            if version:
                key = naming.key("dataset", seen.namespace, seen.name)
                yield {
                    "key": hashlib.sha256(f"version\n{key}\n{version}".encode()).hexdigest(),
                    "dataset_id": ids.datasets[key],
                    "version": version,
                    **_schema_of(facets.schema(seen), one.at),
                    "first_seen": one.at,
                    "last_seen": one.at,
                }


def _reads_and_writes(batch: Sequence[Placed], ids: Ids) -> dict[int, tuple[int, set[int]]]:
    """Merge reads and writes; return for each run its job and the datasets that this batch said something about."""
    run_io: list[Row] = []
    job_io: list[Row] = []
    touched: dict[int, tuple[int, set[int]]] = {}
    for one in batch:
        if one.event.job is None:
            continue
        run_id = ids.runs[_run_key(one.event, one.event.job)[0]]
        job_id = ids.jobs[naming.key("job", one.event.job.namespace, one.event.job.name)]
        for direction, datasets in (("in", one.event.inputs), ("out", one.event.outputs)):
            for seen in datasets:
                row = _io_row(seen, direction, one, ids)
                run_io.append({"run_id": run_id, **row})
                job_io.append({"job_id": job_id, **row})
                touched.setdefault(run_id, (job_id, set()))[1].add(row["dataset_id"])
    upsert(RunIO, RUN_IO, run_io)
    upsert(JobIO, JOB_IO, job_io)
    return touched


def _io_row(seen: DatasetSeen, direction: str, one: Placed, ids: Ids) -> Row:
    version = facets.version(seen)
    return {
        "dataset_id": ids.dataset(seen.namespace, seen.name),
        "direction": direction,
        "version": version,
        "version_at": one.at if version else NEVER,
        **_schema_of(facets.schema(seen), one.at),
        "rows": facets.count(seen, "rowCount"),
        "bytes": facets.count(seen, "size", "bytes"),
        "first_seen": one.at,
        "last_seen": one.at,
    }


def _pairs(touched: dict[int, tuple[int, set[int]]]) -> Iterator[Row]:
    """Yield an edge for every (read, written) pair of a run of which one end was touched; self-loops are left out.

    An edge begins when both ends were seen, and its times only ever widen, so the order of events does not matter.
    """
    if not touched:
        return
    io = RunIO.objects.filter(run_id__in=touched).values_list(
        "run_id", "direction", "dataset_id", "first_seen", "last_seen"
    )
    ends: dict[tuple[int, str], list[tuple[int, datetime, datetime]]] = {}
    for run_id, direction, dataset_id, first, last in io.order_by("dataset_id"):
        ends.setdefault((run_id, direction), []).append((dataset_id, first, last))
    for run_id, (job_id, fresh) in touched.items():
        for pair in _crossed(ends.get((run_id, "in"), []), ends.get((run_id, "out"), []), fresh):
            yield {**pair, "job_id": job_id, "kind": int(Edge.Kind.IO)}


def _crossed(
    read: Iterable[tuple[int, datetime, datetime]], written: list[tuple[int, datetime, datetime]], fresh: set[int]
) -> Iterator[Row]:
    drawn = 0
    for src, src_first, src_last in read:
        for dst, dst_first, dst_last in written:
            if src == dst or (src not in fresh and dst not in fresh) or drawn >= PAIRS:
                continue
            drawn += 1
            times = {"first_seen": max(src_first, dst_first), "last_seen": max(src_last, dst_last)}
            yield {"src_id": src, "dst_id": dst, **times}


def _stated(batch: Sequence[Placed], ids: Ids) -> Iterator[Row]:
    """Yield the edges that lineage facets and column lineage facets state."""
    for one in batch:
        pairs = {(*pair, Edge.Kind.EXPLICIT) for pair in facets.explicit(one.event)}
        pairs |= {(said.source, said.target, Edge.Kind.COLUMN) for said in facets.columns(one.event)}
        for source, target, kind in sorted(pairs):
            src, dst = ids.dataset(*source), ids.dataset(*target)
            if src != dst:
                times = {"first_seen": one.at, "last_seen": one.at}
                yield {"src_id": src, "dst_id": dst, "job_id": _job_id(one, ids), "kind": int(kind), **times}


def _columns(batch: Sequence[Placed], ids: Ids) -> Iterator[Row]:
    for one in batch:
        job = one.event.job
        job_key = naming.key("job", job.namespace, job.name) if job else ""
        for said in facets.columns(one.event):
            ends = (naming.key("dataset", *said.source), said.field, naming.key("dataset", *said.target), said.to_field)
            yield {
                "key": hashlib.sha256("\n".join((*ends, job_key)).encode()).hexdigest(),
                "src_id": ids.datasets[ends[0]],
                "src_field": said.field,
                "dst_id": ids.datasets[ends[2]],
                "dst_field": said.to_field,
                "job_id": _job_id(one, ids),
                "how": said.how,
                "masking": said.masking,
                "how_at": one.at,
                "first_seen": one.at,
                "last_seen": one.at,
            }


def _job_id(one: Placed, ids: Ids) -> int:
    job = one.event.job
    return ids.jobs[naming.key("job", job.namespace, job.name)] if job else 0


REBUILT = 200
"""How many raw events are projected at once in a rebuild."""


def rebuild() -> int:
    """Reproduce every table from the raw events, in the order they came, and return how many there are.

    Whatever others point to keeps its id, and datasets keep the scope they were moved to; everything that was
    derived is derived again. Needs a transaction.
    """
    for model in (ColumnEdge, Edge, JobIO, RunIO):
        model.objects.all().delete()
    _forget()
    done = 0
    for raw in RawEvent.objects.order_by("pk").iterator(REBUILT):
        event = again(zlib.decompress(raw.body))
        project([Placed(event, event.at or raw.received_at, raw.scope_id)])
        done += 1
    return done


def _forget() -> None:
    """Take every derived value back to what any statement beats."""
    ever = {"first_seen": FOREVER, "last_seen": NEVER}
    schema = {"schema": "", "schema_at": NEVER}
    Dataset.objects.update(**ever, **schema, type="", type_at=NEVER)
    DatasetVersion.objects.update(**ever, **schema)
    Job.objects.update(**ever)
    run = {"state": "OTHER", "state_rank": 0, "state_at": NEVER, "parent_uuid": None, "parent_at": NEVER}
    Run.objects.update(**ever, **run, started_at=None, ended_at=None)
