"""What events tell beyond edges, as rows: facets in their latest state, owners, tags, names, changes, checks, numbers.

Part of the projection: every row carries the time of its event, so that rows merge in any order.
"""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from lineage import naming, said
from lineage.event import canonical
from lineage.merge import Row
from lineage.models import Alias, Change, Check, Declaration, Facet, FacetBody, JobLink, Metric, Owner, Tag
from lineage.placed import Ids, Placed
from lineage.seen import DatasetSeen, Seen, once

Rows = dict[type[Model], list[Row]]
_GONE: Row = {"sha256": ""}


@dataclass(frozen=True, slots=True)
class _Thing:
    """What facets are about: its kind and id."""

    about: str
    pk: int

    def row(self, *parts: str) -> Row:
        """Return the columns that every row about it has."""
        return {"key": beside(self.pk, self.about, *parts), "about": self.about, "about_id": self.pk}


@dataclass(slots=True)
class _Teller:
    """Collects the rows that one batch of events tells."""

    ids: Ids
    rows: Rows = field(default_factory=dict)

    def add(self, model: type[Model], *rows: Row) -> None:
        """Take rows of a table."""
        self.rows.setdefault(model, []).extend(rows)

    def facets(self, one: Placed, thing: _Thing, bodies: dict[str, Row], gone: Sequence[str] = ()) -> None:
        """Take the latest state of facets, and their JSON."""
        self.add(FacetBody, *bodies.values())
        about = {"about": thing.about, "about_id": thing.pk, "event": one.sha256, "at": one.at}
        for name, body in (*bodies.items(), *((name, _GONE) for name in gone)):
            key = beside(thing.pk, thing.about, "facet", name)
            self.add(Facet, {"key": key, "name": name, "sha256": body["sha256"], **about})

    def members(self, one: Placed, thing: _Thing, seen: Seen) -> None:
        """Take the owners and tags that facets name."""
        when = {"first_seen": one.at, "last_seen": one.at}
        for owner in said.owners(seen):
            self.add(Owner, {**thing.row("owner", *owner), **owner._asdict(), **when})
        for tag in said.tags(seen):
            self.add(Tag, {**thing.row("tag", *tag), **tag._asdict(), **when})

    def dataset(self, one: Placed, seen: DatasetSeen, direction: str) -> None:
        """Take what is said of a dataset, by itself and as something that a run read or wrote."""
        key = naming.key("dataset", seen.namespace, seen.name)
        thing = _Thing("dataset", self.ids.datasets[key])
        self.facets(one, thing, _bodies(seen), seen.gone)
        self.members(one, thing, seen)
        self._names(one, seen, thing.pk, key)
        run_id = self.ids.run(one)
        if seen.io and run_id:
            io = self.ids.io[run_id, thing.pk, direction]
            self.facets(one, _Thing(direction, io), _io_bodies(seen))
        for check in said.checks(seen):
            self._check(one, check, thing.pk)
        for metric in said.metrics(seen):
            row = {"run_id": run_id or None, "dataset_id": thing.pk, **metric._asdict(), "at": one.at}
            self.add(Metric, {"key": beside(run_id, "metric", thing.pk, *metric[:3]), **row})

    def _names(self, one: Placed, seen: DatasetSeen, pk: int, key: str) -> None:
        when = {"first_seen": one.at, "last_seen": one.at}
        for alias in said.aliases(seen):
            other = naming.key("dataset", alias.namespace, alias.name)
            if other != key:
                row = {"dataset_id": pk, "other_key": other, **alias._asdict(), **when}
                self.add(Alias, {"key": beside(pk, "alias", other, alias.kind), **row})
        what = said.change(seen)
        if what:
            run_id = self.ids.run(one)
            own = beside(pk, "change", what.change, what.namespace, what.name, run_id)
            before = {"previous_namespace": what.namespace, "previous_name": what.name}
            row = {"key": own, "dataset_id": pk, "change": what.change, "run_id": run_id}
            self.add(Change, {**row, **before, **when})

    def job(self, one: Placed) -> None:
        """Take what is said of the job and the run of an event."""
        job = one.event.job
        if job is None:
            return
        key = naming.key("job", job.namespace, job.name)
        thing = _Thing("job", self.ids.jobs[key])
        self.facets(one, thing, _bodies(job), job.gone)
        self.members(one, thing, job)
        seen = {"first_seen": one.at, "last_seen": one.at}
        for link in said.links(one.event):
            other = naming.key("job", link.namespace, link.name)
            row = {"job_id": thing.pk, "other_key": other, **link._asdict(), **seen}
            self.add(JobLink, {"key": beside(thing.pk, "link", link.kind, other), **row})
        run = one.event.run
        if run is not None:
            execution = _Thing("run", self.ids.run(one))
            self.facets(one, execution, _bodies(run))
            self.members(one, execution, run)
            for check in said.tests(run):
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

    def _check(self, one: Placed, check: said.CheckSaid, dataset_id: int | None) -> None:
        run_id = self.ids.run(one)
        key = beside(run_id, "check", dataset_id, check.name, check.column)
        self.add(
            Check, {"key": key, "run_id": run_id or None, "dataset_id": dataset_id, **check._asdict(), "at": one.at}
        )


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


@once
def _bodies(seen: Seen) -> dict[str, Row]:
    """Return the JSON of each facet as a row."""
    return {name: _body(facet) for name, facet in seen.facets.items()}


@once
def _io_bodies(seen: DatasetSeen) -> dict[str, Row]:
    return {name: _body(facet) for name, facet in seen.io.items()}


def _body(facet: Any) -> Row:
    text = canonical(facet).encode("utf-8", "replace")
    body = text if len(text) < FacetBody.SMALL else zlib.compress(text, 1)
    body = b"" if len(text) > FacetBody.LARGE else body
    return {"sha256": hashlib.sha256(text).hexdigest(), "size": len(text), "body": body}


def beside(pk: int, *parts: Any) -> str:
    """Return the key of a row about the thing with that id: rows about one thing lie beside each other in an index.

    So an event touches few pages of it, however many events there were; digests alone lie anywhere.
    """
    return f"{pk:016x}{digest(*parts)[:48]}"


def digest(*parts: Any) -> str:
    """Return the digest of parts, each of which may hold anything: no other parts have the same."""
    text = "\n".join([f"{len(part)}:{part}" for part in map(str, parts)])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
