"""Writes this room makes inside its callers' transactions."""

from datetime import datetime, timedelta
from uuid import UUID

from governance.access.models import Grant, Session, SigninLink, Token, Try, User
from governance.signin.rules import LIMIT_WINDOW, LINK_LIFE, Minted

KEPT = timedelta(days=1)


def tried(who: str, place: str, now: datetime) -> None:
    """Remember a password that failed, and forget those older than a day."""
    Try.objects.filter(at__lt=now - KEPT).delete()
    Try.objects.create(who=who, place=place, at=now)


def forgive(who: str, place: str, now: datetime) -> None:
    """Forget the recent failures of one address from one place, now that the right password came."""
    Try.objects.filter(who=who, place=place, at__gt=now - LIMIT_WINDOW).delete()


def link(user: User, purpose: str, host: str, digest: str, by: UUID, now: datetime) -> SigninLink:
    """Keep a new sign-in link; the earlier unused ones of the same person stop working."""
    SigninLink.objects.filter(user=user, used_at=None).update(used_at=now)
    return SigninLink.objects.create(
        user=user, purpose=purpose, host=host, digest=digest, issued_by=by, expires_at=now + LINK_LIFE
    )


def token(user: User, name: str, minted: Minted, expires_at: datetime) -> Token:
    """Keep a new token's digest."""
    return Token.objects.create(user=user, name=name, prefix=minted.prefix, digest=minted.digest, expires_at=expires_at)


def hold(user: User, roles: set[str], scope_id: UUID, by: UUID, now: datetime) -> None:
    """Give a service account the roles it does not hold over that scope yet."""
    held = Grant.objects.filter(principal_id=user.pk, scope_id=scope_id, object_id=None, revoked_at=None)
    for role in sorted(roles - set(held.filter(expires_at=None).values_list("role", flat=True))):
        Grant.objects.create(
            principal_id=user.pk,
            role=role,
            scope_id=scope_id,
            granted_by=by,
            not_before=now,
            reason="its token's roles",
        )


def end_sessions(user_id: UUID, keep: str | None) -> int:
    """End somebody's sessions but the one of key `keep`; returns how many."""
    return Session.objects.filter(user_id=user_id).exclude(session_key=keep or "").delete()[0]
