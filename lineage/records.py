"""Writes of lineage inside the caller's transaction: keeping raw events, and projecting them.

The projection is made of merging upserts alone (see `lineage.merge`), in one order of tables and keys, so that
concurrent writers neither deadlock nor lose what the other says.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from audit import bulk
from lineage import many
from lineage.columns import columns_of
from lineage.event import run_of
from lineage.merge import Merge, Row, assignments, combine
from lineage.models import Dataset, Owed, RawEvent
from lineage.reading import Reading
from lineage.tables import RULES

_RAW = Merge(("sha256",))
AT_ONCE = (50, 10, 1)
"""So many rows go into one statement where SQLite is to answer something of each."""


def raw(readings: Sequence[Reading], principal_id: UUID, scope_id: UUID, now: datetime) -> "Ready":
    """Return what stores the raw events that are new and answers their digests; those already known change nothing.

    The database owes the tables what they say, in the same transaction (see `lineage.follow`).
    """
    rows = [
        {
            "sha256": one.sha256,
            "body": one.packed,
            "size": one.size,
            "kind": one.event.kind,
            "at": one.event.at or now,
            "received_at": now,
            "run_uuid": run_of(one.event, one.event.at or now),
            "scope_id": scope_id,
            "principal_id": principal_id,
            "warnings": list(one.event.warnings),
            "redacted": list(one.removed),
        }
        for one in readings
    ]
    return ready(RawEvent, rows, ("sha256",))


def paid(pks: Sequence[int]) -> None:
    """Note that the tables say what these raw events say."""
    Owed.objects.filter(pk__in=pks).delete()


def all_paid() -> None:
    """Note that the tables say what every raw event says, those that were set aside included."""
    Owed.objects.all().delete()


def set_aside(pk: int) -> None:
    """Note that this raw event could not be projected."""
    Owed.objects.filter(pk=pk).update(stuck=True)


def move_dataset(dataset_id: int, scope_id: UUID) -> None:
    """Put a dataset into another scope, as when its catalog asset is adopted there."""
    Dataset.objects.filter(pk=dataset_id).update(scope_id=scope_id)


@dataclass(frozen=True, slots=True)
class Ready:
    """Rows on their way into a table: as the database takes them, made before anybody has to wait for them.

    PostgreSQL takes every column as one array; SQLite takes row after row, and several at once where it is to answer.
    """

    model: type[Model]
    columns: list[Any]
    count: int
    returning: tuple[str, ...]

    def write(self) -> list[tuple[Any, ...]]:
        """Insert or merge the rows, and return what was asked for of every row written."""
        if not self.count:
            return []
        if connection.vendor == "postgresql":
            if self.returning:
                return bulk.fetch(*self.statement())
            bulk.send(*self.statement())
            return []
        rows = list(zip(*self.columns, strict=True))
        if self.returning:
            return self._answered(rows)
        with connection.cursor() as cursor:
            cursor.executemany(_from_rows(self.model, 1, ()), rows)
        return []

    def statement(self) -> tuple[str, list[Any]]:
        """Return the one statement that does it on PostgreSQL, and its values."""
        return _from_arrays(self.model, self.returning), self.columns

    def _answered(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        with connection.cursor() as cursor:
            start = 0
            while start < len(rows):
                # few kinds of statements, so that each is prepared once
                size = next(size for size in AT_ONCE if size <= len(rows) - start)
                values = list(chain.from_iterable(rows[start : start + size]))
                cursor.execute(_from_rows(self.model, size, self.returning), values)
                found += cursor.fetchall()
                start += size
        return found


def ready(model: type[Model], rows: Iterable[Row], returning: tuple[str, ...] = ()) -> Ready:
    """Make what inserts `rows` into a table or merges them into what is there by its rule (`lineage.tables`).

    Columns that a row leaves out get their default. With a rule that merges nothing, rows that exist are left alone.
    `returning` names what is wanted of every row written.
    """
    merged = combine(_rule(model), rows)
    columns = [one.values(merged) for one in columns_of(model, connection.vendor)] if merged else []
    return Ready(model, columns, len(merged), returning)


def merge(model: type[Model], rows: Iterable[Row], returning: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    """Insert `rows` into a table or merge them into what is there, as `ready` says, at once."""
    return ready(model, rows, returning).write()


def look(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a query in which `= ANY(%s)` asks about `values`, numbers or plain texts.

    For the few questions that every event asks; Django takes longer to write such a query than databases to answer.
    """
    if connection.vendor == "postgresql":
        return bulk.fetch(statement, [bulk.texts(list(map(str, values)))])
    return bulk.fetch(
        statement.replace("= ANY(%s)", "IN (SELECT value FROM json_each(%s))"), [json.dumps(list(values))]
    )


def restate(model: type[Model], column: str, values: Mapping[int, str]) -> None:
    """Put a text that is computed from merged values into `column` of the rows with these ids."""
    if not values:
        return
    table, pks = model._meta.db_table, sorted(values)
    if connection.vendor == "postgresql":
        bulk.send(
            f'UPDATE "{table}" SET "{column}" = new.value'  # noqa: S608 - names of our own models
            f' FROM unnest(%s::bigint[], %s::text[]) AS new(id, value) WHERE "{table}"."id" = new.id',
            [many.ids(pks), bulk.texts([values[pk] for pk in pks])],
        )
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            f'UPDATE "{table}" SET "{column}" = %s WHERE "id" = %s',  # noqa: S608 - names of our own models
            [(values[pk], pk) for pk in pks],
        )


def _rule(model: type[Model]) -> Merge:
    return _RAW if model is RawEvent else RULES[model]


@lru_cache(maxsize=64)
def _sets(model: type[Model], vendor: str) -> str:
    text: tuple[str, ...] = ()
    if vendor == "postgresql":
        text = tuple(
            field.attname
            for field in model._meta.concrete_fields
            if field.get_internal_type() in {"TextField", "CharField"}
        )
    return assignments(_rule(model), model._meta.db_table, text)


@lru_cache(maxsize=128)
def _from_rows(model: type[Model], count: int, returning: tuple[str, ...]) -> str:
    slots = f"({', '.join(['%s'] * len(columns_of(model, 'sqlite')))})"
    return _statement(model, "sqlite", f"VALUES {', '.join([slots] * count)}", returning)


@lru_cache(maxsize=64)
def _from_arrays(model: type[Model], returning: tuple[str, ...]) -> str:
    arrays = ", ".join(f"%s::{one.kind}[]" for one in columns_of(model, "postgresql"))
    return _statement(model, "postgresql", f"SELECT * FROM unnest({arrays})", returning)  # noqa: S608 - our own words


def _statement(model: type[Model], vendor: str, source: str, returning: tuple[str, ...]) -> str:
    names = _quoted(one.name for one in columns_of(model, vendor))
    sets = _sets(model, vendor)
    action = f"DO UPDATE SET {sets}" if sets else "DO NOTHING"
    tail = f" RETURNING {_quoted(returning)}" if returning else ""
    # every name comes from our own models and rules; values are parameters
    return (
        f'INSERT INTO "{model._meta.db_table}" ({names}) {source} '
        f"ON CONFLICT ({_quoted(_rule(model).key)}) {action}{tail}"
    )


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
