"""Saying whose a name is that a registry or a commit gives, so that nobody decides about their own work.

Names enter the log only as private values.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, require
from governance.access import rules as access
from governance.access.rules import Action
from governance.access.selectors import person_seen_by
from governance.identities import records, rules, selectors
from governance.identities.models import Identity


@transaction.atomic(durable=True)
def give(*, actor: Actor, name: str, person_id: UUID, now: datetime) -> Identity:
    """Say that `name` is this person or service account. Refused when it is said to be somebody already.

    It only ever adds to whom a name means: whoever has it as their name or address here stays meant as well.
    """
    person = person_seen_by(actor, person_id)
    require(actor, Action.MANAGE_ACCESS, None)
    access.check_outside(person.kind)
    identity = records.give(rules.clean(name), person, actor.principal_id, now)
    log.append(
        actor=actor,
        action="identity.given",
        subjects=[f"person:{person.pk}", f"identity:{identity.pk}"],
        at=now,
        private={"name": identity.name},
    )
    return identity


@transaction.atomic(durable=True)
def withdraw(*, actor: Actor, identity_id: UUID, now: datetime) -> Identity:
    """Let a name be nobody's again. Refused when it is gone already."""
    identity = selectors.identity_seen_by(actor, identity_id)
    require(actor, Action.MANAGE_ACCESS, None)
    records.withdraw(identity)
    log.append(
        actor=actor,
        action="identity.withdrawn",
        subjects=[f"person:{identity.person_id}", f"identity:{identity.pk}"],
        at=now,
        private={"name": identity.name},
    )
    return identity
