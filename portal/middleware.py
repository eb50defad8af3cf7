"""What happens around every request: headers, who asks and when, locked by default, refusals in words."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from audit.actor import ANONYMOUS, Actor, Forbidden, NotSignedIn, Refused
from governance.access.models import Token, User
from governance.signin import selectors as signin
from governance.signin import services
from jobs import selectors as clock
from lineage import follow
from portal import errors
from portal.denials import remembered
from portal.reading import unreadable

Answer = Callable[[HttpRequest], HttpResponseBase]
UNTIMED = ("/healthz", "/readyz", "/static/")
PERMISSIONS = "camera=(), geolocation=(), microphone=()"
EVENTS = frozenset({"/api/v1/lineage", "/api/v1/lineage/batch"})
"""Where machines send events."""
UNFOLLOWED = ("/account/", "/preferences", "/audit", "/api/v1/audit", "/api/v1/jobs", "/settings", "/metrics")
"""Where nothing is read from the tables of lineage."""
USED_AGAIN = timedelta(minutes=1)
KNOWN = ("id", "kind", "owner_id", "is_active")
"""What the look at a token tells of its holder."""


class SecurityHeaders:
    """Sets the content security policy, keeps what is private out of caches, and turns away what is not text."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        refusal = unreadable(request)
        response = self.get_response(request) if refusal is None else self._unread(request, refusal)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    def _unread(self, request: HttpRequest, refusal: Refused) -> HttpResponse:
        request.user = AnonymousUser()
        return errors.respond(request, refusal)


class WhoAsks:
    """Sets `request.actor` from the session or the bearer token, and `request.now` from the database's clock."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(UNTIMED):
            return self.get_response(request)
        header = request.headers.get("Authorization", "")
        try:
            request.actor = self._actor(request, header)  # type: ignore[attr-defined]
        except Refused as refusal:
            return errors.respond(request, refusal)
        except (OperationalError, InterfaceError) as error:
            return errors.respond(request, errors.translate(error) or Refused("broken"))
        return self.get_response(request)

    def _actor(self, request: HttpRequest, header: str) -> Actor:
        if header:
            return self._bearer(request, header)
        request.now = clock.now()  # type: ignore[attr-defined]
        user = request.user
        if not isinstance(user, User):
            return ANONYMOUS
        return Actor(user.pk, user.kind, "session")

    def _bearer(self, request: HttpRequest, header: str) -> Actor:
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn("access.bad_token")
        shown = signin.shown(secret.strip())
        now = request.now = shown.at  # type: ignore[attr-defined]
        actor = shown.actor
        if shown.last_used_at is None:
            services.note_first_use(actor=actor, token=Token.objects.get(pk=shown.token_id), now=now)
        elif shown.last_used_at < now - USED_AGAIN:
            Token.objects.filter(pk=shown.token_id).update(last_used_at=now)
        # events of machines never ask; and what else there is to know of the holder is read when somebody does
        known = (actor.principal_id, actor.kind, actor.on_behalf_of, True)
        request.user = cast("User", SimpleLazyObject(lambda: User.from_db("default", KNOWN, known)))
        request.csrf_processing_done = True  # type: ignore[attr-defined]
        return actor


class CaughtUp:
    """Lets whoever reads or decides find all that producers were told was kept before (`lineage.follow`)."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        known = getattr(request, "actor", ANONYMOUS).kind != "anonymous"
        brings = request.method == "POST" and request.path in EVENTS
        if known and not brings and not request.path.startswith(UNFOLLOWED):
            try:
                follow.catch_up()
            except Refused as refusal:
                return errors.respond(request, refusal)
            except (OperationalError, InterfaceError) as error:
                return errors.respond(request, errors.translate(error) or Refused("broken"))
        return self.get_response(request)


class SignedIn(LoginRequiredMiddleware):
    """Everything needs a signed-in reader unless it says otherwise; machines get 401 instead of a redirect."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        """Answer somebody we do not know."""
        if errors.for_machines(request):
            return errors.respond(request, NotSignedIn("access.not_signed_in"))
        return super().handle_no_permission(request, view_func)


class Refusals:
    """Turns a refusal that a page raised into a page with its sentence, and remembers denials that forms met."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        refusal = getattr(request, "met", None)
        if refusal is not None and (answer := remembered(request, refusal)) is not refusal:
            return errors.respond(request, answer)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer refusals; leave everything else to Django."""
        if isinstance(exception, PermissionDenied):
            exception = Forbidden("access.not_allowed", action="")
        if isinstance(exception, DataError | OperationalError | InterfaceError):
            exception = errors.translate(exception) or exception
        return errors.respond(request, exception) if isinstance(exception, Refused) else None


class Asker(BaseAuthentication):
    """Tells the REST framework whom `WhoAsks` recognised; sessions must carry the CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        """Return the user and actor, or `None` for nobody."""
        asked = request._request
        actor: Actor = getattr(asked, "actor", ANONYMOUS)
        if actor.kind == "anonymous" or not isinstance(asked.user, User):
            return None
        if actor.via == "session":
            check = CSRFCheck(lambda _: HttpResponse())
            check.process_request(asked)
            if check.process_view(asked, None, (), {}):  # type: ignore[arg-type]
                raise Forbidden("request.csrf")
        return asked.user, actor

    def authenticate_header(self, request: Request) -> str:
        """Return what a client must send."""
        return "Bearer"
