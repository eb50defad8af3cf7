"""Whether the clock of the database can be relied on: a jump is offered to the log as an entry.

Numbers are given by the queue and never by the time, so a jump disturbs nothing; but who reads times must know of it.
"""

import time
from datetime import datetime, timedelta

from django.db import transaction

from audit.actor import system
from audit.canonical import instant
from audit.leaf import LOG
from audit.log import append
from audit.models import Checkpoint, Entry

AHEAD, BACK = timedelta(minutes=1), timedelta(seconds=1)
"""How far a clock may run away from ours, or behind what it said before, until it is a jump."""


def jump(expected: datetime, now: datetime) -> timedelta | None:
    """How far the clock is from where it should be, when that is a jump."""
    off = now - expected
    return off if off > AHEAD or off < -BACK else None


class Watch:
    """What one process last saw of the database's clock; it starts from the newest checkpoint."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None

    def look(self, now: datetime) -> timedelta | None:
        """Compare `now` with what it should be, and offer an entry when it jumped; returns how far."""
        ticked = time.monotonic()
        if self._last is None:
            sealed = Checkpoint.objects.order_by("-size").values_list("at", flat=True).first()
            expected = max(sealed, now) if sealed else now
        else:
            expected = self._last[0] + timedelta(seconds=ticked - self._last[1])
        self._last = (now, ticked)
        off = jump(expected, now)
        if off is not None:
            _offer(expected, now)
        return off


@transaction.atomic
def _offer(expected: datetime, now: datetime) -> None:
    """Say so in the log, once, however many processes notice it within a minute."""
    said = Entry.objects.filter(action="audit.clock_jumped").order_by("-pk").values_list("at", flat=True).first()
    if said is None or abs(now - said) > timedelta(minutes=1):
        about = {
            "expected": instant(expected),
            "found": instant(now),
            "seconds": round((now - expected).total_seconds()),
        }
        append(actor=system(), action="audit.clock_jumped", subjects=[LOG], at=now, about=about)
