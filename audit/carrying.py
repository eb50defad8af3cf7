"""SQLite's log of writes (WAL) is brought into the database's file by one alone, while nobody writes.

Up to 3.51.2 SQLite may lose transactions that it said were kept, when a checkpoint runs while somebody's commit begins
the log anew (https://sqlite.org/wal.html, "The WAL-reset bug"; mended in 3.44.6, 3.50.7 and 3.51.3). So connections
here make no checkpoints as they commit (`wal_autocheckpoint`), and the one who does holds the writers' turn meanwhile.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from django.db import connection

OFTEN = 0.5
"""Seconds from one time to the next: what was written meanwhile is brought over together."""
PATIENCE = 20


class Carrier:
    """Brings over what was written since it last did, in one process: the worker that follows lineage."""

    def __init__(self, often: float = OFTEN) -> None:
        self._often, self._due, self._seen = often, 0.0, 0

    def carry(self) -> bool:
        """Bring over what is there, if it is time and something is; returns whether it did. Only SQLite has such a log.

        Readers are not waited for; what they still need stays in the log until the next time.
        """
        if connection.vendor != "sqlite" or time.monotonic() < self._due:
            return False
        name = str(connection.settings_dict["NAME"])
        log = Path(f"{name}-wal")
        written = log.stat().st_mtime_ns if log.exists() else 0
        if written == self._seen:
            return False
        with closing(sqlite3.connect(name, timeout=PATIENCE, isolation_level=None)) as turn:
            turn.execute("BEGIN IMMEDIATE")
            try:
                with connection.cursor() as cursor:
                    cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            finally:
                turn.execute("ROLLBACK")
        self._due, self._seen = time.monotonic() + self._often, written
        return True
