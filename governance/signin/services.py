"""Coming in and going out: sign-in, passwords, one-time links, tokens and sessions.

Addresses and names of devices enter the log only as private values; secrets never do.
"""

from datetime import datetime
from secrets import token_bytes
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, Conflict, Invalid, require
from governance.access import records as access_records
from governance.access import rules as access_rules
from governance.access import selectors as access
from governance.access.models import Session, SigninLink, Token, User
from governance.access.rules import Action, Gift, NewPerson
from governance.signin import records, rules, selectors
from governance.signin.rules import NewPassword, ServiceAccount, require_person, require_self

NOBODY = "person:unknown"


@transaction.atomic(durable=True)
def sign_in(*, actor: Actor, user: User, who: str, place: str, now: datetime) -> None:
    """Note that a person proved who they are by password; without this entry no session begins."""
    require_self(actor.principal_id, user.pk)
    require_person(user.kind, active=user.is_active)
    records.forgive(who, place, now)
    log.append(
        actor=actor, action="signin.succeeded", subjects=[f"person:{user.pk}"], at=now, about={"how": "password"}
    )


@transaction.atomic(durable=True)
def confirm(*, actor: Actor, user: User, who: str, place: str, now: datetime) -> None:
    """Note that a person who is signed in entered their password again."""
    require_self(actor.principal_id, user.pk)
    records.forgive(who, place, now)
    log.append(actor=actor, action="signin.confirmed", subjects=[f"person:{user.pk}"], at=now)


@transaction.atomic(durable=True)
def note_failure(*, actor: Actor, email: str, who: str, place: str, now: datetime) -> None:
    """@public Count a password that did not fit, and note it, whether or not anybody has that address."""
    records.tried(who, place, now)
    user = selectors.who_signs_in(email)
    log.append(
        actor=actor,
        action="signin.failed",
        subjects=[f"person:{user.pk}" if user else NOBODY],
        at=now,
        private={"email": email[:254]},
        outcome="failure",
    )


@transaction.atomic(durable=True)
def sign_out(*, actor: Actor, now: datetime) -> None:
    """Note that a person left; their session ends with the answer."""
    require_self(actor.principal_id, actor.principal_id)
    log.append(actor=actor, action="signin.ended", subjects=[f"person:{actor.principal_id}"], at=now)


@transaction.atomic(durable=True)
def set_password(*, actor: Actor, change: NewPassword, keep: str | None, now: datetime) -> None:
    """Put a person's own new password in place; every session of theirs but the one of key `keep` ends.

    Refused when the password was changed by somebody else in between.
    """
    require_self(actor.principal_id, change.user_id)
    changed = User.objects.filter(pk=change.user_id, password=change.before, is_active=True)
    if changed.update(password=change.after) != 1:
        raise Conflict("access.password_moved")
    ended = records.end_sessions(change.user_id, keep)
    log.append(
        actor=actor,
        action="password.changed",
        subjects=[f"person:{change.user_id}"],
        at=now,
        about={"how": change.how, "sessions": ended},
    )


@transaction.atomic(durable=True)
def issue_signin_link(
    *, actor: Actor, person_id: UUID, purpose: str, host: str, now: datetime
) -> tuple[SigninLink, str]:
    """Give out a link that signs a person in once, within 10 minutes, at `host`; returns it and its secret.

    With purpose `reset` it leads to choosing a new password: nobody ever sets one for somebody else. Earlier links
    stop working. Only administrators may, and the entry names them.
    """
    user = access.person_seen_by(actor, person_id)
    require(actor, Action.ADMIN, None)
    require_person(user.kind, active=user.is_active)
    secret = rules.link_secret(token_bytes(32))
    link = records.link(user, SigninLink.Purpose(purpose), host, rules.digest_of(secret), actor.principal_id, now)
    log.append(
        actor=actor,
        action="signin.link_issued",
        subjects=[f"person:{user.pk}"],
        at=now,
        about={"link": str(link.pk), "purpose": purpose},
    )
    return link, secret


@transaction.atomic(durable=True)
def redeem_signin_link(*, actor: Actor, secret: str, host: str, now: datetime) -> SigninLink:
    """@public Use up a sign-in link; whoever holds it is its person from now on. Refused: used, old, or elsewhere."""
    link = selectors.link_for(secret)
    rules.redeem(rules.Link(link.digest, link.host, link.expires_at, link.used_at), host=host, now=now)
    require_person(link.user.kind, active=link.user.is_active)
    if SigninLink.objects.filter(pk=link.pk, used_at=None).update(used_at=now) != 1:
        raise Conflict("access.link_used_or_old")
    log.append(
        actor=Actor(link.user_id, link.user.kind, actor.via if actor.principal_id == link.user_id else "session"),
        action="signin.succeeded",
        subjects=[f"person:{link.user_id}"],
        at=now,
        about={"how": "link", "link": str(link.pk), "purpose": link.purpose},
    )
    link.refresh_from_db()
    return link


@transaction.atomic(durable=True)
def note_first_use(*, actor: Actor, token: Token, now: datetime) -> None:
    """Note that a token was shown for the first time; of two requests that show it at once, one notes it."""
    require_self(actor.principal_id, token.user_id)
    if Token.objects.filter(pk=token.pk, last_used_at=None).update(last_used_at=now) == 1:
        log.append(actor=actor, action="token.first_used", subjects=_about(token), at=now, about=_terms(token))


@transaction.atomic(durable=True)
def create_token(*, actor: Actor, name: str, days: int, now: datetime) -> tuple[Token, str]:
    """Make a token of one's own for at most 365 days; returns it and its text, which is shown this once.

    Refused when it would outlive the token that was shown to ask for it.
    """
    user = access.person_seen_by(actor, actor.principal_id)
    require_self(actor.principal_id, user.pk)
    require_person(user.kind, active=user.is_active)
    expires_at = rules.token_expiry(now, days)
    rules.check_child_token(expires_at, selectors.ends_with(actor))
    minted = rules.mint(token_bytes(rules.RANDOM_BYTES))
    token = records.token(user, access_rules.clean_name(name), minted, expires_at)
    log.append(
        actor=actor,
        action="token.created",
        subjects=_about(token),
        at=now,
        about=_terms(token),
        private={"name": token.name},
    )
    return token, minted.text


@transaction.atomic(durable=True)
def create_service_token(*, actor: Actor, account: ServiceAccount, days: int, now: datetime) -> tuple[Token, str]:
    """Make a token of a service account, and the account with its grants when there is none of that name.

    Needs the right to manage access at its scope. Refused: roles machines may not hold, an owner who is no active
    principal, or another person's account.
    """
    scope = access.scope_seen_by(actor, account.scope_id)
    require(actor, Action.MANAGE_ACCESS, scope)
    if access_rules.needs_admin(account.roles):
        require(actor, Action.ADMIN, scope)
    user = _account(actor, account, now)
    records.hold(user, set(account.roles), scope.pk, actor.principal_id, now)
    minted = rules.mint(token_bytes(rules.RANDOM_BYTES))
    token = records.token(user, user.name, minted, rules.token_expiry(now, days))
    log.append(
        actor=actor,
        action="token.created",
        subjects=_about(token),
        at=now,
        scope_id=scope.pk,
        about=_terms(token) | {"roles": sorted(account.roles), "owner": str(user.owner_id)},
        private={"name": user.name},
    )
    return token, minted.text


@transaction.atomic(durable=True)
def revoke_token(*, actor: Actor, token_id: UUID, now: datetime) -> Token:
    """End a token from this moment on: one's own, one's service account's, or anybody's for administrators."""
    token = selectors.token_seen_by(actor, token_id)
    if actor.principal_id not in (token.user_id, token.user.owner_id):
        require(actor, Action.ADMIN, None)
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now) != 1:
        raise Conflict("access.token_ended")
    log.append(actor=actor, action="token.revoked", subjects=_about(token), at=now)
    token.refresh_from_db()
    return token


@transaction.atomic(durable=True)
def end_session(*, actor: Actor, session_id: UUID, now: datetime) -> None:
    """Sign one of one's own browsers out."""
    session = selectors.session_of(actor.principal_id, session_id)
    require_self(actor.principal_id, actor.principal_id)
    Session.objects.filter(pk=session.pk).delete()
    log.append(
        actor=actor,
        action="signin.session_ended",
        subjects=[f"person:{actor.principal_id}"],
        at=now,
        about={"session": str(session_id)},
    )


@transaction.atomic(durable=True)
def end_other_sessions(*, actor: Actor, keep: str, now: datetime) -> int:
    """Sign all of one's own browsers out but the one of key `keep`; returns how many."""
    require_self(actor.principal_id, actor.principal_id)
    ended = records.end_sessions(actor.principal_id, keep)
    log.append(
        actor=actor,
        action="signin.sessions_ended",
        subjects=[f"person:{actor.principal_id}"],
        at=now,
        about={"sessions": ended},
    )
    return ended


def _account(actor: Actor, wanted: ServiceAccount, now: datetime) -> User:
    """Return the service account of that name and owner, made when there is none."""
    address = rules.service_address(wanted.name)
    for role in wanted.roles:
        gift = Gift(wanted.owner_id, role, wanted.scope_id, "for a service account")
        access_rules.check_gift(gift, access_rules.Holders("service", frozenset()), frozenset(), now)
    themselves = wanted.owner_id == actor.principal_id
    owner = access.user(wanted.owner_id) if themselves else access.people_for(actor).filter(pk=wanted.owner_id).first()
    if owner is None or not owner.is_active or owner.kind == User.Kind.SERVICE:
        raise Invalid("access.owner_needed")
    found = selectors.account(address)
    if found is None:
        return access_records.service(NewPerson(access_rules.clean_name(wanted.name), address), owner.pk)
    if found.owner_id != owner.pk or not found.is_active:
        raise Conflict("access.name_taken", name=wanted.name)
    if owner.pk not in access_rules.themselves(actor):
        require(actor, Action.ADMIN, None)
    return found


def _about(token: Token) -> list[str]:
    return [f"token:{token.pk}", f"{token.user.kind}:{token.user_id}"]


def _terms(token: Token) -> dict[str, str]:
    return {"expires_at": token.expires_at.isoformat(), "prefix": token.prefix}
