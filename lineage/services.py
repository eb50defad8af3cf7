"""What producers may ask of lineage: keep these events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit import log
from audit.actor import Actor, require, require_home
from lineage import records
from lineage.reading import Reading
from lineage.rebuild import Copy


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one event: `stored`, or `duplicate` when the very same was here before."""

    event_id: str
    status: str
    warnings: tuple[str, ...]


@transaction.atomic(durable=True)
def ingest(*, actor: Actor, readings: Sequence[Reading], now: datetime) -> list[Receipt]:
    """Keep `readings`, and owe the tables what they say (`lineage.follow`).

    All of them or none. What is new appears in the scope of the actor's own grant to ingest; without one this is
    refused. Events that are already here change nothing and get no entry.
    """
    scope_id = require_home(actor, "ingest")
    each = {one.sha256: one for one in readings}
    fresh = log.append_new(
        actor=actor,
        action="lineage.event_accepted",
        at=now,
        scope_id=scope_id,
        adding=records.raw(readings, actor.principal_id, scope_id, now),
        told={sha256: _told(one) for sha256, one in each.items()},
    )
    return [_receipt(one, stored=one.sha256 in fresh and each[one.sha256] is one) for one in readings]


@transaction.atomic(durable=True)
def rebuild(*, actor: Actor, copy: Copy, now: datetime) -> tuple[int, int]:
    """Put `copy`, made from the raw events alone, in the place of the tables.

    Returns how many events there are and how many rows differed. For those who administer the organisation. Ids stay,
    and so do the scopes that things were moved to. Readers see the old tables until the new ones are whole.
    """
    require(actor, "admin", None)
    differed = copy.put_right()
    done = copy.done()
    about = {"events": done, "differed": differed}
    log.append(actor=actor, action="lineage.rebuilt", subjects=["lineage:events"], at=now, about=about)
    return done, differed


def _told(one: Reading) -> log.Told:
    about = {"digest": one.event_id, "kind": one.event.kind, "size": one.size, "redacted": len(one.removed)}
    return [f"lineage_event:{one.sha256}", *([f"run:{one.event.run.uuid}"] if one.event.run else [])], about


def _receipt(one: Reading, *, stored: bool) -> Receipt:
    return Receipt(one.event_id, "stored" if stored else "duplicate", one.event.warnings)
