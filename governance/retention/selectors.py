"""What of lineage is past its time, and what is kept all the same: for approvals, for open requests, under holds."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from audit.retention import selectors as log
from governance.catalog.models import Version
from governance.promotions import selectors as promotions
from governance.retention import rules
from governance.retention.rules import Held
from lineage.models import RawEvent, Run
from lineage.retention import selectors as lineage
from lineage.retention.selectors import Pinned, Root

BATCH = 500
"""At most this many go in one transaction, under one entry that names each."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is kept, and before which moments things are past their time; `requests` is how many it knows of."""

    pinned: Pinned
    holds: tuple[Held, ...]
    requests: int
    events_before: datetime | None
    runs_before: datetime | None


@dataclass(slots=True)
class Counts:
    """How many are past their time, of those how many are kept for an approval or request and under a hold."""

    old: int = 0
    pinned: int = 0
    held: int = 0
    size: int = 0


def plan(now: datetime) -> Plan:
    """Return what is to be kept now."""
    requests = promotions.how_many()
    holds = holds_on_lineage()
    pinned = lineage.pinned(roots(holds), rules.named(holds, "run"))
    return Plan(
        pinned, holds, requests, _before(now, settings.LINEAGE_EVENT_DAYS), _before(now, settings.LINEAGE_RUN_DAYS)
    )


def is_current(made: Plan) -> bool:
    """Say whether a plan still knows every request and hold."""
    return made.requests == promotions.how_many() and made.holds == holds_on_lineage()


def holds_on_lineage() -> tuple[Held, ...]:
    """Return the holds that stand."""
    rows = log.standing_holds()
    return tuple(Held(each.subject, each.actor_id, each.since, each.until) for each in rows)


def roots(holds: Iterable[Held]) -> Iterator[Root]:
    """Yield the versions whose ancestry is kept: ever approved, asked for and undecided, or under a hold."""
    for version, times in promotions.relied_on().items():
        yield _root(version, times)
    held = rules.named(holds, "model_version")
    for version in Version.objects.filter(pk__in=held).select_related("asset"):
        yield _root(version, frozenset())


@dataclass(frozen=True, slots=True)
class Found:
    """What goes of a bounded number of rows, and the id to go on from; 0 when nothing is left to look at."""

    rows: list[Any]
    after: int


def events(made: Plan, after: int, counts: Counts) -> Found:
    """Return which of the next old raw events after id `after` go; `counts` grows by what was looked at."""
    rows = lineage.old_events(made.events_before, after) if made.events_before else []
    return _chosen(rows, lambda raw: _goes(made, raw, counts))


def runs(made: Plan, after: int, counts: Counts) -> Found:
    """Return which of the next old runs go, like `events`."""
    rows = lineage.old_runs(made.runs_before, after) if made.runs_before else []
    return _chosen(rows, lambda run: _run_goes(made, run, counts))


def _chosen(rows: Sequence[Any], goes: Callable[[Any], bool]) -> Found:
    chosen: list[Any] = []
    for row in rows:
        if goes(row):
            chosen.append(row)
        if len(chosen) == BATCH:
            return Found(chosen, row.pk)
    return Found(chosen, rows[-1].pk if rows else 0)


def count(made: Plan) -> dict[str, dict[str, int]]:
    """Return how many would go and how many are kept although they are old, by kind; nothing is changed.

    Runs are counted that no event tells of now; those whose events go first are not among them yet.
    """
    told = {}
    for kind, look in (("events", events), ("runs", runs)):
        counts, after, gone = Counts(), 0, 0
        while True:
            found = look(made, after, counts)
            gone, after = gone + len(found.rows), found.after
            if not after:
                break
        told[kind] = {"old": counts.old, "pinned": counts.pinned, "held": counts.held, "removed": gone}
        told[kind] |= {"bytes": counts.size} if kind == "events" else {}
    return told


def _goes(made: Plan, raw: RawEvent, counts: Counts) -> bool:
    counts.old += 1
    if made.pinned.keeps(raw):
        counts.pinned += 1
        return False
    subjects = (f"lineage_event:{raw.sha256}", f"run:{raw.run_uuid}")
    if any(one.covers(subjects, raw.principal_id, raw.received_at, raw.received_at) for one in made.holds):
        counts.held += 1
        return False
    counts.size += raw.size
    return True


def _run_goes(made: Plan, run: Run, counts: Counts) -> bool:
    counts.old += 1
    if run.pk in made.pinned.runs:
        counts.pinned += 1
        return False
    subjects = (f"run:{run.uuid}",)
    if any(one.covers(subjects, None, run.first_seen, run.last_seen) for one in made.holds):
        counts.held += 1
        return False
    return True


def _root(version: Version, times: frozenset[datetime]) -> Root:
    return Root(version.asset.namespace, version.asset.name, version.label, times)


def _before(now: datetime, days: int) -> datetime | None:
    """Return the moment before which things are past their time; none when they are kept for ever."""
    return now - timedelta(days=days) if days else None
