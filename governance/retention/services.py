"""What Attestry does by itself: remove lineage that is past its time and that nothing relies on."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit import log
from audit.actor import Actor
from audit.retention import records as holds
from audit.retention.selectors import require_attestry
from governance.promotions import records as promotions
from governance.retention import selectors
from governance.retention.selectors import Counts, Plan
from lineage.models import RawEvent, Run
from lineage.retention import records

ABOUT = "lineage:events"


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: how many went, where to go on (0: it is done), and whether the plan was too old to remove anything."""

    count: int = 0
    after: int = 0
    stale: bool = False


@transaction.atomic(durable=True)
def remove_events(*, actor: Actor, plan: Plan, after: int, now: datetime) -> Batch:
    """Remove the next raw events past their time, under one entry that names each; their own entries stay.

    No hold is set and no request made meanwhile. Nothing goes under a plan that does not know all of them.
    """
    require_attestry(actor)
    holds.alone()
    promotions.hold_still()
    if not selectors.is_current(plan):
        return Batch(stale=True)
    counts = Counts()
    found = selectors.events(plan, after, counts)
    rows: list[RawEvent] = found.rows
    if not rows:
        return Batch(after=found.after)
    times = [raw.received_at for raw in rows]
    about = {
        "count": len(rows),
        "size": counts.size,
        "from": min(times).isoformat(),
        "to": max(times).isoformat(),
        "digests": sorted(raw.sha256 for raw in rows),
    }
    entry = log.append(actor=actor, action="retention.events_removed", subjects=[ABOUT], at=now, about=about)
    records.remove_events(rows, entry.pk, now)
    return Batch(len(rows), found.after)


@transaction.atomic(durable=True)
def remove_runs(*, actor: Actor, plan: Plan, after: int, now: datetime) -> Batch:
    """Remove the next runs past their time that no raw event tells of any more, under one entry that names each.

    What they were part of stays: jobs, datasets, versions, and the steps between them. Otherwise like `remove_events`.
    """
    require_attestry(actor)
    holds.alone()
    promotions.hold_still()
    if not selectors.is_current(plan):
        return Batch(stale=True)
    found = selectors.runs(plan, after, Counts())
    rows: list[Run] = found.rows
    if not rows:
        return Batch(after=found.after)
    about = {"count": len(rows), "runs": sorted({str(run.uuid) for run in rows})}
    log.append(actor=actor, action="retention.runs_removed", subjects=["lineage:runs"], at=now, about=about)
    records.remove_runs([run.pk for run in rows])
    return Batch(len(rows), found.after)
