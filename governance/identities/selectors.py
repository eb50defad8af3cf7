"""Whose the names are that registries and commits give."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from audit.actor import Actor
from audit.refusals import NotSeen
from governance.access.selectors import people_for
from governance.identities import rules
from governance.identities.models import Identity


def identities_for(actor: Actor) -> QuerySet[Identity]:
    """Return the names of the people `actor` may know of."""
    return Identity.objects.filter(person__in=people_for(actor)).select_related("person")


def identity_seen_by(actor: Actor, pk: UUID) -> Identity:
    """Return that one; unknown and unseen are the same refusal."""
    found = identities_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="identity")
    return found


def said_of(names: Iterable[str]) -> dict[str, tuple[UUID, UUID]]:
    """Return, for each of these names that is noted, the person it is and the person who said so."""
    wanted = {rules.key(name): name for name in names}
    rows = Identity.objects.filter(key__in=wanted).values_list("key", "person_id", "given_by")
    return {wanted[key]: (person, by) for key, person, by in rows}


def names_of(person_id: UUID) -> list[str]:
    """Return the names somebody has elsewhere, as they were written and as they are compared."""
    rows = Identity.objects.filter(person=person_id).order_by("key").values_list("name", "key")
    return [each for row in rows for each in row]
