"""Many rows at a time, by COPY and arrays on PostgreSQL, one prepared statement on SQLite; and values found."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

_HEADS = {
    "postgresql": "SELECT subject, number, seq FROM audit_head"
    " WHERE subject IN (SELECT json_array_elements_text(%s::json))",
    "sqlite": "SELECT subject, number, seq FROM audit_head WHERE subject IN (SELECT value FROM json_each(%s))",
}
_MOVE = (
    "INSERT INTO audit_head (subject, number, seq) SELECT subject, max(number), max(seq) FROM audit_trail"
    " WHERE seq >= %s AND seq < %s GROUP BY subject"
    " ON CONFLICT (subject) DO UPDATE SET number = EXCLUDED.number, seq = EXCLUDED.seq"
)
_TAKE_OFF = {
    "postgresql": "DELETE FROM audit_pending WHERE entry_id = ANY(%s::bigint[])",
    "sqlite": "DELETE FROM audit_pending WHERE entry_id IN (SELECT value FROM json_each(%s))",
}
_OFFER = "INSERT INTO audit_entry (body, scope_id, action, outcome, actor_id, at)"
_OFFER_EACH = _OFFER + " VALUES (%s, %s, %s, %s, %s, %s)"
_OFFER_NEW = f"""WITH added (key) AS ({{}}), offered AS (
    {_OFFER} SELECT told.body, %s::uuid, %s, %s, %s, %s
    FROM unnest(%s::text[], %s::bytea[]) WITH ORDINALITY AS told (key, body, place)
    JOIN added USING (key) ORDER BY place
) SELECT key FROM added"""  # noqa: S608 - made of constants
_LIST = {"postgresql": "{%s}", "sqlite": "[%s]"}
"""How each writes a list of numbers as one parameter."""


def rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of one statement."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def execute(sql: str) -> None:
    """Do what one statement without parameters says."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def fetch(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a large or frequent statement, on PostgreSQL past what Django does for every query.

    There rows come in their binary form, and the statement is planned once and kept when it comes often, as
    `prepare_threshold` in DATABASE_URL says.
    """
    live = connections[DEFAULT_DB_ALIAS]
    if live.vendor != "postgresql":
        return rows(sql, params)
    with _bound_there(live, sql, params) as cursor:
        return list(cursor.fetchall())


def send(sql: str, params: Sequence[Any]) -> None:
    """Do what one large or frequent statement says that answers nothing."""
    live = connections[DEFAULT_DB_ALIAS]
    if live.vendor == "postgresql":
        with _bound_there(live, sql, params):
            return
    with live.cursor() as cursor:
        cursor.execute(sql, params)


def as_uuid(value: Any) -> UUID:
    """An id as a statement found it: PostgreSQL's own, SQLite's as text."""
    return value if isinstance(value, UUID) else _uuid_of(value)


_uuid_of = lru_cache(maxsize=4096)(UUID)


def as_time(value: Any) -> datetime:
    """A moment as a statement found it: PostgreSQL's with a zone, SQLite's as text in UTC."""
    found: datetime = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def texts(values: Collection[str]) -> str:
    """An array of texts as PostgreSQL reads it from one text, which is quicker to make than one with each beside it.

    Parted by NUL, which no text that it keeps holds, and escaped all together; refused where one holds it.
    """
    if not values:
        return "{}"
    text = "\0".join(values)
    if text.count("\0") != len(values) - 1:
        raise ValueError("a text with NUL in it cannot be kept")
    return '{"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","') + '"}'


def blobs(values: Collection[bytes]) -> str:
    """An array of bytes as PostgreSQL reads it from one text."""
    return '{"' + '","'.join(["\\\\x" + one.hex() for one in values]) + '"}' if values else "{}"


@contextmanager
def _bound_there(live: Any, sql: str, params: Sequence[Any]) -> Iterator[Any]:
    """A cursor after a statement with values that PostgreSQL binds; `live` is this thread's connection."""
    from psycopg import Cursor  # noqa: PLC0415 - known to be there once PostgreSQL answers
    from psycopg.pq import Format  # noqa: PLC0415

    live.ensure_connection()
    bare: Any = Cursor(live.connection)
    bare.format = Format.BINARY
    wrapped = live.make_debug_cursor if live.queries_logged else live.make_cursor
    live.connection.prepare_threshold = live.settings_dict["OPTIONS"].get("prepare_threshold")
    try:
        with wrapped(bare) as cursor:
            cursor.execute(sql, params)
            yield cursor
    finally:
        live.connection.prepare_threshold = None


def prepare_only_here(_sender: object = None, *, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Keep psycopg from remembering all other statements, each with its values in it; they are never prepared.

    A receiver of `connection_created`.
    """
    if connection.vendor == "postgresql":
        connection.connection.prepare_threshold = None


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


class Adding(Protocol):
    """Rows on their way into a table where some may be already; what is answered is the key of each that was not."""

    def statement(self) -> tuple[str, Sequence[Any]]:
        """The one statement that adds them on PostgreSQL, and its values."""

    def write(self) -> list[tuple[Any, ...]]:
        """Add them."""


def offer(adding: Adding, bodies: Mapping[str, bytes], rest: Sequence[Any]) -> set[str]:
    """Add rows, and for those that were not there entries, by key; returns their keys.

    The entries differ in their bytes alone; `rest` holds the columns that they share. One statement on PostgreSQL.
    """
    scope, action, outcome, actor, at = rest
    if connection.vendor == "postgresql":
        statement, values = adding.statement()
        found = fetch(_OFFER_NEW.format(statement), [*values, *rest, texts(bodies), blobs(bodies.values())])
        return {key for (key,) in found}
    new = {key for (key,) in adding.write()}
    said = (scope and scope.hex, action, outcome, actor.hex, connection.ops.adapt_datetimefield_value(at))
    with connection.cursor() as cursor:
        cursor.executemany(_OFFER_EACH, [(body, *said) for key, body in bodies.items() if key in new])
    return new


def heads(subjects: Collection[str]) -> list[tuple[str, int, int]]:
    """The ends of these subjects' trails, as far as they have one: subject, number, seq."""
    return fetch(_HEADS[connection.vendor], [json.dumps(list(subjects))])


def move_heads(start: int, end: int) -> None:
    """Let the trails of the subjects of leaves `start` to `end` end with them: numbers only grow along a trail."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [start, end])


def take_off(ids: Collection[int]) -> int:
    """Take these entries off the queue; returns how many were on it."""
    with connection.cursor() as cursor:
        listed = ",".join(map(str, ids))
        cursor.execute(_TAKE_OFF[connection.vendor], [_LIST[connection.vendor] % listed])
        return int(cursor.rowcount)
