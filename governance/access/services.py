"""Who belongs here and what they hold: people, groups, scopes and grants.

Names, addresses and reasons enter the log only as private values.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, Conflict, Invalid, require
from governance.access import records, rules, selectors
from governance.access.models import Grant, Group, Scope, User
from governance.access.rules import Action, Gift, NewPerson


@transaction.atomic(durable=True)
def add_person(*, actor: Actor, person: NewPerson, now: datetime) -> User:
    """Add somebody who can do nothing yet: no password and no grant. Refused when the address is taken."""
    require(actor, Action.MANAGE_ACCESS, None)
    wanted = rules.checked_person(person)
    user = records.person(wanted)
    log.append(
        actor=actor,
        action="person.added",
        subjects=[f"person:{user.pk}"],
        at=now,
        private={"name": wanted.name, "email": wanted.email},
    )
    return user


@transaction.atomic(durable=True)
def change_person(*, actor: Actor, person_id: UUID, name: str, now: datetime) -> User:
    """Correct the name somebody is shown by. Refused for Attestry's own principals."""
    user = selectors.person_seen_by(actor, person_id)
    require(actor, Action.MANAGE_ACCESS, None)
    rules.check_outside(user.kind)
    wanted = rules.clean_name(name)
    User.objects.filter(pk=user.pk).update(name=wanted)
    log.append(actor=actor, action="person.changed", subjects=[f"person:{user.pk}"], at=now, private={"name": wanted})
    user.refresh_from_db()
    return user


@transaction.atomic(durable=True)
def deactivate(*, actor: Actor, person_id: UUID, reason: str, now: datetime) -> User:
    """Shut somebody out: sessions, tokens and sign-in links end in this same transaction, for good.

    Their service accounts stand still until they return. Refused for the last administrator, and for Attestry's own.
    """
    user = selectors.person_seen_by(actor, person_id)
    require(actor, Action.MANAGE_ACCESS, None)
    if selectors.holds_high_role(user.pk):
        require(actor, Action.ADMIN, None)
    rules.check_outside(user.kind)
    rules.check_not_last_admin(user.pk, selectors.administrators())
    if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False) != 1:
        raise Conflict("access.already_inactive")
    ended = records.end_access(user.pk, now)
    log.append(
        actor=actor,
        action="person.deactivated",
        subjects=[f"person:{user.pk}"],
        at=now,
        about=ended,
        private={"reason": rules.clean_reason(reason)},
    )
    user.refresh_from_db()
    return user


@transaction.atomic(durable=True)
def reactivate(*, actor: Actor, person_id: UUID, reason: str, now: datetime) -> User:
    """Let somebody back in: their grants count again, their old sessions, tokens and links do not."""
    user = selectors.person_seen_by(actor, person_id)
    require(actor, Action.MANAGE_ACCESS, None)
    if selectors.holds_high_role(user.pk):
        require(actor, Action.ADMIN, None)
    rules.check_not_erased(user.email)
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True) != 1:
        raise Conflict("access.already_active")
    log.append(
        actor=actor,
        action="person.reactivated",
        subjects=[f"person:{user.pk}"],
        at=now,
        private={"reason": rules.clean_reason(reason)},
    )
    user.refresh_from_db()
    return user


@transaction.atomic(durable=True)
def create_group(*, actor: Actor, name: str, now: datetime) -> Group:
    """Make an empty group. Refused when the name is taken, however it is capitalised."""
    require(actor, Action.MANAGE_ACCESS, None)
    group = records.group(rules.clean_name(name))
    log.append(
        actor=actor, action="group.created", subjects=[f"group:{group.pk}"], at=now, private={"name": group.name}
    )
    return group


@transaction.atomic(durable=True)
def set_members(*, actor: Actor, group_id: UUID, members: Sequence[UUID], now: datetime) -> Group:
    """Make exactly `members` the people of a group; each must be an active person that `actor` can see.

    Nobody brings themselves into a group that decides anything: that would be granting themselves approval.
    """
    group = selectors.group_seen_by(actor, group_id)
    require(actor, Action.MANAGE_ACCESS, None)
    roles = selectors.roles_of(group.pk)
    if rules.needs_admin(roles):
        require(actor, Action.ADMIN, None)
    wanted = {selectors.active_person_seen_by(actor, pk).pk for pk in members}
    before = set(group.members.values_list("pk", flat=True))
    rules.check_not_own_gain(rules.themselves(actor) & (wanted - before), roles)
    group.members.set(User.objects.filter(pk__in=wanted))
    joined, left = sorted(map(str, wanted - before)), sorted(map(str, before - wanted))
    log.append(
        actor=actor,
        action="group.members_set",
        subjects=[f"group:{group.pk}", *(f"person:{pk}" for pk in (*joined, *left))],
        at=now,
        about={"joined": joined, "left": left},
    )
    return group


@transaction.atomic(durable=True)
def create_scope(*, actor: Actor, parent_id: UUID, kind: str, name: str, now: datetime) -> Scope:
    """Make a team or project below a scope. Refused below a project, too deep, or when the name is taken there."""
    parent = selectors.scope_seen_by(actor, parent_id)
    require(actor, Action.MANAGE_ACCESS, parent)
    scope = records.new_place(parent, kind, rules.checked_place(parent.kind, parent.path, kind, name))
    log.append(
        actor=actor,
        action="scope.created",
        subjects=[f"scope:{scope.pk}"],
        at=now,
        scope_id=scope.pk,
        about={"parent": str(parent.pk), "kind": kind},
        private={"path": scope.path},
    )
    return scope


@transaction.atomic(durable=True)
def set_frozen(*, actor: Actor, scope_id: UUID, frozen: bool, reason: str, now: datetime) -> Scope:
    """Freeze a scope and everything below it against changes and decisions, or thaw it; reading goes on."""
    scope = selectors.scope_seen_by(actor, scope_id)
    require(actor, Action.ADMIN, scope)
    moved = Scope.objects.filter(pk=scope.pk, frozen_at__isnull=frozen).update(frozen_at=now if frozen else None)
    if moved != 1:
        raise Conflict("access.already_frozen" if frozen else "access.not_frozen")
    log.append(
        actor=actor,
        action="scope.frozen" if frozen else "scope.thawed",
        subjects=[f"scope:{scope.pk}"],
        at=now,
        scope_id=scope.pk,
        private={"reason": rules.clean_reason(reason)},
    )
    scope.refresh_from_db()
    return scope


@transaction.atomic(durable=True)
def give_grant(*, actor: Actor, gift: Gift, now: datetime) -> Grant:
    """Give a person, group or service account a role over a scope and all below it, or over one object.

    Refused: roles nobody can be given, deciding roles for machines or for oneself (directly or through a group),
    roles above what `actor` may hand out, dates that make no sense, and what they hold already.
    """
    scope = selectors.scope_seen_by(actor, gift.scope_id)
    holders = selectors.holders(actor, gift.principal_id)
    require(actor, Action.MANAGE_ACCESS, scope if gift.object_id is None else None)
    if rules.needs_admin({gift.role}):
        require(actor, Action.ADMIN, scope)
    rules.check_gift(gift, holders, rules.themselves(actor), now)
    if selectors.holds_already(gift):
        raise Conflict("access.already_granted")
    grant = records.give(gift, actor.principal_id, now)
    log.append(
        actor=actor,
        action="grant.given",
        subjects=[f"grant:{grant.pk}", f"{holders.kind}:{gift.principal_id}"],
        at=now,
        scope_id=scope.pk,
        about=rules.told(gift),
        private={"reason": gift.reason},
    )
    return grant


@transaction.atomic(durable=True)
def change_role(*, actor: Actor, grant_id: UUID, role: str, reason: str, now: datetime) -> Grant:
    """Replace a grant by one of another role, same holder, place and end; refused like giving and withdrawing."""
    old = selectors.grant_seen_by(actor, grant_id)
    gift = Gift(old.principal_id, role, old.scope_id, rules.clean_reason(reason), old.object_id, None, old.expires_at)
    holders = selectors.holders(actor, old.principal_id)
    require(actor, Action.MANAGE_ACCESS, old.scope if old.object_id is None else None)
    if rules.needs_admin({old.role, role}):
        require(actor, Action.ADMIN, old.scope)
    rules.check_gift(gift, holders, rules.themselves(actor), now)
    _check_admin_remains(old)
    if selectors.holds_already(gift):
        raise Conflict("access.already_granted")
    _withdraw(old, now)
    grant = records.give(gift, actor.principal_id, now)
    log.append(
        actor=actor,
        action="grant.changed",
        subjects=[f"grant:{old.pk}", f"grant:{grant.pk}", f"{holders.kind}:{gift.principal_id}"],
        at=now,
        scope_id=old.scope_id,
        about=rules.told(gift) | {"before": old.role},
        private={"reason": gift.reason},
    )
    return grant


@transaction.atomic(durable=True)
def withdraw_grant(*, actor: Actor, grant_id: UUID, reason: str, now: datetime) -> Grant:
    """End a grant from this moment on. Whoever could not have given it cannot take it away."""
    grant = selectors.grant_seen_by(actor, grant_id)
    require(actor, Action.MANAGE_ACCESS, grant.scope if grant.object_id is None else None)
    if rules.needs_admin({grant.role}):
        require(actor, Action.ADMIN, grant.scope)
    rules.check_grantable(grant.role)
    _check_admin_remains(grant)
    _withdraw(grant, now)
    log.append(
        actor=actor,
        action="grant.withdrawn",
        subjects=[f"grant:{grant.pk}", f"{selectors.holders(actor, grant.principal_id).kind}:{grant.principal_id}"],
        at=now,
        scope_id=grant.scope_id,
        about={"role": grant.role},
        private={"reason": rules.clean_reason(reason)},
    )
    grant.refresh_from_db()
    return grant


def _withdraw(grant: Grant, now: datetime) -> None:
    if Grant.objects.filter(pk=grant.pk, revoked_at=None).update(revoked_at=now) != 1:
        raise Conflict("access.already_withdrawn")


def _check_admin_remains(grant: Grant) -> None:
    """Refuse to take the grant that makes the last administrator one."""
    if grant.role == "admin" and grant.scope.parent_id is None and not selectors.administrators(without=grant):
        raise Invalid("access.last_admin")
