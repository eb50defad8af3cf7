"""One transaction for events that come at the same time.

What an event costs is mostly the transaction around it: the wait for the disk, the look at who may, the turn on the
one writer of SQLite. So of requests that come while another is being kept, one takes all that wait for the same
producer, keeps their events in one transaction, and each gets its own answer. Nothing is answered before it is kept.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import BoundedSemaphore, Event, Lock

from django.db import DatabaseError, InterfaceError, OperationalError

from audit.actor import Actor
from audit.refusals import Refused, Unavailable
from audit.shared import Shared
from lineage import follow
from lineage.reading import Reading
from lineage.services import Receipt, ingest

log = logging.getLogger("attestry.lineage")
MOST = 500
"""At most this many events share a transaction, unless one request alone brings more."""
PLACES, LINE = 2, 38
"""So many batches and large events are taken in side by side, and so many wait for a place; of a process's 48 requests
that leaves eight for everybody else. More places would only take Python's lock from whoever writes. A full line is more
work than is done until those come again who were sent away."""
PATIENCE = 2.5
"""Seconds for which one waits in line: with what follows, less than a client does."""
_places, _line = BoundedSemaphore(PLACES), BoundedSemaphore(LINE)
Keep = Callable[..., list[Receipt]]
After = Callable[[], None]


@contextmanager
def place(patience: float = 0.0) -> Iterator[None]:
    """Hold one of the few places for what takes long, after so many seconds in line; refused when there is no room.

    So a hundred that send batches at once keep nobody else from being answered, and none of them waits too long.
    """
    if not (_places.acquire(blocking=False) or (patience and _waited(patience))):
        raise Unavailable("lineage.busy")
    try:
        yield
    finally:
        _places.release()


def _waited(patience: float) -> bool:
    """Wait for a place in line, if there is room in it; return whether one was got."""
    if not _line.acquire(blocking=False):
        return False
    try:
        return _places.acquire(timeout=patience)
    finally:
        _line.release()


@dataclass(slots=True, eq=False)
class _Turn:
    """One request: what it brings, and what became of it."""

    actor: Actor
    readings: Sequence[Reading]
    now: datetime
    called: Event = field(default_factory=Event)
    receipts: list[Receipt] | None = None
    problem: Exception | None = None

    @property
    def over(self) -> bool:
        """Whether somebody kept its events, or could not."""
        return self.receipts is not None or self.problem is not None


class Door:
    """Where requests wait for each other; one of them at a time keeps what all bring, over one connection."""

    def __init__(self, keep: Keep, after: After) -> None:
        self._keep = keep
        self.connection = Shared()
        self.after = after
        """What sees to it, once events are kept, that the tables say them: now, or in time."""
        self._lock = Lock()
        self._waiting: list[_Turn] = []
        self._busy = False

    def ingest(self, *, actor: Actor, readings: Sequence[Reading], now: datetime) -> list[Receipt]:
        """Keep `readings`, perhaps together with those of others, and return their receipts.

        Refused like `services.ingest`; what is wrong with one request is not told to another.
        """
        mine = _Turn(actor, readings, now)
        with self._lock:
            self._waiting.append(mine)
            leads, self._busy = not self._busy, True
        if not leads:
            mine.called.wait()
        if not mine.over:
            self._lead(mine)
        if mine.problem is not None:
            raise mine.problem
        return mine.receipts or []

    def _lead(self, mine: _Turn) -> None:
        """Keep what waits, then call whoever is next."""
        with self._lock:
            turns = self._together(mine)
            taken = set(map(id, turns))
            self._waiting = [one for one in self._waiting if id(one) not in taken]
        try:
            with self.connection.here():
                self._all(turns)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            for one in turns:
                one.called.set()
            if following is not None:
                following.called.set()

    def _together(self, mine: _Turn) -> list[_Turn]:
        """Return who is kept with `mine`: those of the same actor that wait, while there is room."""
        turns, room = [mine], MOST - len(mine.readings)
        for one in self._waiting:
            room -= len(one.readings) if one is not mine and one.actor == mine.actor else 0
            if room < 0:
                break
            if one is not mine and one.actor == mine.actor:
                turns.append(one)
        return turns

    def _all(self, turns: list[_Turn]) -> None:
        try:
            every = [reading for one in turns for reading in one.readings]
            receipts = self._keep(actor=turns[0].actor, readings=every, now=max(one.now for one in turns))
        except (Refused, OperationalError, InterfaceError) as problem:
            self._tell(turns, problem)
        except Exception as problem:  # noqa: BLE001 - told to whom it concerns, in `_each`
            self._tell(turns, problem) if len(turns) == 1 else self._each(turns)
        else:
            self._follow()
            left = iter(receipts)
            for one in turns:
                one.receipts = [receipt for _, receipt in zip(one.readings, left, strict=False)]

    def _follow(self) -> None:
        """See to the tables; what was kept is kept, whatever comes of it."""
        try:
            self.after()
        except (Refused, DatabaseError, InterfaceError):
            log.exception("The tables of lineage are behind.")

    def _each(self, turns: list[_Turn]) -> None:
        """Keep what every request brings by itself, since together it could not be kept."""
        for one in turns:
            self._all([one])

    @staticmethod
    def _tell(turns: list[_Turn], problem: Exception) -> None:
        for one in turns:
            one.problem = problem


door = Door(ingest, follow.catch_up)
"""The one door of this process. Where a worker follows, it has `follow.keep_pace` do instead (`portal.served`)."""
