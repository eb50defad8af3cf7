"""SQLite's authorizer, in every connection of this process: what the triggers refuse is not even compiled.

It also refuses to take the triggers away, which triggers cannot. It holds in this process alone: another program that
may write the file is not asked. Nothing in the environment or the settings switches it off; the one way past it is the
context `aside`, which migrations stand in.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.models import GUARDED, WRITTEN_ONCE

REFUSED = "not authorized"
EMPTIES = "audit_pruned_empties"
"""The trigger that removes content under an entry that says so; the triggers on what it changes check that."""
INDEX = "audit_words_index"
ADDED, EMPTIED, REMOVED = "audit_words_added", "audit_words_emptied", "audit_words_removed"
"""SQLite's index of words, and the triggers that keep it: nothing else may write to it."""
_ONCE, _GUARDED = frozenset(WRITTEN_ONCE), frozenset(GUARDED)
_PARTS = frozenset(f"{INDEX}_{each}" for each in ("data", "idx", "config"))
"""The tables of FTS5 behind it. FTS5 adds and deletes rows of them in our name, so that these two cannot be refused."""
_OF_FIRST = {
    sqlite3.SQLITE_UPDATE: _GUARDED | {INDEX, *_PARTS},
    sqlite3.SQLITE_DELETE: _ONCE | {INDEX},
    sqlite3.SQLITE_DROP_TABLE: _GUARDED | _PARTS,
    sqlite3.SQLITE_DROP_VTABLE: frozenset({INDEX}),
}
_OF_SECOND = frozenset(
    {
        sqlite3.SQLITE_DROP_TRIGGER,
        sqlite3.SQLITE_DROP_TEMP_TRIGGER,
        sqlite3.SQLITE_CREATE_TRIGGER,
        sqlite3.SQLITE_CREATE_TEMP_TRIGGER,
        sqlite3.SQLITE_ALTER_TABLE,
    }
)
"""Actions whose second argument is the table."""


def watch(_sender: object = None, *, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Put the authorizer on a connection that was just opened; a receiver of `connection_created`."""
    if connection.vendor == "sqlite":
        connection.connection.set_authorizer(answer)


def standing(connection: BaseDatabaseWrapper) -> bool:
    """Whether this connection refuses to change what is written once; tried, with a statement that changes nothing."""
    if connection.vendor != "sqlite":
        return False
    connection.ensure_connection()
    try:
        connection.connection.execute("PRAGMA writable_schema = 0")
    except sqlite3.DatabaseError as error:
        return REFUSED in str(error)
    return False


@contextmanager
def aside(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let this one connection change the log's tables, for a migration; others stay watched, and so does it after."""
    before = release(connection)
    try:
        yield
    finally:
        if before:
            watch(connection=connection)


def release(connection: BaseDatabaseWrapper) -> bool:
    """Take the authorizer off this connection and return whether it was on. For `aside`, and between tests."""
    was = standing(connection)
    if connection.vendor == "sqlite":
        connection.connection.set_authorizer(None)
    return was


def answer(action: int, first: str | None, second: str | None, _database: str | None, inside: str | None) -> int:
    """SQLite's question about one step of a statement that is being compiled: may it?"""
    if action in (sqlite3.SQLITE_READ, sqlite3.SQLITE_SELECT):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_UPDATE and second in {"body", "words"} and inside == EMPTIES:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_INSERT and first == INDEX and inside not in {ADDED, EMPTIED, REMOVED}:
        return sqlite3.SQLITE_DENY
    if action in _OF_FIRST and first in _OF_FIRST[action]:
        return sqlite3.SQLITE_DENY
    if action in _OF_SECOND and second in _GUARDED | _PARTS:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and second is not None and str(first).lower() == "writable_schema":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
