"""Writes about keeping and removing, inside their services' transactions."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from audit.actor import Actor, Conflict
from audit.models import Entry, Opening
from audit.retention.models import Hold, Proposal, Pruned, RetentionPolicy

_ADVISORY = 0x61747465_68656C64
SOME = 5000


def alone() -> None:
    """Let no hold be set while something is removed, nor the other way round: one at a time, until the commit."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY])
    else:
        # whoever writes first in SQLite writes alone
        Hold.objects.filter(pk=0).update(lifted_at=None)


def hold(held: Hold) -> Hold:
    """Set a hold."""
    held.save(force_insert=True)
    return held


def tie(row: Hold | Proposal, entry: Entry) -> None:
    """Remember which entry says so."""
    row.entry_id = entry.pk
    row.save(update_fields=["entry_id"])


def lift(number: int, now: datetime) -> None:
    """End a hold; refused when somebody else did meanwhile."""
    if Hold.objects.filter(pk=number, lifted_at=None).update(lifted_at=now) != 1:
        raise Conflict("retention.already_decided")


def ask(actor: Actor, kind: str, target: str, now: datetime) -> Proposal:
    """Note what somebody asks for; refused while the same waits already."""
    wanted = Proposal(
        kind=kind, target=target, asked_by=actor.principal_id, asked_for=actor.on_behalf_of, created_at=now
    )
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("retention.asked_already") from error
    return wanted


def settle(asked: Proposal, state: str, actor: Actor, now: datetime) -> None:
    """Note that it was confirmed or declined; refused when somebody else was first."""
    waiting = Proposal.objects.filter(pk=asked.pk, state=Proposal.State.WAITING)
    if waiting.update(state=state, decided_by=actor.principal_id, decided_at=now) != 1:
        raise Conflict("retention.already_decided")


def publish(digest: str, entry: Entry, now: datetime) -> None:
    """Put a policy in force."""
    RetentionPolicy.objects.create(digest=digest, entry_id=entry.pk, at=now)


def empty(under: Entry, ranges: Sequence[Sequence[int]]) -> None:
    """Remove the content of these leaves and their entries, and what lay behind their commitments.

    The database does it itself as the rows come in, and only when the entry says so.
    """
    for first, last in ranges:
        Opening.objects.filter(entry__leaf__seq__gte=first, entry__leaf__seq__lte=last).delete()
        Pruned.objects.create(entry_id=under.pk, first=first, last=last)


def prunings() -> int:
    """A number that grows whenever the content of entries is removed."""
    return Pruned.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def erase_openings(ids: Collection[int]) -> int:
    """Delete these personal values and their salts; returns how many there were."""
    wanted, gone = sorted(ids), 0
    for at in range(0, len(wanted), SOME):
        gone += Opening.objects.filter(pk__in=wanted[at : at + SOME]).delete()[0]
    return gone
