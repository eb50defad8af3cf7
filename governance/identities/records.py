"""Writes this room makes inside its callers' transactions."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from audit.refusals import Conflict
from governance.access.models import User
from governance.identities import rules
from governance.identities.models import Identity


def give(name: str, person: User, by: UUID, now: datetime) -> Identity:
    """Note that `name` is this person; refused when it is noted already."""
    try:
        with transaction.atomic():
            return Identity.objects.create(name=name, key=rules.key(name), person=person, given_by=by, given_at=now)
    except IntegrityError as error:
        raise Conflict("identities.taken", name=name) from error


def withdraw(identity: Identity) -> None:
    """Let the name be nobody again; refused when somebody else was first."""
    if Identity.objects.filter(pk=identity.pk).delete()[0] != 1:
        raise Conflict("identities.gone")


def forget(person_id: UUID) -> int:
    """Remove every name somebody has elsewhere; returns how many there were."""
    return Identity.objects.filter(person=person_id).delete()[0]
