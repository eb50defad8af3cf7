"""Erasing somebody, or what was said about something: one person asks, another confirms, and both are entries."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, Conflict
from audit.retention import records as retention
from audit.retention import rules as keeping
from audit.retention import selectors as kept
from audit.retention.models import Proposal
from audit.retention.selectors import require_keeper
from governance.access import records as access
from governance.access import rules as access_rules
from governance.access import selectors as people
from governance.access.models import User
from governance.identities import records as identities
from governance.privacy import rules, selectors
from jobs import records as jobs


@dataclass(frozen=True)
class Erased:
    """What was erased: how many personal values of how many entries; `names` are for the caller and kept nowhere."""

    subject: str
    openings: int
    entries: int
    names: list[str] = field(default_factory=list, repr=False)


@transaction.atomic(durable=True)
def ask(*, actor: Actor, subject: str, reason: str, now: datetime) -> Proposal:
    """Ask for the personal values about a person or subject to be erased; somebody else has to confirm it.

    Refused while a legal hold covers any of it, and for the last administrator and Attestry itself.
    """
    target = selectors.target(actor, subject)
    require_keeper(actor)
    why = keeping.clean_reason(reason)
    names = _checked(selectors.person_of(target.subject))
    found = selectors.openings(target.subject, names)
    keeping.check_free(kept.holds_on(set(found.values()), target.subject))
    asked = retention.ask(actor, Proposal.Kind.ERASE, target.subject, now)
    entry = log.append(
        actor=actor,
        action="privacy.erasure_asked",
        subjects=[target.subject],
        at=now,
        about={"request": str(asked.pk)},
        private={"reason": why},
    )
    retention.tie(asked, entry)
    return asked


@transaction.atomic(durable=True)
def erase(*, actor: Actor, request_id: UUID, now: datetime) -> Erased:
    """Erase what somebody else asked to erase: salts and values for good; of a person also name, address and access.

    Commitments and proofs stay as they are. Refused while a legal hold covers any of it.
    """
    require_keeper(actor)
    asked = kept.proposal(request_id)
    if asked.kind != Proposal.Kind.ERASE or asked.state != Proposal.State.WAITING:
        raise Conflict("retention.already_decided")
    person, confirming = selectors.person_of(asked.target), access_rules.themselves(actor)
    keeping.check_two_people(frozenset(each for each in (asked.asked_by, asked.asked_for) if each), confirming)
    rules.check_not_oneself(person.pk if person else None, confirming)
    names = _checked(person)
    retention.alone()
    found = selectors.openings(asked.target, names)
    keeping.check_free(kept.holds_on(set(found.values()), asked.target))
    retention.settle(asked, Proposal.State.DONE, actor, now)
    erased = retention.erase_openings(found)
    jobs.forget_answers(names)
    ended = access.erase(person, rules.ERASED, rules.address(person.pk), now) if person else {}
    ended |= {"identities": identities.forget(person.pk)} if person else {}
    done = Erased(asked.target, erased, len(set(found.values())), names)
    about = {"request": str(asked.pk), "asked_by": str(asked.asked_by), "values": erased, "entries": done.entries}
    log.append(actor=actor, action="privacy.erased", subjects=[asked.target], at=now, about=about | ended)
    return done


def _checked(person: User | None) -> list[str]:
    """What somebody is and was called; refused when they cannot be erased."""
    if person is None:
        return []
    access_rules.check_outside(person.kind)
    access_rules.check_not_last_admin(person.pk, people.administrators())
    return selectors.names_of(person)
