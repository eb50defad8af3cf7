"""What people do with the log; reading it is among that, and recorded."""

import json
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from audit import fence, log, readings, records, roles, selectors, trails
from audit.actor import Actor, require
from audit.leaf import LOG
from audit.models import Checkpoint, Entry
from audit.readings import Read
from audit.verify import Report


@transaction.atomic(durable=True)
def export(*, actor: Actor, now: datetime, openings: bool = False) -> Checkpoint:
    """Record that `actor` takes the whole log away, and return the checkpoint they take it at.

    The entry is there before the first byte leaves. It remembers size and root: refused when the log does not extend
    what the export before it showed. Needs `export` over the whole organisation, and with `openings`, the personal
    values behind commitments, `read_pii` as well.
    """
    require(actor, "export", None)
    if openings:
        require(actor, "read_pii", None)
    checkpoint = selectors.latest()
    before = selectors.last_export()
    selectors.extends_export(before)
    about: dict[str, object] = {"size": checkpoint.size, "root": bytes(checkpoint.root).hex()}
    about |= {"before": before.size if before else None}
    about |= {"openings": True} if openings else {}
    log.append(actor=actor, action="audit.exported", subjects=[LOG], at=now, about=about)
    return checkpoint


@transaction.atomic(durable=True)
def note_read(*, actor: Actor, read: Read, now: datetime) -> None:
    """Record that `actor` reads the log, or count it when the same was recorded a while ago; before anything is shown.

    For those who audit something.
    """
    selectors.require_auditing(actor)
    row = records.reading(actor, read, now)
    if row.until > now:
        records.count_reading(row, read)
        return
    if row.again:
        log.append(actor=actor, action="audit.read_again", subjects=[LOG], at=now, about=readings.again(row))
    entry = log.append(
        actor=actor, action="audit.read", subjects=[LOG], at=now, about=read.told(), private=dict(read.typed)
    )
    records.begin_reading(row, entry, now)


@transaction.atomic(durable=True)
def close_readings(*, actor: Actor, now: datetime) -> int:
    """Record how often readings whose time is over were repeated, each in its reader's name; returns how many ended."""
    require(actor, "audit", None)
    rows = records.over_readings(now)
    for row in rows:
        if row.again:
            who = readings.reader(row)
            log.append(actor=who, action="audit.read_again", subjects=[LOG], at=now, about=readings.again(row))
    return len(rows)


@transaction.atomic(durable=True)
def note_opening(*, actor: Actor, entry: Entry, fields: Sequence[str], now: datetime) -> None:
    """Record, every time and before they are shown, that `actor` reads personal values behind an entry's commitments.

    Needs `read_pii` where the entry belongs.
    """
    require(actor, "read_pii", entry if entry.scope_id else None)
    leaf = getattr(entry, "leaf", None)
    which = str(json.loads(bytes(entry.body))["id"]) if bytes(entry.body) else None
    log.append(
        actor=actor,
        action="audit.opened",
        subjects=[LOG, f"entry:{which}"] if which else [LOG],
        at=now,
        scope_id=entry.scope_id,
        about={"entry": which, "seq": leaf.seq if leaf else None, "fields": list(fields)},
    )


@transaction.atomic(durable=True)
def pin_ends(*, actor: Actor, size: int, now: datetime) -> None:
    """Record a root over the ends of all subjects at `size`: what shows later that none of their entries is left out.

    For those who audit the whole organisation.
    """
    require(actor, "audit", None)
    tree = trails.Ends(size)
    about = {"size": size, "count": len(tree.subjects), "root": tree.root().hex()}
    log.append(actor=actor, action=trails.HEADS, subjects=[LOG], at=now, about=about)


@transaction.atomic(durable=True)
def separate_roles(*, actor: Actor, named: roles.Named, password: str, now: datetime) -> list[str]:
    """Set up the roles that own the tables and that the portal works as; returns the SQL that was run.

    With `password` the application's role gets it. Needs administration of the whole organisation.
    """
    require(actor, "admin", None)
    done = roles.apply(named, password)
    about = {"owner": named.owner, "application": named.application, "password": bool(password)}
    log.append(actor=actor, action="audit.roles_set", subjects=[LOG], at=now, about=about)
    return done


@transaction.atomic(durable=True)
def move_fence(*, actor: Actor, closed: bool, now: datetime) -> None:
    """Close or open the event triggers around the log's tables; needs administration of the whole organisation."""
    require(actor, "admin", None)
    fence.put(closed=closed)
    log.append(actor=actor, action="audit.fence_closed" if closed else "audit.fence_opened", subjects=[LOG], at=now)


@transaction.atomic(durable=True)
def note_verification(*, actor: Actor, report: Report, milliseconds: int, now: datetime) -> None:
    """Record what a verification of the whole database found; for those who audit the whole organisation."""
    require(actor, "audit", None)
    first = report.faults[0].seq if report.faults else None
    log.append(
        actor=actor,
        action="audit.verified" if report.sound else "audit.verification_failed",
        subjects=[LOG],
        at=now,
        outcome="success" if report.sound else "failure",
        about={
            "size": report.size,
            "root": report.root.hex(),
            "faults": len(report.faults),
            "first_bad": first,
            "milliseconds": milliseconds,
        },
    )
