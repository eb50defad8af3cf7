"""A connection to the database that threads use in turn.

A server hands requests to its threads one after the other. When each has a connection of its own, every request finds a
process of PostgreSQL, or a cache of SQLite's pages, that nobody has used since the same thread's last one, and that has
prepared its statements for itself. Whoever works one at a time anyway uses one that is warm.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

LATELY = 1.0
"""Seconds after its last use in which a connection is not asked whether it still lives."""


class Shared:
    """One connection beside those that threads have; opened by its first use, and anew once it is broken or old."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._connection: Any = None
        self._used = 0.0

    @contextmanager
    def here(self) -> Iterator[None]:
        """Let it be this thread's connection until the block ends, once nobody else has it.

        Inside a transaction nothing changes, as what is done there belongs to it, nor where this thread has it already.
        """
        own = connections[DEFAULT_DB_ALIAS]
        if own.in_atomic_block or own is self._connection:
            yield
            return
        with self._turn:
            connections[DEFAULT_DB_ALIAS] = self._fit()
            try:
                yield
            finally:
                connections[DEFAULT_DB_ALIAS] = own
                self._used = time.monotonic()

    def close(self) -> None:
        """Close it, once nobody has it; its next use opens another."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()

    def _fit(self) -> Any:
        """Return the connection; one that broke or is too old is closed, and opens again when it is used."""
        if self._connection is None:
            self._connection = connections.create_connection(DEFAULT_DB_ALIAS)
            self._connection.inc_thread_sharing()
        self._connection.close_if_unusable_or_obsolete()
        self._connection.health_check_done = time.monotonic() < self._used + LATELY
        return self._connection
