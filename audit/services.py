"""What people do with the log, beside reading it."""

from datetime import datetime

from django.db import transaction

from audit import fence, log, roles, selectors, trails
from audit.actor import Actor, require
from audit.leaf import LOG
from audit.models import Checkpoint
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
