"""What producers may ask of lineage: keep these events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, home_scope, require
from jobs import records as jobs
from lineage import projection, records
from lineage.placed import Placed
from lineage.reading import Reading
from lineage.rebuild import Copy


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one event: `stored`, or `duplicate` when the very same was here before."""

    event_id: str
    status: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    scope_id: UUID


@transaction.atomic(durable=True)
def ingest(*, actor: Actor, readings: Sequence[Reading], now: datetime) -> list[Receipt]:
    """Keep `readings`, project them, and owe the catalog a look at every dataset seen for the first time.

    All of them or none. What is new appears in the scope of the actor's own grant to ingest; without one this is
    refused. Events that are already here change nothing and get no entry.
    """
    scope_id = home_scope(actor, "ingest")
    require(actor, "ingest", _Place(scope_id))
    fresh = records.keep(readings, actor.principal_id, scope_id, now)
    news = {one.sha256: one for one in readings if one.sha256 in fresh}
    found = projection.project([Placed(one.event, one.event.at or now, scope_id, one.sha256) for one in news.values()])
    for one in news.values():
        about = {"digest": one.event_id, "kind": one.event.kind, "size": len(one.body), "redacted": len(one.removed)}
        subjects = [f"lineage_event:{one.sha256}", *([f"run:{one.event.run.uuid}"] if one.event.run else [])]
        log.append(
            actor=actor,
            action="lineage.event_accepted",
            subjects=subjects,
            at=now,
            scope_id=scope_id,
            about=about,
        )
    for pk in found:
        jobs.enqueue("catalog.discover", str(pk), dedupe_key=f"catalog.discover:{pk}")
    return [_receipt(one, news) for one in readings]


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


def _receipt(one: Reading, news: dict[str, Reading]) -> Receipt:
    stored = news.get(one.sha256) is one
    return Receipt(one.event_id, "stored" if stored else "duplicate", one.event.warnings)
