"""Tokens, sessions and sign-in links, as whoever may see them; and how often a password failed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from audit import bulk
from audit.actor import Actor, NotSeen, NotSignedIn
from audit.bulk import as_time, as_uuid
from governance.access import selectors as access
from governance.access.facts import NOW
from governance.access.models import Session, SigninLink, Token, Try, User
from governance.access.rules import Action
from governance.signin.rules import LIMIT_WINDOW, Tries, digest_of, read_token, same

_SHOWN = """
SELECT t.id, t.digest, t.revoked_at, t.expires_at, t.last_used_at, u.id, u.kind, u.owner_id,
       u.is_active AND COALESCE(o.is_active, u.is_active), {now}
FROM governance_token t JOIN governance_user u ON u.id = t.user_id LEFT JOIN governance_user o ON o.id = u.owner_id
WHERE t.digest = %s
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A token that somebody showed and that counts: who acts by it, when it was last used, and the database's now."""

    token_id: UUID
    actor: Actor
    last_used_at: datetime | None
    at: datetime


def shown(text: str) -> Shown:
    """Return what the token `text` stands for; refused when it is none, ended, or its holder or owner is shut out.

    One question to the database, asked anew for every request: what was revoked a moment ago does not count.
    """
    presented = read_token(text)
    rows = bulk.fetch(_SHOWN.format(now=NOW[connection.vendor]), [presented.digest])
    if not rows:
        raise NotSignedIn("access.bad_token")
    pk, digest, revoked, expires, used, holder, kind, owner, active, now = rows[0]
    at = as_time(now)
    if not same(digest, presented.digest) or revoked is not None or as_time(expires) <= at or not active:
        raise NotSignedIn("access.bad_token")
    behind = as_uuid(owner) if owner else None
    actor = Actor(as_uuid(holder), kind, "token", on_behalf_of=behind, token_id=as_uuid(pk))
    return Shown(as_uuid(pk), actor, as_time(used) if used else None, at)


def tokens_for(actor: Actor) -> QuerySet[Token]:
    """Return the tokens `actor` may know of: their own, their service accounts', and all for administrators."""
    tokens = Token.objects.select_related("user")
    if administers(actor):
        return tokens
    return tokens.filter(Q(user=actor.principal_id) | Q(user__owner=actor.principal_id))


def token_seen_by(actor: Actor, pk: UUID) -> Token:
    """Return that token; unknown and unseen are the same refusal."""
    found = tokens_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="token")
    return found


def administers(actor: Actor) -> bool:
    """Return whether `actor` administers the organisation."""
    return access.may(actor.principal_id, Action.ADMIN, None)


def ends_with(actor: Actor) -> datetime | None:
    """Return when the token that `actor` shows ends; `None` for a session."""
    shown = Token.objects.filter(pk=actor.token_id).first() if actor.token_id else None
    return shown.expires_at if shown else None


def sessions_of(user_id: UUID, now: datetime) -> QuerySet[Session]:
    """Return somebody's sessions that have not run out, the newest first."""
    return Session.objects.filter(user_id=user_id, expire_date__gt=now).order_by("-started_at")


def session_of(user_id: UUID, pk: UUID) -> Session:
    """Return that session of theirs; anybody else's is not seen."""
    found = Session.objects.filter(user_id=user_id, id=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="session")
    return found


def link_for(secret: str) -> SigninLink:
    """Return the sign-in link of that secret, whether or not it still works."""
    found = SigninLink.objects.select_related("user").filter(digest=digest_of(secret)).first()
    if found is None:
        raise NotSeen("not_seen", what="link")
    return found


def tries(who: str, place: str, now: datetime) -> Tries:
    """Return how often a password failed lately for this address, from this place, and both."""
    recent = Try.objects.filter(Q(who=who) | Q(place=place), at__gt=now - LIMIT_WINDOW)
    counts = recent.aggregate(
        here=Count("pk", filter=Q(who=who, place=place)),
        by_name=Count("pk", filter=Q(who=who)),
        from_place=Count("pk", filter=Q(place=place)),
    )
    return Tries(**counts)


def who_signs_in(email: str) -> User | None:
    """Return the principal of that address, however it is capitalised."""
    return User.objects.filter(email__iexact=email).first()


def account(address: str) -> User | None:
    """Return the service account of that made-up address."""
    return User.objects.select_related("owner").filter(email=address, kind=User.Kind.SERVICE).first()
