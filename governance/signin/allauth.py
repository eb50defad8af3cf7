"""django-allauth, told our rules: no sign-up, nothing kept beside our own tables, every try in the log."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from audit.actor import Actor
from audit.doors import actor_of, now_of, say
from audit.refusals import Refused
from governance.access.models import User
from governance.signin import passwords, rules, selectors, services
from governance.signin.sessions import SessionStore


def place_of(request: HttpRequest) -> str:
    """Return a digest of where a request comes from; a proxy's last word counts only where settings say so."""
    told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if settings.BEHIND_PROXY else ""
    return hashlib.sha256((told or str(request.META.get("REMOTE_ADDR", ""))).encode()).hexdigest()


def who_of(email: str) -> str:
    """Return a digest of an address, however it is capitalised."""
    return hashlib.sha256(email.strip().casefold().encode("utf-8", "replace")).hexdigest()


def check_password(request: HttpRequest, user: User | None, email: str, password: str) -> bool:
    """Return whether the password fits; every miss is counted and noted, and too many refuse even to look."""
    who, place, now = who_of(email), place_of(request), now_of(request)
    rules.check_tries(selectors.tries(who, place, now))
    usable = user is not None and user.is_active and user.kind == User.Kind.PERSON
    if user is None:
        make_password(password)
    elif passwords.fits(user, password) and usable:
        return True
    services.note_failure(actor=actor_of(request), email=email, who=who, place=place, now=now)
    return False


@contextmanager
def limited(request: HttpRequest, wrong: str) -> Iterator[None]:
    """Count and note a password that the inside refuses with the code `wrong`; too many refuse before it begins.

    Signing takes the password inside a transaction of its own; this stands around it, so that a stolen session or
    token cannot be used to guess.
    """
    user = request.user
    email = user.email if isinstance(user, User) else ""
    who, place, now = who_of(email), place_of(request), now_of(request)
    rules.check_tries(selectors.tries(who, place, now))
    try:
        yield
    except Refused as refusal:
        if refusal.code == wrong:
            services.note_failure(actor=actor_of(request), email=email, who=who, place=place, now=now)
        raise


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """What allauth asks us."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Nobody signs up: people are added."""
        return False

    def get_login_stages(self) -> list[str]:
        """No stage after the password; allauth would copy addresses into its own table."""
        return []

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: the page that follows says it."""

    def is_safe_url(self, url: str | None) -> bool:
        """Go on only to paths of our own."""
        return bool(url) and rules.is_local(str(url)) and url_has_allowed_host_and_scheme(str(url), allowed_hosts=None)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return the person whose address and password these are."""
        email, password = str(credentials.get("email", "")), str(credentials.get("password", ""))
        user = selectors.who_signs_in(email)
        try:
            return user if check_password(request, user, email, password) else None
        except Refused as refusal:
            raise self._in_form(refusal) from refusal

    def reauthenticate(self, user: User, password: str) -> bool:
        """Return whether the password is theirs, and note that they entered it again."""
        request = context.request
        try:
            if not check_password(request, user, user.email, password):
                return False
        except Refused as refusal:
            raise self._in_form(refusal) from refusal
        who, place = who_of(user.email), place_of(request)
        services.confirm(actor=actor_of(request), user=user, who=who, place=place, now=now_of(request))
        return True

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin a session once the log has the entry."""
        actor = Actor(user.pk, user.kind, "session")
        who, place = who_of(user.email), place_of(request)
        services.sign_in(actor=actor, user=user, who=who, place=place, now=now_of(request))
        begin(request, user)

    def logout(self, request: HttpRequest) -> None:
        """End the session, with an entry."""
        services.sign_out(actor=actor_of(request), now=now_of(request))
        super().logout(request)

    def respond_user_inactive(self, *args: Any) -> HttpResponse:  # noqa: ARG002 - allauth names them
        """Never reached: the inactive fail like everybody whose password is wrong."""
        raise Refused("access.cannot_sign_in")

    def _in_form(self, refusal: Refused) -> Exception:
        error: Exception = self.validation_error("too_many_login_attempts")
        error.message = say(refusal)  # type: ignore[attr-defined]
        return error


def begin(request: HttpRequest, user: User) -> None:
    """Begin a new session for somebody who proved who they are."""
    user.backend = "governance.access.backend.GrantBackend"
    DefaultAccountAdapter.login(Adapter(request), request, user)
    cast("SessionStore", request.session).begin(request.headers.get("User-Agent", ""))
