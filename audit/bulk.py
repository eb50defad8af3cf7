"""The sequencer's rows, many at a time: COPY and arrays on PostgreSQL, one prepared statement on SQLite."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

_HEADS = {
    "postgresql": "SELECT subject, number, seq FROM audit_head WHERE subject = ANY(%s)",
    "sqlite": "SELECT subject, number, seq FROM audit_head WHERE subject IN (SELECT value FROM json_each(%s))",
}
_MOVE = {
    "postgresql": "INSERT INTO audit_head (subject, number, seq)"
    " SELECT * FROM unnest(%s::varchar[], %s::bigint[], %s::bigint[])",
    "sqlite": "INSERT INTO audit_head (subject, number, seq) VALUES (%s, %s, %s)",
}
_MOVED = " ON CONFLICT (subject) DO UPDATE SET number = EXCLUDED.number, seq = EXCLUDED.seq"
_TAKE_OFF = {
    "postgresql": "DELETE FROM audit_pending WHERE entry_id = ANY(%s)",
    "sqlite": "DELETE FROM audit_pending WHERE entry_id IN (SELECT value FROM json_each(%s))",
}


def rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def fetch(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a large read, on PostgreSQL in its binary form, which is quicker to take apart."""
    if connection.vendor != "postgresql":
        return rows(sql, params)
    from psycopg import Cursor  # noqa: PLC0415 - known to be there once PostgreSQL answers

    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        return list(cursor.execute(sql, params, binary=True).fetchall())


@contextmanager
def snapshot() -> Iterator[None]:
    """Let everything inside be read as of one moment while others write on; inside a transaction it changes nothing."""
    if connection.in_atomic_block:
        yield
        return
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if postgresql else "BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def insert(table: str, columns: Mapping[str, str], values: Iterable[Sequence[Any]]) -> None:
    """Add rows to `table`; `columns` names each and its PostgreSQL type. `values` must ask the database nothing."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", list(values))  # noqa: S608
            return
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(list(columns.values()))
            for each in values:
                copy.write_row(each)


def heads(subjects: Collection[str]) -> list[tuple[str, int, int]]:
    """The ends of these subjects' trails, as far as they have one: subject, number, seq."""
    return rows(_HEADS[connection.vendor], [_listed(subjects)])


def move_heads(moved: Sequence[tuple[str, int, int]]) -> None:
    """Let the trails of these subjects end there."""
    sql = _MOVE[connection.vendor] + _MOVED
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.executemany(sql, moved)
        else:
            cursor.execute(sql, [[each[at] for each in moved] for at in range(3)])


def take_off(ids: Collection[int]) -> int:
    """Take these entries off the queue; returns how many were on it."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_OFF[connection.vendor], [_listed(ids)])
        return int(cursor.rowcount)


def _listed(values: Collection[object]) -> Any:
    """Many values as one parameter."""
    return list(values) if connection.vendor == "postgresql" else json.dumps(list(values))
