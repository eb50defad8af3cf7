"""Making the projection again from the raw events, beside the tables that people read.

A private SQLite database (a temporary file that is gone with its process) is filled from the raw events alone, by the
code that projects them when they come, with the ids that things have. Then what differs is put right in one
transaction, so readers see the old tables until the new ones are whole, and a process that dies on the way changes
nothing. Events that come meanwhile are kept as ever; the transaction takes in what came last. Memory is bounded by
`BATCH` rows.

What retention removed cannot be read again: rows that speak of the time of removed events are merged with what the
rest says, and stay where the rest says nothing of them.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from django.db import connection, connections, models, transaction
from django.db.backends.sqlite3.base import DatabaseWrapper

from audit.refusals import Conflict, Unavailable
from lineage import follow
from lineage.merge import Row, combine
from lineage.models import FOREVER, NEVER, Dataset, DatasetVersion, Job, RawEvent, Run, RunIO
from lineage.placed import Placed
from lineage.projection import project
from lineage.reading import again
from lineage.records import all_paid, merge
from lineage.retention.selectors import newest_removed
from lineage.tables import RULES

PATIENCE = 60.0
"""Seconds for which the tables may take in what is owed before a copy is made; what is late is added to it."""
BATCH = 200
"""How many raw events, or rows of a table, are in memory at once."""
THINGS: tuple[type[models.Model], ...] = (Dataset, Job, Run, DatasetVersion, RunIO)
"""What others point to by id: kept even where no raw event speaks of it any more."""
APART = 2**40
"""Ids of the copy begin here for things that the tables do not have."""
Progress = Callable[[int, int], None]
"""Told how many raw events are done, of how many."""


def _quietly(_done: int, _total: int) -> None:
    """Tell nobody."""


class Copy:
    """A projection of its own, made from the raw events alone."""

    def __init__(self) -> None:
        settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:?cache=private"}
        values = connections.configure_settings({"default": settings})["default"]
        self._connection = DatabaseWrapper(values, "default")
        self._removed_until: datetime | None = None
        with self.open():
            with connection.cursor() as cursor:
                for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-32000"):
                    cursor.execute(f"PRAGMA {pragma}")
                cursor.execute("CREATE TABLE done (pk INTEGER PRIMARY KEY)")
            with connection.schema_editor() as editor:
                for model in RULES:
                    editor.create_model(model)
            with connection.cursor() as cursor:
                for model in THINGS:
                    cursor.execute("INSERT INTO sqlite_sequence VALUES (%s, %s)", [model._meta.db_table, APART])

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let everything in this thread read and write the copy instead of the database."""
        live = connections["default"]
        connections["default"] = self._connection
        try:
            yield
        finally:
            connections["default"] = live

    def close(self) -> None:
        """Throw the copy away."""
        self._connection.close()

    def catch_up(self, progress: Progress = _quietly) -> int:
        """Project every raw event that the copy does not have yet, and return how many it has then."""
        total = RawEvent.objects.count()
        done = self.done()
        if done == total:
            return done
        self._seed()
        for batch in _batches(RawEvent.objects.order_by("pk").values_list("pk", flat=True).iterator(BATCH)):
            missing = self._missing(batch)
            if missing:
                self._take(missing)
                done += len(missing)
                progress(done, max(total, done))
        return done

    def _take(self, pks: Sequence[int]) -> None:
        ready = list(_read(pks))
        with self.open():
            project(ready)
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO done VALUES (%s)", [(pk,) for pk in pks])

    def done(self) -> int:
        """Return how many raw events it was made from."""
        with self.open(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM done")
            return int(cursor.fetchone()[0])

    def _missing(self, pks: Sequence[int]) -> list[int]:
        marks = ", ".join(["%s"] * len(pks))
        with self.open(), connection.cursor() as cursor:
            cursor.execute(f"SELECT pk FROM done WHERE pk IN ({marks})", list(pks))  # noqa: S608 - only placeholders
            known = {pk for (pk,) in cursor.fetchall()}
        return [pk for pk in pks if pk not in known]

    def _seed(self) -> None:
        """Give the copy the ids, keys and scopes of the things there are, and nothing else that is known of them."""
        for model in THINGS:
            with self.open():
                last = model._default_manager.filter(pk__lt=APART).aggregate(last=models.Max("pk"))["last"] or 0
            for rows in _batches(model._default_manager.filter(pk__gt=last).order_by("pk").values().iterator(BATCH)):
                blank = [_forgotten(model, row) for row in rows]
                with self.open():
                    model._default_manager.bulk_create([model(**row) for row in blank], ignore_conflicts=True)

    def strangers(self) -> bool:
        """Say whether raw events name things that the tables do not have."""
        with self.open():
            return any(model._default_manager.filter(pk__gte=APART).exists() for model in THINGS)

    def put_right(self) -> int:
        """Make the tables say what the copy says, and return how many rows differed. Needs a transaction."""
        _lock()
        follow.settle_here()
        self.catch_up()
        self._removed_until = newest_removed()
        if self.strangers():
            raise Conflict("lineage.not_replayed")
        differed = sum(self._changed(model) + self._surplus(model) for model in RULES)
        all_paid()
        return differed

    def _changed(self, model: type[models.Model]) -> int:
        """Write the rows that are missing or say something else."""
        differing = 0
        columns = [field.attname for field in model._meta.concrete_fields]
        with self.open():
            rows = model._default_manager.values(*columns).order_by("pk").iterator(BATCH)
        for batch in _batches(self._inside(rows)):
            told = [row for row in batch if row.get("first_seen") != FOREVER]
            live = {_key(model, row): row for row in _like(model, told, columns)}
            meant = [self._meant(model, live.get(_key(model, row)), row) for row in told]
            wrong = [row for row in meant if not _same(live.get(_key(model, row)), row, model)]
            _delete(model, [live[_key(model, row)] for row in wrong if _key(model, row) in live])
            _insert(model, wrong, live)
            differing += len(wrong)
        return differing

    def _surplus(self, model: type[models.Model]) -> int:
        """Remove the rows that no raw event stands behind, but for things that others point to."""
        if model in THINGS:
            return 0
        gone = 0
        columns = [field.attname for field in model._meta.concrete_fields]
        for batch in _batches(model._default_manager.values(*columns).order_by("pk").iterator(BATCH)):
            with self.open():
                known = {_key(model, row) for row in _like(model, batch, columns)}
            left = [row for row in batch if _key(model, row) not in known and not self._of_removed(row)]
            _delete(model, left)
            gone += len(left)
        return gone

    def _meant(self, model: type[models.Model], live: Row | None, row: Row) -> Row:
        """Return what a row shall say: what the copy says, and what removed events may have said besides."""
        if live is None or not self._of_removed(live):
            return row
        return {**combine(RULES[model], [live, row])[0], "id": row["id"]} if "id" in row else live

    def _of_removed(self, row: Row) -> bool:
        """Say whether an event that retention removed may stand behind a row: whether it speaks of such early times."""
        begun = row.get("first_seen") or row.get("at")
        return self._removed_until is not None and (begun is None or begun <= self._removed_until)

    def _inside(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Read on from rows of the copy."""
        while True:
            with self.open():
                batch = [row for row, _ in zip(rows, range(BATCH), strict=False)]
            if not batch:
                return
            yield from batch


def prepared(progress: Progress = _quietly) -> Copy:
    """Return a copy that only has to be put in place; what the tables lack altogether is added to them first."""
    with suppress(Unavailable):
        follow.catch_up(PATIENCE)
    copy = Copy()
    copy.catch_up(progress)
    if not copy.strangers():
        return copy
    copy.close()
    replay(progress)
    copy = Copy()
    copy.catch_up(progress)
    return copy


def replay(progress: Progress = _quietly) -> int:
    """Project every raw event onto the tables once more, which adds what they lack. Needs no transaction around it."""
    total, done = RawEvent.objects.count(), 0
    for pks in _batches(RawEvent.objects.order_by("pk").values_list("pk", flat=True).iterator(BATCH)):
        with transaction.atomic():
            project(list(_read(pks)))
        done += len(pks)
        progress(done, total)
    return done


def _read(pks: Sequence[int]) -> Iterator[Placed]:
    for raw in RawEvent.objects.filter(pk__in=pks).order_by("pk"):
        event = again(zlib.decompress(raw.body))
        yield Placed(event, event.at or raw.received_at, raw.scope_id, raw.sha256)


def _forgotten(model: type[models.Model], row: Row) -> Row:
    """Return a thing of which nothing is known but which it is; any statement beats what stands there."""
    kept = {"id", "key", "scope_id", "uuid", "given", "declared", "job_id", "run_id", "dataset_id", "direction"}
    kept |= {"version"} if model is DatasetVersion else set()
    blank = {name: value for name, value in row.items() if name in kept}
    return {**blank, "first_seen": FOREVER, "last_seen": NEVER}


def _key(model: type[models.Model], row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in RULES[model].key)


def _same(live: Row | None, row: Row, model: type[models.Model]) -> bool:
    """Compare two rows; ids that nothing points to may differ."""
    if live is None:
        return False
    ignored = set() if model in THINGS else {"id"}
    return all(live[name] == value for name, value in row.items() if name not in ignored)


def _like(model: type[models.Model], rows: Sequence[Row], columns: Sequence[str]) -> Iterable[Row]:
    """Return the rows with the keys of `rows`; of a key of several columns, those with the same first column."""
    names = RULES[model].key
    wanted = {row[names[0]] for row in rows}
    found = model._default_manager.filter(**{f"{names[0]}__in": wanted})
    if len(names) > 1:
        found = found.filter(**{f"{names[1]}__in": {row[names[1]] for row in rows}})
    return found.values(*columns).iterator(BATCH)


def _delete(model: type[models.Model], rows: Sequence[Row]) -> None:
    if model in THINGS or not rows:
        return
    name = "id" if "id" in rows[0] else RULES[model].key[0]
    model._default_manager.filter(pk__in=[row[name] for row in rows]).delete()


def _insert(model: type[models.Model], rows: Sequence[Row], live: dict[tuple[Any, ...], Row]) -> None:
    if model not in THINGS:
        merge(model, rows)
        return
    known = [row for row in rows if _key(model, row) in live]
    names = [f.attname for f in model._meta.concrete_fields if not f.primary_key]
    objects = [model(**{**row, "id": live[_key(model, row)]["id"]}) for row in known]
    model._default_manager.bulk_update(objects, names, batch_size=50)


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _lock() -> None:
    """Keep new events out until the transaction ends; SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        kept: list[type[models.Model]] = [RawEvent, *RULES]
        tables = ", ".join(f'"{model._meta.db_table}"' for model in kept)
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
