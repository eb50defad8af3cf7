"""SQLite's log of writes (WAL) is brought into the database's file by one alone, and only while it cannot begin anew.

Up to 3.51.2 SQLite may lose transactions that it said were kept, when a checkpoint begins while somebody's commit
begins the log anew (https://sqlite.org/wal.html, "The WAL-reset bug"; mended in 3.44.6, 3.50.7 and 3.51.3). A commit
does that only where the whole log is in the file already. So one process makes all checkpoints, connections make none
as they commit (`wal_autocheckpoint`), and it begins one only when something was committed after the last, which is in
the log alone until it is done; or else it holds the writers' turn meanwhile.
"""

import logging
import sqlite3
import threading
from contextlib import ExitStack, closing

from django.db import connection

from audit import sidecar
from jobs import rounds

log = logging.getLogger("attestry.audit")
OFTEN = 0.5
"""Seconds of rest between two times: what was written meanwhile is brought over together."""
LONG = 8192
"""Pages of a log that is brought over to its end, in the writers' turn, so that the next commit begins it anew."""
PATIENCE = 2
"""Seconds for which the turn is waited for; then it is for the next time."""


def start(stop: threading.Event) -> threading.Thread:
    """Carry over in a thread until `stop` is set; beside those who write, who need not wait for the disk with it."""
    carrier, trouble = Carrier(), "SQLite's log of writes cannot be carried over."
    return rounds.start(stop, "audit-carrier", carrier.carry, rest=OFTEN, trouble=trouble, log=log, leave=carrier.close)


class Carrier:
    """Brings over what was committed since it last did: one of all there are, in one worker."""

    def __init__(self) -> None:
        self._mine = ExitStack()
        self._own: sqlite3.Connection | None = None
        self._seen: int | None = None

    def carry(self) -> bool:
        """Bring over what is there, if something is; returns whether it did. Only SQLite has such a log.

        Readers are not waited for; what they still need stays in the log until the next time.
        """
        if connection.vendor != "sqlite":
            return False
        own = self._own or self._begin()
        if own is None or self._seen == _commits(own):
            return False
        done = self._seen is not None
        if not done or _checkpoint(own) >= LONG:
            done = self._in_turn(own) or done
        if done:
            # asked for after it is done: whatever else is committed is not in the file, so the log goes on
            self._seen = _commits(own)
        return done

    def close(self) -> None:
        """Leave it to others, as also whoever dies does."""
        self._mine.close()
        self._mine, self._own, self._seen = ExitStack(), None, None

    def _begin(self) -> sqlite3.Connection | None:
        """Be the one who does it, unless another is."""
        if not self._mine.enter_context(sidecar.lock("carrying.lock", wait=False)):
            self.close()
            return None
        self._own = self._mine.enter_context(closing(_connected()))
        return self._own

    @staticmethod
    def _in_turn(own: sqlite3.Connection) -> bool:
        """Bring over all there is while nobody else can write; returns whether the turn was to be had."""
        with closing(_connected()) as turn:
            try:
                turn.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            try:
                _checkpoint(own)
            finally:
                turn.execute("ROLLBACK")
        return True


def _connected() -> sqlite3.Connection:
    return sqlite3.connect(str(connection.settings_dict["NAME"]), timeout=PATIENCE, isolation_level=None)


def _commits(own: sqlite3.Connection) -> int:
    """A number that is another once somebody else has committed."""
    return int(own.execute("PRAGMA data_version").fetchone()[0])


def _checkpoint(own: sqlite3.Connection) -> int:
    """Bring over what no reader needs; returns how many pages the log has."""
    return int(own.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])
