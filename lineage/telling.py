"""What events tell beyond edges, as rows: facets in their latest state, owners, tags, names, changes, checks, numbers.

Part of the projection: every row carries the time of its event, so that rows merge in any order.
"""

import hashlib
import marshal
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db.models import Model

from lineage import naming, said
from lineage.event import DatasetSeen, Facets, canonical
from lineage.merge import Row
from lineage.models import Alias, Change, Check, Declaration, Facet, FacetBody, JobLink, Metric, Owner, Tag
from lineage.placed import Ids, Placed, run_key

REMEMBERED = 8192
"""Facets of up to about so many bytes are remembered from one event to the next."""
Rows = dict[type[Model], list[Row]]


@dataclass(frozen=True, slots=True)
class _Thing:
    """What facets are about: its kind, id, and a key that does not depend on ids."""

    about: str
    pk: int
    key: str

    def row(self, *parts: str) -> Row:
        """Return the columns that every row about it has."""
        return {"key": digest(self.about, self.key, *parts), "about": self.about, "about_id": self.pk}


@dataclass(slots=True)
class _Teller:
    """Collects the rows that one batch of events tells."""

    ids: Ids
    rows: Rows = field(default_factory=dict)

    def add(self, model: type[Model], *rows: Row) -> None:
        """Take rows of a table."""
        self.rows.setdefault(model, []).extend(rows)

    def facets(self, one: Placed, thing: _Thing, facets: Facets, gone: Sequence[str] = ()) -> None:
        """Take the latest state of facets, and their JSON."""
        told = {"event": one.sha256, "at": one.at}
        for name, facet in facets.items():
            packed = marshal.dumps(facet, 2)
            body = _remembered(packed) if len(packed) < REMEMBERED else _body(facet)
            self.add(FacetBody, body)
            self.add(Facet, {**thing.row("facet", name), "name": name, "sha256": body["sha256"], **told})
        for name in gone:
            self.add(Facet, {**thing.row("facet", name), "name": name, "sha256": "", **told})

    def members(self, one: Placed, thing: _Thing, facets: Facets) -> None:
        """Take the owners and tags that facets name."""
        seen = {"first_seen": one.at, "last_seen": one.at}
        for owner in said.owners(facets):
            self.add(Owner, {**thing.row("owner", *owner), **owner._asdict(), **seen})
        for tag in said.tags(facets):
            self.add(Tag, {**thing.row("tag", *tag), **tag._asdict(), **seen})

    def dataset(self, one: Placed, seen: DatasetSeen, direction: str) -> None:
        """Take what is said of a dataset, by itself and as something that a run read or wrote."""
        key = naming.key("dataset", seen.namespace, seen.name)
        thing = _Thing("dataset", self.ids.datasets[key], key)
        self.facets(one, thing, seen.facets, seen.gone)
        self.members(one, thing, seen.facets)
        self._names(one, seen, thing)
        run_id, run = self._run(one)
        if seen.io and run_id:
            io = self.ids.io[run_id, thing.pk, direction]
            self.facets(one, _Thing(direction, io, f"{run}\n{key}"), seen.io)
        for check in said.checks(seen):
            self._check(one, check, thing)
        for metric in said.metrics(seen):
            row = {"run_id": run_id, "dataset_id": thing.pk, **metric._asdict(), "at": one.at}
            self.add(Metric, {"key": digest("metric", run, key, *metric[:3]), **row})

    def _names(self, one: Placed, seen: DatasetSeen, thing: _Thing) -> None:
        when = {"first_seen": one.at, "last_seen": one.at}
        for alias in said.aliases(seen):
            other = naming.key("dataset", alias.namespace, alias.name)
            if other != thing.key:
                row = {"dataset_id": thing.pk, "other_key": other, **alias._asdict(), **when}
                self.add(Alias, {"key": digest("alias", thing.key, other, alias.kind), **row})
        what = said.change(seen)
        if what:
            run_id, run = self._run(one)
            key = digest("change", thing.key, what.change, what.namespace, what.name, run)
            before = {"previous_namespace": what.namespace, "previous_name": what.name}
            row = {"key": key, "dataset_id": thing.pk, "change": what.change, "run_id": run_id or 0}
            self.add(Change, {**row, **before, **when})

    def job(self, one: Placed) -> None:
        """Take what is said of the job and the run of an event."""
        job = one.event.job
        if job is None:
            return
        key = naming.key("job", job.namespace, job.name)
        thing = _Thing("job", self.ids.jobs[key], key)
        self.facets(one, thing, job.facets, job.gone)
        self.members(one, thing, job.facets)
        seen = {"first_seen": one.at, "last_seen": one.at}
        for link in said.links(one.event):
            other = naming.key("job", link.namespace, link.name)
            row = {"job_id": thing.pk, "other_key": other, **link._asdict(), **seen}
            self.add(JobLink, {"key": digest("link", key, link.kind, other), **row})
        run = one.event.run
        if run is not None:
            run_id, run_key_ = self._run(one)
            execution = _Thing("run", run_id or 0, run_key_)
            self.facets(one, execution, run.facets)
            self.members(one, execution, run.facets)
            for check in said.tests(run.facets):
                self._check(one, check, None)

    def declaration(self, one: Placed) -> None:
        """Remember that the event states the lineage of its job or dataset as a whole."""
        job = one.event.job
        if job is not None:
            about = ("job", self.ids.jobs[naming.key("job", job.namespace, job.name)])
            self.add(Declaration, {"about": about[0], "about_id": about[1], "at": one.at})
        for seen in one.event.outputs if job is None else ():
            pk = self.ids.dataset(seen.namespace, seen.name)
            self.add(Declaration, {"about": "dataset", "about_id": pk, "at": one.at})

    def _check(self, one: Placed, check: said.CheckSaid, thing: _Thing | None) -> None:
        run_id, run = self._run(one)
        key = digest("check", run, thing.key if thing else "", check.name, check.column)
        row = {"run_id": run_id, "dataset_id": thing.pk if thing else None, **check._asdict(), "at": one.at}
        self.add(Check, {"key": key, **row})

    def _run(self, one: Placed) -> tuple[int | None, str]:
        if one.event.job is None:
            return None, ""
        key = run_key(one, one.event.job)
        return self.ids.runs[key], key


def tell(batch: Sequence[Placed], ids: Ids) -> Iterator[tuple[type[Model], list[Row]]]:
    """Yield the rows that `batch` tells, table by table."""
    teller = _Teller(ids)
    for one in batch:
        teller.job(one)
        for direction, datasets in (("in", one.event.inputs), ("out", one.event.outputs)):
            for seen in datasets:
                teller.dataset(one, seen, direction)
        if one.declares:
            teller.declaration(one)
    yield from teller.rows.items()


def _body(facet: Any) -> Row:
    text = canonical(facet).encode("utf-8", "replace")
    body = text if len(text) < FacetBody.SMALL else zlib.compress(text, 1)
    body = b"" if len(text) > FacetBody.LARGE else body
    return {"sha256": hashlib.sha256(text).hexdigest(), "size": len(text), "body": body}


@lru_cache(maxsize=2048)
def _remembered(packed: bytes) -> Row:
    """Return the same for a small facet: START and COMPLETE say the same, run after run."""
    return _body(marshal.loads(packed))  # noqa: S302 - packed a moment ago, by us


def digest(*parts: Any) -> str:
    """Return the digest of parts, each of which may hold anything."""
    text = "\n".join([f"{len(part)}:{part}" for part in map(str, parts)])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
