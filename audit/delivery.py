"""Bringing entries to the sinks: what is owed to each, and one batch of it in order, at least once.

A sink gets every entry under a checkpoint exactly in the order of `seq`; after a failure it gets the last batch again.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime

from audit import keys, records, selectors, sinks
from audit.dialects import Under, line
from audit.models import Delivery, Leaf

BATCH, BATCHES = 500, 20
"""Entries sent at once, and such batches in one errand, so that a long way to catch up does not hold a worker."""


@dataclass(frozen=True)
class State:
    """A sink and how far it is: how many entries it has and how many are owed, and what is in the way since when."""

    name: str
    address: str
    dialect: str
    delivered: int
    owed: int
    sent_at: datetime | None
    problem: str
    away_since: datetime | None


def states() -> list[State]:
    """Every configured sink with how far it is."""
    rows, size = Delivery.objects.in_bulk(), selectors.published()
    found = []
    for sink in sinks.configured():
        row = rows.get(sink.name, Delivery(sink=sink.name))
        owed = max(size - row.position, 0)
        found.append(
            State(sink.name, sink.address, sink.dialect, row.position, owed, row.sent_at, row.problem, row.away_since)
        )
    return found


def behind() -> list[str]:
    """The sinks to which entries are owed now."""
    return [each.name for each in states() if each.owed]


def lines(dialect: str, first: int, count: int) -> list[str]:
    """Up to `count` published entries from `first` on, a line each, under the newest checkpoint.

    An entry whose content was removed under the retention policy is a line with its number alone.
    """
    newest = selectors.latest()
    under = Under(keys.verifier().name, newest.size, b64encode(bytes(newest.root)).decode())
    rows = Leaf.objects.filter(seq__gte=first, seq__lt=min(first + count, newest.size)).order_by("seq")
    found = []
    for seq, body in rows.values_list("seq", "body"):
        found.append(line(dialect, bytes(body), under) if body else f'{{"seq":{seq},"removed":true}}')
    return found


def deliver(sink: sinks.Sink, now: datetime) -> int:
    """Send one batch to `sink` and note it; returns how many entries that were. Refused while the sink is away."""
    records.open_delivery(sink.name)
    first = Delivery.objects.values_list("position", flat=True).get(pk=sink.name)
    batch = lines(sink.dialect, first, BATCH)
    if batch:
        sinks.send(sink, sinks.Batch(first, batch, now))
        records.delivered(sink.name, first, first + len(batch), now)
    return len(batch)
