"""Django's backend for SQLite, in which whoever waits for the writers' turn does so in Python.

SQLite would wait inside the statement: up to 100 ms longer than the turn is taken, and holding the connection's mutex.
Whoever then frees a cursor of that connection, as Python's collector of cycles does in any thread, waits for it; and
when that thread has the turn, both wait until one gives up. This is how Django wants backends changed:
https://docs.djangoproject.com/en/5.2/ref/databases/#subclassing-the-built-in-database-backends
"""

import sqlite3
import time
from typing import Any

from django.db.backends.sqlite3 import base

EVERY = 0.001
"""Seconds from one look for the turn to the next."""


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that waits for its turn for as long as its connection's `timeout` says."""

    patience: float

    def execute(self, query: str, params: Any = None) -> Any:
        """Do what one statement says; many at a time are for transactions, which have their turn already."""
        until = 0.0
        while True:
            try:
                return super().execute(query, params)
            except sqlite3.OperationalError as error:
                now = time.monotonic()
                until = until or now + self.patience
                if not self._waits(error) or now > until:
                    raise
            time.sleep(EVERY)

    def _waits(self, error: sqlite3.OperationalError) -> bool:
        """Whether nothing was done because somebody else has the turn."""
        # errors of Python's module itself have no code
        busy: bool = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        return busy and not self.connection.in_transaction


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to SQLite."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open one; while it is opened SQLite waits by itself."""
        found = super().get_new_connection(conn_params)
        found.execute("PRAGMA busy_timeout = 0")
        return found

    def create_cursor(self, name: str | None = None) -> Cursor:  # noqa: ARG002 - as Django calls it
        """Return a cursor that waits for its turn."""
        found: Cursor = self.connection.cursor(factory=Cursor)
        found.patience = self.settings_dict["OPTIONS"].get("timeout", 5.0)
        return found
