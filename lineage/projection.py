"""The projection: what events say, merged into the tables."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from audit.bulk import as_time, as_uuid
from lineage import facets, naming, said
from lineage.event import parent_of, root_of
from lineage.merge import Row
from lineage.models import (
    NEVER,
    ColumnEdge,
    Dataset,
    DatasetVersion,
    Edge,
    Job,
    JobIO,
    Run,
    RunIO,
    Schema,
)
from lineage.placed import Ids, Placed, run_uuid
from lineage.records import look, ready, restate
from lineage.seen import DatasetSeen, JobSeen
from lineage.tables import RULES
from lineage.telling import digest, tell

PAIRS = 50_000
"""At most this many (input, output) pairs are drawn for one run; reads and writes themselves are always kept."""

RANKS = {"OTHER": 0, "START": 1, "RUNNING": 2, "ABORT": 3, "FAIL": 3, "COMPLETE": 3}
_KNOWN = "SELECT key FROM lineage_dataset WHERE key = ANY(%s)"
_ENDS = (
    "SELECT i.run_id, i.direction, i.dataset_id, d.key, i.first_seen, i.last_seen FROM lineage_runio i "
    "JOIN lineage_dataset d ON d.id = i.dataset_id WHERE i.run_id = ANY(%s) ORDER BY i.direction, i.dataset_id"
)
Found = Callable[[list[int]], None]
Done = Callable[[], None]
End = tuple[Any, ...]
"""What a run read or wrote, as `_ENDS` finds it."""
Touched = dict[int, tuple[int, bool, set[int]]]
"""For each run its job, whether a JobEvent declares it, and the datasets that a batch said something about."""


def _nothing(*_: Any) -> None:
    """Owe nothing."""


def project(batch: Sequence[Placed], found: Found = _nothing, done: Done = _nothing) -> None:
    """Merge what `batch` says into the tables.

    In four short transactions, or within the caller's: what can be made of the events is made between them, so that
    others wait while rows are written, not while they are thought of. Order and repetition do not matter, so a batch
    that was half done is done again. `found` is called in the transaction that adds datasets, with the ids of those
    that were not there before; `done` in the last one.
    """
    ids = Ids()
    named = [row for one in batch for row in _dataset_rows(one)]
    datasets = ready(Dataset, named, ("id", "key"))
    jobs = ready(Job, [row for one in batch for row in _job_rows(one)], ("id", "key"))
    with transaction.atomic(savepoint=False):
        known = {key for (key,) in look(_KNOWN, sorted({row["key"] for row in named}))}
        ids.datasets = {key: pk for pk, key in datasets.write()}
        ids.jobs = {key: pk for pk, key in jobs.write()}
        found(sorted(pk for key, pk in ids.datasets.items() if key not in known))
    runs = [_run_row(one, one.event.job, ids) for one in batch if one.event.job]
    executions, schemas = ready(Run, runs, ("id", "job_id", "uuid", "code", "version")), ready(Schema, _schemas(batch))
    versions = ready(DatasetVersion, _versions(batch, ids))
    with transaction.atomic(savepoint=False):
        for pk, job, uuid, code, version in executions.write():
            ids.runs[job, as_uuid(uuid)] = pk
            ids.code[pk] = (code, version)
        schemas.write()
        versions.write()
    _steps(batch, ids, done)


def _steps(batch: Sequence[Placed], ids: Ids, done: Done) -> None:
    """Merge what was read and written, and then all that is said about it."""
    run_io, job_io, touched = _reads_and_writes(batch, ids)
    reads, job_reads = ready(RunIO, run_io, ("id", "run_id", "dataset_id", "direction")), ready(JobIO, job_io)
    with transaction.atomic(savepoint=False):
        ids.io = {row[1:]: row[0] for row in reads.write()}
        job_reads.write()
    stated, columns = [*_stated(batch, ids), *_renamed(batch, ids)], ready(ColumnEdge, _columns(batch, ids))
    told = dict(tell(batch, ids))
    rest = [ready(model, told[model]) for model in RULES if model in told]
    ends = look(_ENDS, sorted(touched)) if touched else []
    edges, names = ready(Edge, [*_pairs(ends, touched), *stated]), _job_versions(ends, touched, ids)
    with transaction.atomic(savepoint=False):
        restate(Run, "version", names)
        for each in (edges, columns, *rest):
            each.write()
        done()


def _dataset_rows(one: Placed) -> Iterator[Row]:
    for seen in (*one.event.inputs, *one.event.outputs):
        yield _dataset_row(one, seen)
    named = {end for pair in one.explicit for end in pair}
    named.update(end for step in one.columns for end in (step.source, step.target))
    named.update(end.dataset for end in one.ends)
    named.update((what.namespace, what.name) for _, what in _renames(one))
    for namespace, name in sorted(named):
        yield _dataset_row(one, DatasetSeen(namespace, name))


def _dataset_row(one: Placed, seen: DatasetSeen) -> Row:
    kind, what = facets.dataset_type(seen), said.change(seen)
    return {
        "key": naming.key("dataset", seen.namespace, seen.name),
        "namespace": seen.namespace,
        "name": seen.name,
        "scope_id": one.scope_id,
        "type": kind,
        "type_at": one.at if kind or "datasetType" in seen.gone else NEVER,
        "change": what.change if what else "",
        "change_at": one.at if what else NEVER,
        **_schema_of(seen, one.at),
        "first_seen": one.at,
        "last_seen": one.at,
    }


def _schema_of(seen: DatasetSeen, at: datetime) -> Row:
    columns = facets.schema(seen)
    if columns is None:
        return {"schema": "", "schema_at": at if "schema" in seen.gone else NEVER}
    return {"schema": columns[0], "schema_at": at}


def _job_rows(one: Placed) -> Iterator[Row]:
    if one.event.job:
        yield _job_row(one, one.event.job)
    for namespace, name in sorted({end.job for end in one.ends}):
        yield _job_row(one, JobSeen(namespace, name))


def _job_row(one: Placed, job: JobSeen) -> Row:
    kind = said.kind_of(job)
    what, integration, processing = kind or ("", "", "")
    return {
        "key": naming.key("job", job.namespace, job.name),
        "namespace": job.namespace,
        "name": job.name,
        "scope_id": one.scope_id,
        "type": what,
        "integration": integration,
        "processing": processing,
        "type_at": one.at if kind or "jobType" in job.gone else NEVER,
        "first_seen": one.at,
        "last_seen": one.at,
    }


def _run_row(one: Placed, job: JobSeen, ids: Ids) -> Row:
    run, rank = one.event.run, RANKS[one.event.state]
    parent, root = (parent_of(run), root_of(run)) if run else (None, None)
    code = facets.code(job)
    return {
        "uuid": run_uuid(one, job),
        "given": run.given if run else "",
        "job_id": ids.jobs[naming.key("job", job.namespace, job.name)],
        "declared": run is None,
        "parent_uuid": parent,
        "parent_at": one.at if parent else NEVER,
        "root_uuid": root,
        "root_at": one.at if root else NEVER,
        "code": code,
        "code_at": one.at if code else NEVER,
        "state": one.event.state,
        "state_rank": rank,
        "state_at": one.at,
        "started_at": one.at if one.event.state == "START" else None,
        "ended_at": one.at if rank == 3 else None,
        "first_seen": one.at,
        "last_seen": one.at,
    }


def _schemas(batch: Sequence[Placed]) -> list[Row]:
    seen = (facets.schema(one) for placed in batch for one in (*placed.event.inputs, *placed.event.outputs))
    return [{"sha256": found[0], "fields": found[1]} for found in seen if found]


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
                    **_schema_of(seen, one.at),
                    "first_seen": one.at,
                    "last_seen": one.at,
                }


def _reads_and_writes(batch: Sequence[Placed], ids: Ids) -> tuple[list[Row], list[Row], Touched]:
    """Return what runs and what jobs read and wrote, and which runs were touched."""
    run_io: list[Row] = []
    job_io: list[Row] = []
    touched: Touched = {}
    for one in batch:
        seen = {"first_seen": one.at, "last_seen": one.at}
        for end in one.ends:
            job = ids.jobs[naming.key("job", *end.job)]
            io = {"dataset_id": ids.dataset(*end.dataset), "direction": end.direction, "declared": one.event.declares}
            job_io.append({"job_id": job, **io, **seen})
        if one.event.job is None:
            continue
        run_id, job_id = ids.run(one), ids.job(one)
        if one.event.inputs or one.event.outputs or any(name in one.event.job.facets for name in facets.CODE):
            touched.setdefault(run_id, (job_id, one.event.run is None, set()))
        for direction, datasets in (("in", one.event.inputs), ("out", one.event.outputs)):
            for dataset in datasets:
                row = _io_row(dataset, direction, one, ids)
                touched[run_id][2].add(row["dataset_id"])
                run_io.append({"run_id": run_id, **row})
                job_io.append({"job_id": job_id, "declared": one.event.run is None, **row})
    return run_io, job_io, touched


def _io_row(seen: DatasetSeen, direction: str, one: Placed, ids: Ids) -> Row:
    version = facets.version(seen)
    return {
        "dataset_id": ids.dataset(seen.namespace, seen.name),
        "direction": direction,
        "version": version,
        "version_at": one.at if version else NEVER,
        **_schema_of(seen, one.at),
        "rows": facets.count(seen, "rowCount"),
        "bytes": facets.count(seen, "size", "bytes"),
        "files": facets.count(seen, "fileCount"),
        "first_seen": one.at,
        "last_seen": one.at,
    }


def _pairs(rows: Sequence[End], touched: Touched) -> Iterator[Row]:
    """Yield an edge for every (read, written) pair of a run of which one end was touched; self-loops are left out.

    An edge begins when both ends were seen, and its times only ever widen, so the order of events does not matter.
    """
    ends: dict[tuple[int, str], list[tuple[int, datetime, datetime]]] = {}
    for run_id, direction, dataset_id, _, first, last in rows:
        ends.setdefault((run_id, direction), []).append((dataset_id, as_time(first), as_time(last)))
    for run_id, (job_id, declared, fresh) in touched.items():
        for pair in _crossed(ends.get((run_id, "in"), []), ends.get((run_id, "out"), []), fresh):
            yield {**pair, "job_id": job_id, "kind": int(Edge.Kind.IO), "declared": declared}


def _job_versions(rows: Sequence[End], touched: Touched, ids: Ids) -> dict[int, str]:
    """Return for each run touched which version of its job it is, where that is news."""
    names: dict[int, list[str]] = {}
    for run_id, direction, _, key, *_ in rows:
        names.setdefault(run_id, []).append(f"{direction} {key}")
    found: dict[int, str] = {}
    for run_id in touched:
        code, known = ids.code[run_id]
        version = digest("version", code, *sorted(names.get(run_id, ()))) if code or run_id in names else ""
        if version != known:
            found[run_id] = version
    return found


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
        pairs = {(*pair, Edge.Kind.EXPLICIT) for pair in one.explicit}
        pairs |= {(step.source, step.target, Edge.Kind.COLUMN) for step in one.columns}
        for source, target, kind in sorted(pairs):
            src, dst = ids.dataset(*source), ids.dataset(*target)
            if src != dst or kind == Edge.Kind.EXPLICIT:
                yield _edge(one, ids, (src, dst), kind)


def _renames(one: Placed) -> Iterator[tuple[DatasetSeen, said.ChangeSaid]]:
    for seen in (*one.event.inputs, *one.event.outputs):
        what = said.change(seen)
        if what and what.name:
            yield seen, what


def _renamed(batch: Sequence[Placed], ids: Ids) -> Iterator[Row]:
    """Yield an edge from what a dataset was called before to it."""
    for one in batch:
        for seen, what in _renames(one):
            src, dst = ids.dataset(what.namespace, what.name), ids.dataset(seen.namespace, seen.name)
            if src != dst:
                yield _edge(one, ids, (src, dst), Edge.Kind.RENAMED)


def _edge(one: Placed, ids: Ids, ends: tuple[int, int], kind: Edge.Kind) -> Row:
    # being renamed is something that happened, which nothing said later takes back
    declared = one.event.declares and kind != Edge.Kind.RENAMED
    known = {"kind": int(kind), "declared": declared, "first_seen": one.at, "last_seen": one.at}
    return {"src_id": ends[0], "dst_id": ends[1], "job_id": ids.job(one), **known}


def _columns(batch: Sequence[Placed], ids: Ids) -> Iterator[Row]:
    for one in batch:
        job, declared = ids.job(one), one.event.declares
        job_key = naming.key("job", one.event.job.namespace, one.event.job.name) if one.event.job else ""
        for step in one.columns:
            source, target = naming.key("dataset", *step.source), naming.key("dataset", *step.target)
            yield {
                "key": digest("column", source, step.field, target, step.to_field, job_key, declared),
                "src_id": ids.datasets[source],
                "src_field": step.field,
                "dst_id": ids.datasets[target],
                "dst_field": step.to_field,
                "job_id": job,
                "declared": declared,
                "how": step.how,
                "masking": step.masking,
                "how_at": one.at,
                "first_seen": one.at,
                "last_seen": one.at,
            }
