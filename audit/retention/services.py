"""What people do about how long the log keeps things, and what Attestry does about it every day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db import transaction

from audit import log
from audit import records as blobs
from audit.actor import Actor, Conflict
from audit.canonical import canonical
from audit.leaf import LOG
from audit.retention import records, rules, selectors
from audit.retention.models import Hold, Proposal
from audit.retention.selectors import require_attestry, require_keeper

BATCH = 20_000
"""Entries emptied in one transaction, under one entry."""


@dataclass(frozen=True)
class Held:
    """What a hold shall cover: one of a subject, a principal, or a time that may have no end."""

    subject: str = ""
    actor_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def kind(self) -> str:
        """Which of the three it is."""
        return "subject" if self.subject else "actor" if self.actor_id else "time"


@dataclass(frozen=True)
class Run:
    """One pruning: how many entries lost their content, the first and last of them, and under which policy."""

    count: int = 0
    first: int | None = None
    last: int | None = None
    policy: str = ""


@transaction.atomic(durable=True)
def set_hold(*, actor: Actor, held: Held, reason: str, now: datetime) -> Hold:
    """Keep everything about a subject, by and about a person, or of a time, whatever its policy, until it is lifted."""
    require_keeper(actor)
    why = rules.clean_reason(reason)
    if held.kind == "time":
        rules.check_span(held.since, held.until)
    records.alone()
    row = Hold(kind=held.kind, subject=held.subject, actor_id=held.actor_id, at=now, set_by=actor.principal_id)
    row.since, row.until = held.since, held.until
    records.hold(row)
    told = {
        "hold": row.pk,
        "kind": held.kind,
        "person": str(held.actor_id) if held.actor_id else None,
        "since": held.since.isoformat() if held.since else None,
        "until": held.until.isoformat() if held.until else None,
    }
    subjects = [f"hold:{row.pk}", *([held.subject] if held.subject else [])]
    subjects += [f"person:{held.actor_id}"] if held.actor_id else []
    entry = log.append(actor=actor, action="hold.set", subjects=subjects, at=now, about=told, private={"reason": why})
    records.tie(row, entry)
    return row


@transaction.atomic(durable=True)
def ask_lift(*, actor: Actor, number: int, reason: str, now: datetime) -> Proposal:
    """Ask for a hold to be lifted; somebody else has to confirm it."""
    require_keeper(actor)
    held = selectors.hold(number)
    why = rules.clean_reason(reason)
    asked = records.ask(actor, Proposal.Kind.LIFT, str(held.pk), now)
    entry = log.append(
        actor=actor,
        action="hold.lift_asked",
        subjects=[f"hold:{held.pk}"],
        at=now,
        about={"request": str(asked.pk)},
        private={"reason": why},
    )
    records.tie(asked, entry)
    return asked


@transaction.atomic(durable=True)
def lift(*, actor: Actor, request_id: UUID, now: datetime) -> Hold:
    """Lift a hold that somebody else asked to lift."""
    require_keeper(actor)
    asked = _waiting(actor, request_id, Proposal.Kind.LIFT)
    held = selectors.hold(int(asked.target))
    records.settle(asked, Proposal.State.DONE, actor, now)
    records.lift(held.pk, now)
    about = {"request": str(asked.pk), "asked_by": str(asked.asked_by)}
    log.append(actor=actor, action="hold.lifted", subjects=[f"hold:{held.pk}"], at=now, about=about)
    held.refresh_from_db()
    return held


@transaction.atomic(durable=True)
def ask_policy(*, actor: Actor, classes: Mapping[str, int], rest: int, reason: str, now: datetime) -> Proposal:
    """Ask for another policy; somebody else has to confirm it. Refused when it keeps anything for less long."""
    require_keeper(actor)
    wanted = rules.document(classes, rest)
    rules.check_lengthens(selectors.policy().document, wanted)
    why = rules.clean_reason(reason)
    digest = blobs.put_blob(canonical(wanted))
    asked = records.ask(actor, Proposal.Kind.POLICY, digest, now)
    entry = log.append(
        actor=actor,
        action="retention.policy_asked",
        subjects=[LOG],
        at=now,
        about={"request": str(asked.pk), "policy": digest},
        private={"reason": why},
    )
    records.tie(asked, entry)
    return asked


@transaction.atomic(durable=True)
def publish_policy(*, actor: Actor, request_id: UUID, now: datetime) -> str:
    """Put a policy in force that somebody else asked for, and return its digest; it still must only lengthen."""
    require_keeper(actor)
    asked = _waiting(actor, request_id, Proposal.Kind.POLICY)
    records.alone()
    before, wanted = selectors.policy(), selectors.document_of(asked.target)
    rules.check_lengthens(before.document, wanted)
    records.settle(asked, Proposal.State.DONE, actor, now)
    about = {"request": str(asked.pk), "asked_by": str(asked.asked_by), "before": before.digest, "document": wanted}
    entry = log.append(
        actor=actor,
        action="retention.policy_published",
        subjects=[LOG],
        at=now,
        about=about | {"policy": asked.target},
    )
    records.publish(asked.target, entry, now)
    return asked.target


@transaction.atomic(durable=True)
def decline(*, actor: Actor, request_id: UUID, now: datetime) -> Proposal:
    """Say no to what was asked for; whoever asked may take it back the same way."""
    require_keeper(actor)
    asked = selectors.proposal(request_id)
    records.settle(asked, Proposal.State.DECLINED, actor, now)
    subjects = {"erase": asked.target, "policy": LOG, "lift": f"hold:{asked.target}"}
    log.append(
        actor=actor,
        action={
            "erase": "privacy.erasure_declined",
            "policy": "retention.policy_declined",
            "lift": "hold.lift_declined",
        }[asked.kind],
        subjects=[subjects[asked.kind]],
        at=now,
        about={"request": str(asked.pk), "asked_by": str(asked.asked_by)},
    )
    asked.refresh_from_db()
    return asked


@transaction.atomic(durable=True)
def prune(*, actor: Actor, now: datetime) -> Run:
    """Remove the content of the oldest entries past their time and under no hold; their hashes and places stay.

    One batch under one entry that says which and under which policy; nothing, and no entry, when none is due.
    """
    require_attestry(actor)
    records.alone()
    standing = selectors.policy()
    due = selectors.past_their_time(now, standing.document).values_list("seq", "entry_id")
    rows = list(islice(due, BATCH))
    ranges = rules.ranges(seq for seq, _ in rows)[: rules.MOST_RANGES]
    if not ranges:
        return Run(policy=standing.digest)
    first, last = ranges[0][0], ranges[-1][1]
    ids = [pk for seq, pk in rows if seq <= last]
    rules.check_free(selectors.holds_on(ids))
    blobs.put_blob(canonical(standing.document))
    about = {"policy": standing.digest, "from": first, "to": last, "count": len(ids), "ranges": ranges}
    entry = log.append(actor=actor, action="retention.pruned", subjects=[LOG], at=now, about=about)
    records.empty(entry, ranges)
    return Run(len(ids), first, last, standing.digest)


def _waiting(actor: Actor, request_id: UUID, kind: str) -> Proposal:
    asked = selectors.proposal(request_id)
    if asked.kind != kind or asked.state != Proposal.State.WAITING:
        raise Conflict("retention.already_decided")
    asking = frozenset(each for each in (asked.asked_by, asked.asked_for) if each)
    rules.check_two_people(asking, frozenset(each for each in (actor.principal_id, actor.on_behalf_of) if each))
    return asked
