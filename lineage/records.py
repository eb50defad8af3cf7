"""Writes of lineage inside the caller's transaction: keeping raw events, and projecting them.

The projection is made of merging upserts alone (see `lineage.merge`), in one order of tables and keys, so that
concurrent writers neither deadlock nor lose what the other says.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import DateTimeField, Field, Model, UUIDField

from lineage.event import run_of
from lineage.merge import Merge, Row, assignments, combine
from lineage.models import Dataset, Owed, RawEvent
from lineage.reading import Reading
from lineage.tables import RULES

_RAW = Merge(("sha256",))
LOOK = 500
"""At most this many values are asked about in one statement."""
PARAMETERS = 9_000
"""At most this many values go into one statement; SQLite and PostgreSQL both take more."""


def keep(readings: Sequence[Reading], principal_id: UUID, scope_id: UUID, now: datetime) -> set[str]:
    """Store the raw events that are new and return their digests; those already known change nothing.

    The database owes the tables what they say, in the same transaction (see `lineage.follow`).
    """
    rows = [
        {
            "sha256": one.sha256,
            "body": zlib.compress(one.body, 1),
            "size": len(one.body),
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
    return {digest for (digest,) in merge(RawEvent, rows, ("sha256",))}


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
    """Rows on their way into a table: statements with their values, made before anybody has to wait for them."""

    statements: list[tuple[str, list[Any]]]
    returns: bool

    def write(self) -> list[tuple[Any, ...]]:
        """Insert or merge the rows, and return what was asked for of every row written."""
        found: list[tuple[Any, ...]] = []
        with connection.cursor() as cursor:
            for statement, values in self.statements:
                cursor.execute(statement, values)
                if self.returns:
                    found += cursor.fetchall()
        return found


def ready(model: type[Model], rows: Iterable[Row], returning: tuple[str, ...] = ()) -> Ready:
    """Make what inserts `rows` into a table or merges them into what is there by its rule (`lineage.tables`).

    Columns that a row leaves out get their default. With a rule that merges nothing, rows that exist are left alone.
    `returning` names what is wanted of every row written.
    """
    merged = combine(_rule(model), rows)
    columns = _columns(model, connection.vendor)
    step = max(1, PARAMETERS // len(columns))
    statements = []
    for start in range(0, len(merged), step):
        part = merged[start : start + step]
        values = [convert(row.get(name, default)) for row in part for name, default, convert in columns]
        statements.append((_statement(model, connection.vendor, len(part), returning), values))
    return Ready(statements, bool(returning))


def merge(model: type[Model], rows: Iterable[Row], returning: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    """Insert `rows` into a table or merge them into what is there, as `ready` says, at once."""
    return ready(model, rows, returning).write()


def look(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a query that asks about `values`, which stand for its `{}`, so many at a time.

    For the few questions that every event asks; Django takes longer to write such a query than databases to answer.
    """
    found: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(values), LOOK):
            part = values[start : start + LOOK]
            cursor.execute(statement.format(", ".join(["%s"] * len(part))), part)
            found += cursor.fetchall()
    return found


def as_time(value: Any) -> datetime:
    """Return a time as a statement found it; SQLite keeps times as text, in UTC, and says them without a zone."""
    found: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def restate(model: type[Model], column: str, values: Mapping[int, Any]) -> None:
    """Put a value that is computed from merged ones into `column` of the rows with these ids."""
    if values:
        table = model._meta.db_table
        with connection.cursor() as cursor:
            cursor.executemany(
                f'UPDATE "{table}" SET "{column}" = %s WHERE "id" = %s',  # noqa: S608 - names of our own models
                [(values[pk], pk) for pk in sorted(values)],
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


@lru_cache(maxsize=512)
def _statement(model: type[Model], vendor: str, count: int, returning: tuple[str, ...]) -> str:
    names = [name for name, _, _ in _columns(model, vendor)]
    slots = f"({', '.join(['%s'] * len(names))})"
    sets = _sets(model, vendor)
    action = f"DO UPDATE SET {sets}" if sets else "DO NOTHING"
    tail = f" RETURNING {_quoted(returning)}" if returning else ""
    # every name comes from our own models and rules; values are parameters
    return (
        f'INSERT INTO "{model._meta.db_table}" ({_quoted(names)}) VALUES {", ".join([slots] * count)} '  # noqa: S608
        f"ON CONFLICT ({_quoted(_rule(model).key)}) {action}{tail}"
    )


@lru_cache(maxsize=64)
def _columns(model: type[Model], _vendor: str) -> list[tuple[str, Any, Callable[[Any], Any]]]:
    """Return name, default and conversion of every column, for the kind of database that is in use."""
    fields = [field for field in model._meta.concrete_fields if field.get_internal_type() != "BigAutoField"]
    return [(field.attname, field.get_default(), _converter(field)) for field in fields]


def _converter(field: "Field[Any, Any]") -> Callable[[Any], Any]:
    """Return what turns a value into the database's own: the quick ways for the common kinds."""
    if isinstance(field, DateTimeField):
        return lru_cache(maxsize=4096)(connection.ops.adapt_datetimefield_value)
    if isinstance(field, UUIDField) and not connection.features.has_native_uuid_field:
        return lambda value: value.hex if value is not None else None
    if field.get_internal_type() in {"JSONField", "BinaryField"}:
        return lambda value: field.get_db_prep_save(value, connection)
    return lambda value: value


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
