"""Writes this room makes inside its callers' transactions."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from audit.actor import OPERATOR_ID, SYSTEM_ID, Conflict
from governance.access.models import Grant, Group, Scope, ScopeClosure, Session, SigninLink, Token, User
from governance.access.rules import Gift, NewPerson


def found(now: datetime) -> None:
    """Make the organisation, Attestry's own two principals and their grants; does nothing where they exist."""
    root, made = Scope.objects.get_or_create(
        parent=None, kind=Scope.Kind.ORGANISATION, defaults={"name": "Organisation", "path": "org"}
    )
    if made:
        ScopeClosure.objects.create(ancestor=root, descendant=root)
    # neither vouches for itself: what one grants oneself does not count
    _found_principal(SYSTEM_ID, "system", root, OPERATOR_ID, now)
    _found_principal(OPERATOR_ID, "operator", root, SYSTEM_ID, now)


def _found_principal(pk: UUID, name: str, root: Scope, by: UUID, now: datetime) -> None:
    address = f"{name}@attestry.invalid"
    User.objects.get_or_create(
        pk=pk, defaults={"email": address, "name": name.title(), "kind": User.Kind.SYSTEM, "password": "!"}
    )
    if not Grant.objects.filter(principal_id=pk, role=name, scope=root).exists():
        Grant.objects.create(principal_id=pk, role=name, scope=root, granted_by=by, not_before=now, source="founding")


def place(parent: Scope, kind: str, name: str) -> Scope:
    """Make a scope below `parent`, with its closure; the path is the parent's and the name."""
    scope = Scope.objects.create(parent=parent, kind=kind, name=name, path=f"{parent.path}/{name}")
    above = ScopeClosure.objects.filter(descendant=parent).values_list("ancestor_id", flat=True)
    ScopeClosure.objects.bulk_create(
        [ScopeClosure(ancestor_id=ancestor, descendant=scope) for ancestor in (*above, scope.pk)]
    )
    return scope


def new_place(parent: Scope, kind: str, name: str) -> Scope:
    """Make a scope below `parent`; refused when that name is taken there."""
    try:
        with transaction.atomic():
            return place(parent, kind, name)
    except IntegrityError as error:
        raise Conflict("access.name_taken", name=name) from error


def person(new: NewPerson) -> User:
    """Make a person without password or grants; refused when the address is taken."""
    return _principal(User(name=new.name, email=new.email, language=new.language))


def service(new: NewPerson, owner_id: UUID) -> User:
    """Make a service account that `owner_id` answers for; refused when the name is taken."""
    return _principal(User(name=new.name, email=new.email, kind=User.Kind.SERVICE, owner_id=owner_id))


def _principal(user: User) -> User:
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("access.email_taken") from error
    return user


def group(name: str) -> Group:
    """Make an empty group; refused when the name is taken, however it is capitalised."""
    if Group.objects.filter(name__iexact=name).exists():
        raise Conflict("access.name_taken", name=name)
    try:
        with transaction.atomic():
            return Group.objects.create(name=name)
    except IntegrityError as error:
        raise Conflict("access.name_taken", name=name) from error


def give(gift: Gift, by: UUID, now: datetime) -> Grant:
    """Write the grant a gift describes, given by `by`."""
    return Grant.objects.create(
        principal_id=gift.principal_id,
        role=gift.role,
        scope_id=gift.scope_id,
        object_id=gift.object_id,
        reason=gift.reason.strip(),
        granted_by=by,
        not_before=gift.not_before or now,
        expires_at=gift.expires_at,
    )


def grant(principal_id: UUID, role: str, scope: Scope, by: UUID, now: datetime) -> Grant:
    """Note that `principal_id` holds `role` over `scope` from `now` on."""
    return Grant.objects.create(principal_id=principal_id, role=role, scope=scope, granted_by=by, not_before=now)


def end_access(user_id: UUID, now: datetime) -> dict[str, int]:
    """End every session, token and sign-in link of somebody; returns how many of each there were."""
    sessions = Session.objects.filter(user_id=user_id).delete()[0]
    tokens = Token.objects.filter(user_id=user_id, revoked_at=None).update(revoked_at=now)
    links = SigninLink.objects.filter(user_id=user_id, used_at=None).update(used_at=now)
    return {"sessions": sessions, "tokens": tokens, "links": links}


def erase(user: User, name: str, email: str, now: datetime) -> dict[str, int]:
    """Put a pseudonym in the place of somebody's name and address, and shut them out; returns what ended.

    The row stays, and so do grants and decisions under its id; the reasons they were given them for go.
    """
    ended = end_access(user.pk, now)
    SigninLink.objects.filter(user_id=user.pk).delete()
    Token.objects.filter(user_id=user.pk).update(name=name)
    Grant.objects.filter(principal_id=user.pk).update(reason="")
    User.objects.filter(pk=user.pk).update(
        name=name, email=email, is_active=False, password=make_password(None), language="", theme=""
    )
    return ended
