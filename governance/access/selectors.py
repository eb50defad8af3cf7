"""Who is who, who may do what, and which scopes and objects somebody may act on.

One pure function decides (`decision.decide`); here its facts are gathered, and its answer for whole tables is
written as SQL. `tests/governance/access/test_visible.py` holds the two to each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.db.models import Exists, Q, QuerySet
from django.utils.module_loading import import_string

from audit import bulk
from audit.actor import Actor, Forbidden, Invalid, Malformed, NotSeen, Scoped, Visible
from audit.bulk import as_uuid
from governance.access.decision import Decision, decide, giving
from governance.access.facts import Held, above, held, held_by_each, held_where, uuid_in
from governance.access.guards import CHANGES, NEVER_FOR_ADMINS, NEVER_FROM_ONESELF, PEOPLE_ONLY, Target
from governance.access.models import Grant, Group, Scope, ScopeClosure, User
from governance.access.rules import ROLES, Action, Gift, Holders, needs_admin, roles_that_may
from jobs.moment import Moment


def user(pk: UUID) -> User | None:
    """Return the principal of that id, active or not."""
    return User.objects.filter(pk=pk).first()


def root() -> Scope:
    """Return the organisation, the top of the scope tree."""
    return Scope.objects.get(parent=None)


def in_force() -> Q:
    """Return the condition on grants that count at the database's present moment."""
    return Q(revoked_at=None, not_before__lte=Moment()) & (Q(expires_at=None) | Q(expires_at__gt=Moment()))


def held_by(principal_id: UUID) -> QuerySet[Grant]:
    """Return every grant, past or present, that somebody holds directly or through a group."""
    groups = Group.objects.filter(members=principal_id).values("pk")
    return Grant.objects.filter(Q(principal_id=principal_id) | Q(principal_id__in=groups))


def live_grants(principal_id: UUID, action: str) -> QuerySet[Grant]:
    """Return the grants by which `principal_id`, directly or through a group, may `action` by the database's now."""
    giving = held_by(principal_id).filter(in_force(), role__in=roles_that_may(action))
    return giving.exclude(granted_by=principal_id) if action in NEVER_FROM_ONESELF else giving


def may(principal_id: UUID, action: str, row: Scoped | None) -> bool:
    """Return whether that principal may `action` on `row` (`None`: on the whole organisation)."""
    found = held(principal_id)
    return found is not None and _decided(found, action, target_of(row)).allowed


def explain(principal: User, action: str, row: Scoped | None) -> Decision:
    """Return the decision with every grant the principal ever held, so that what ended is named too."""
    found = held(principal.pk, past=True)
    if found is None:
        raise NotSeen("not_seen", what="person")
    return _decided(found, action, target_of(row))


def _decided(found: Held, action: str, target: Target) -> Decision:
    return decide(found.subject, action, target, found.claims, now=found.at, roles=ROLES)


def target_of(row: Scoped | None) -> Target:
    """Return a row as the rules see it: its scope with all above, its id when it can be granted, and its labels."""
    places = above(row.scope_id if row is not None else None)
    pk = getattr(row, "pk", None)
    labels = getattr(row, "labels", None) or ()
    return Target(
        frozenset(places), pk if isinstance(pk, UUID) else None, frozenset(map(str, labels)), any(places.values())
    )


def people_who_may(action: str, scope_id: UUID) -> list[User]:
    """Return the active persons who may `action` in that scope, by name; service accounts never."""
    target = target_of(_Place(scope_id))
    here = Grant.objects.filter(in_force(), object_id=None, scope__in=target.scope_ids)
    giving = here.filter(role__in=roles_that_may(action)).values("principal_id")
    people = User.objects.filter(Q(pk__in=giving) | Q(groups_in__in=giving), is_active=True, kind=User.Kind.PERSON)
    by_name = list(people.order_by("name", "pk").distinct())
    holding = held_by_each([one.pk for one in by_name])
    return [one for one in by_name if _decided(holding[one.pk], action, target).allowed]


@dataclass(frozen=True)
class _Place:
    scope_id: UUID


def visible(actor: Actor, action: str) -> Visible:
    """Return subqueries of the scopes and objects `actor` may do `action` to.

    The guards are in it, except the one that looks at a row's labels: that one speaks when the row is opened.
    """
    grants = _giving(actor, action)
    reach = _below(grants.filter(object_id=None))
    objects = grants.exclude(object_id=None)
    if action in NEVER_FOR_ADMINS:
        administered = _below(held_by(actor.principal_id).filter(in_force(), role="admin", object_id=None))
        reach = reach.exclude(descendant_id__in=administered.values("descendant_id"))
        objects = objects.exclude(scope__in=administered.values("descendant_id"))
    if action in CHANGES:
        frozen = ScopeClosure.objects.filter(ancestor__frozen_at__isnull=False).values("descendant_id")
        reach, objects = reach.exclude(descendant_id__in=frozen), objects.exclude(scope__in=frozen)
    return Visible(reach.values("descendant_id"), objects.values("object_id"))


def scopes_seen(actor: Actor, action: str) -> list[UUID]:
    """Return the scopes that `visible` names: the same question, which Django writes once for everybody.

    Writing it took longer than answering it.
    """
    text, values = _question(action, connection.vendor)
    mine = uuid_in(actor.principal_id)
    return [as_uuid(pk) for (pk,) in bulk.fetch(text, [mine if one is None else one for one in values])]


@cache
def _question(action: str, _vendor: str) -> tuple[str, list[Any]]:
    """Return the statement behind `visible`, and its values with None where the actor's own id belongs."""
    anybody = uuid4()
    text, values = visible(Actor(anybody, "person", "session"), action).scope_ids.distinct().query.sql_with_params()
    return text, [None if one == uuid_in(anybody) else one for one in values]


def _below(grants: QuerySet[Grant]) -> QuerySet[ScopeClosure]:
    return ScopeClosure.objects.filter(ancestor__in=grants.values("scope"))


def _giving(actor: Actor, action: str) -> QuerySet[Grant]:
    """Return the live grants that give `actor` the action; none for the inactive, or machines where people decide."""
    active = User.objects.filter(Q(owner=None) | Q(owner__is_active=True), pk=actor.principal_id, is_active=True)
    if action in PEOPLE_ONLY:
        active = active.filter(kind=User.Kind.PERSON)
    return live_grants(actor.principal_id, action).filter(Exists(active))


def home_scope(actor: Actor, action: str) -> UUID:
    """Return the scope of the actor's own highest grant for `action`; refused when they hold none, or may not there.

    Refused, too, when the token that they showed does not count any more.
    """
    found = held_where(actor.principal_id, actor.token_id)
    claims = giving(found.subject, action, found.claims, ROLES) if found else ()
    if found is None or not claims:
        raise Forbidden("access.not_allowed", action=action)
    home = min(claims, key=lambda one: (found.paths[one.id].count("/"), found.paths[one.id]))
    places = found.places[home.id]
    if not _decided(found, action, Target(frozenset(places), None, frozenset(), any(places.values()))).allowed:
        raise Forbidden("access.not_allowed", action=action)
    return home.scope_id


def _manages_all(actor: Actor) -> bool:
    return any(may(actor.principal_id, action, None) for action in (Action.MANAGE_ACCESS, Action.ADMIN, Action.AUDIT))


def people_for(actor: Actor) -> QuerySet[User]:
    """Return the principals `actor` may know of: all for whoever manages or audits the organisation.

    Everybody else sees themselves, and who holds something over a place they can browse or above it.
    """
    everyone = User.objects.exclude(kind=User.Kind.SYSTEM)
    if _manages_all(actor):
        return everyone
    seen = visible(actor, "browse").scope_ids
    above = ScopeClosure.objects.filter(descendant_id__in=seen).values("ancestor_id")
    holders = Grant.objects.filter(in_force(), scope__in=above).values("principal_id")
    grouped = Group.members.through.objects.filter(group__in=holders).values("user_id")
    return everyone.filter(Q(pk=actor.principal_id) | Q(pk__in=holders) | Q(pk__in=grouped))


def person_seen_by(actor: Actor, pk: UUID) -> User:
    """Return that principal; unknown and unseen are the same refusal."""
    found = people_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="person")
    return found


def active_person_seen_by(actor: Actor, pk: UUID) -> User:
    """Return that person; refused when they are inactive or no person."""
    found = person_seen_by(actor, pk)
    if not found.is_active or found.kind != User.Kind.PERSON:
        raise Invalid("access.members_are_people")
    return found


def groups_for(actor: Actor) -> QuerySet[Group]:
    """Return the groups `actor` may know of: all for managers, else their own and those that hold something here."""
    if _manages_all(actor):
        return Group.objects.all()
    above = ScopeClosure.objects.filter(descendant_id__in=visible(actor, "browse").scope_ids).values("ancestor_id")
    holders = Grant.objects.filter(in_force(), scope__in=above).values("principal_id")
    mine = Group.members.through.objects.filter(user=actor.principal_id).values("group_id")
    return Group.objects.filter(Q(pk__in=mine) | Q(pk__in=holders))


def group_seen_by(actor: Actor, pk: UUID) -> Group:
    """Return that group; unknown and unseen are the same refusal."""
    found = groups_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="group")
    return found


def scopes_for(actor: Actor) -> QuerySet[Scope]:
    """Return the scopes `actor` can browse or manage."""
    browsed, managed = visible(actor, Action.BROWSE).q("pk"), visible(actor, Action.MANAGE_ACCESS).q("pk")
    return Scope.objects.filter(browsed | managed)


def scope_seen_by(actor: Actor, pk: UUID) -> Scope:
    """Return that scope; unknown and unseen are the same refusal."""
    found = scopes_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="scope")
    return found


def grants_for(actor: Actor) -> QuerySet[Grant]:
    """Return the grants `actor` may know of: their own, and those over places where they manage access or audit."""
    seen = visible(actor, Action.MANAGE_ACCESS).q() | visible(actor, Action.AUDIT).q()
    own = held_by(actor.principal_id).values("pk")
    return Grant.objects.filter(seen | Q(pk__in=own)).select_related("scope")


def grant_seen_by(actor: Actor, pk: UUID) -> Grant:
    """Return that grant; unknown and unseen are the same refusal."""
    found = grants_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="grant")
    return found


def holders(actor: Actor, principal_id: UUID) -> Holders:
    """Return who would hold what is granted to a person, service account or group that `actor` can see."""
    group = groups_for(actor).filter(pk=principal_id).first()
    if group is not None:
        return Holders("group", frozenset(group.members.values_list("pk", flat=True)))
    found = person_seen_by(actor, principal_id)
    own = {found.pk, *([found.owner_id] if found.owner_id else [])}
    return Holders(found.kind, frozenset(own), found.is_active)


def holds_already(gift: Gift) -> bool:
    """Return whether the very same role there is already held by that principal, now or from a later date on."""
    same = Grant.objects.filter(
        principal_id=gift.principal_id, role=gift.role, scope_id=gift.scope_id, object_id=gift.object_id
    )
    return same.filter(Q(expires_at=None) | Q(expires_at__gt=Moment()), revoked_at=None).exists()


def roles_of(principal_id: UUID) -> set[str]:
    """Return the roles that somebody's own grants give, now or from a later date on."""
    lasting = Grant.objects.filter(Q(expires_at=None) | Q(expires_at__gt=Moment()), principal_id=principal_id)
    return set(lasting.filter(revoked_at=None).values_list("role", flat=True))


def holds_high_role(user_id: UUID) -> bool:
    """Return whether somebody holds, directly or through a group, a role only an administrator hands out."""
    return needs_admin(held_by(user_id).filter(in_force()).values_list("role", flat=True))


def administrators(without: Grant | None = None) -> set[UUID]:
    """Return the active persons who administer the organisation, counting every grant but `without`."""
    grants = Grant.objects.filter(in_force(), role="admin", scope__parent=None, object_id=None)
    holding = (grants.exclude(pk=without.pk) if without else grants).values("principal_id")
    people = User.objects.filter(Q(pk__in=holding) | Q(groups_in__in=holding), is_active=True, kind=User.Kind.PERSON)
    return set(people.values_list("pk", flat=True))


def resource(actor: Actor, text: str) -> Scoped | None:
    """Return the row that `kind:id` names, as `actor` sees it; `organisation` is the whole, kept as `None`.

    Scopes are ours; what other kinds mean is asked of the rooms above through a port.
    """
    if text == "organisation":
        return None
    kind, _, key = text.partition(":")
    if kind != "scope":
        found: Scoped = import_string(settings.ATTESTRY_PORTS["resource"])(actor, kind, key)
        return found
    try:
        return scope_seen_by(actor, UUID(key))
    except ValueError as error:
        raise Malformed("access.bad_resource") from error


def explained(actor: Actor, subject_id: UUID, action: str, row: Scoped | None) -> tuple[User, Decision]:
    """Return somebody and why they may or may not; about others only for who manages access or audits there."""
    if action not in set(Action):
        raise Malformed("access.bad_action", action=action[:40])
    subject = person_seen_by(actor, subject_id)
    asking = actor.principal_id
    if asking != subject.pk and not any(may(asking, one, row) for one in (Action.MANAGE_ACCESS, Action.AUDIT)):
        raise Forbidden("access.not_allowed", action=Action.MANAGE_ACCESS.value)
    return subject, explain(subject, action, row)


def names(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names people and groups are shown by; ids that are neither are left out."""
    wanted = set(ids)
    people = dict(User.objects.filter(pk__in=wanted).values_list("pk", "name"))
    return people | dict(Group.objects.filter(pk__in=wanted).values_list("pk", "name"))
