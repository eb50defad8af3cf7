"""Who is who, who may do what, and which scopes and objects somebody may act on."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from audit.actor import Actor, Forbidden, Scoped, Visible
from governance.access.models import Grant, Group, Scope, ScopeClosure, User
from governance.access.rules import roles_that_may


def user(pk: UUID) -> User | None:
    """Return the principal of that id, active or not."""
    return User.objects.filter(pk=pk).first()


def root() -> Scope:
    """Return the organisation, the top of the scope tree."""
    return Scope.objects.get(parent=None)


def live_grants(principal_id: UUID, action: str) -> QuerySet[Grant]:
    """Return the grants by which `principal_id`, directly or through a group, may `action` by the database's now."""
    groups = Group.objects.filter(members=principal_id).values("pk")
    held = Grant.objects.filter(Q(principal_id=principal_id) | Q(principal_id__in=groups))
    return held.filter(_in_force(), role__in=roles_that_may(action))


def _in_force() -> Q:
    return Q(revoked_at=None, not_before__lte=Now()) & (Q(expires_at=None) | Q(expires_at__gt=Now()))


def may(principal: User, action: str, row: Scoped | None) -> bool:
    """Return whether an active `principal` holds `action` over `row` (`None`: over the whole organisation)."""
    if not principal.is_active:
        return False
    grants = live_grants(principal.pk, action)
    scope_id = row.scope_id if row is not None else root().pk
    above = ScopeClosure.objects.filter(descendant_id=scope_id).values("ancestor_id")
    over = Q(object_id=None, scope__in=above)
    pk = getattr(row, "pk", None)
    return grants.filter(over | Q(object_id=pk) if isinstance(pk, UUID) else over).exists()


def people_who_may(action: str, scope_id: UUID) -> list[User]:
    """Return the active persons who may `action` in that scope, by name; service accounts never."""
    above = ScopeClosure.objects.filter(descendant_id=scope_id).values("ancestor_id")
    grants = Grant.objects.filter(_in_force(), role__in=roles_that_may(action), object_id=None, scope__in=above)
    direct = Q(pk__in=grants.values("principal_id"))
    grouped = Q(groups_in__in=grants.values("principal_id"))
    people = User.objects.filter(direct | grouped, is_active=True, kind=User.Kind.PERSON)
    return list(people.order_by("name", "pk").distinct())


def visible(actor: Actor, action: str) -> Visible:
    """Return subqueries of the scopes and objects `actor` may do `action` to."""
    grants = live_grants(actor.principal_id, action).filter(_active(actor))
    reach = ScopeClosure.objects.filter(ancestor__in=grants.filter(object_id=None).values("scope"))
    return Visible(reach.values("descendant_id"), grants.exclude(object_id=None).values("object_id"))


def _active(actor: Actor) -> Q:
    return Q(pk__in=[]) if not User.objects.filter(pk=actor.principal_id, is_active=True).exists() else Q()


def home_scope(actor: Actor, action: str) -> UUID:
    """Return the scope of the actor's own highest grant for `action`; refused when they hold none."""
    grants: QuerySet[Any] = live_grants(actor.principal_id, action).filter(_active(actor), object_id=None)
    paths = sorted(grants.values_list("scope__path", "scope_id"), key=lambda pair: (pair[0].count("/"), pair[0]))
    if not paths:
        raise Forbidden("access.not_allowed", action=action)
    return UUID(str(paths[0][1]))
