"""One's own account over REST: who am I, password, sessions, tokens."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.doors import Body, actor_of, idempotent, now_of, page, read, read_nothing
from audit.refusals import Invalid, NotSeen
from governance.access import selectors as access
from governance.access.models import Session, Token, User
from governance.signin import passwords, selectors, services
from governance.signin.allauth import check_password
from governance.signin.rules import ServiceAccount
from governance.signin.views import key_of


class PasswordBody(Body):
    """A password to change."""

    old = serializers.CharField(trim_whitespace=False, max_length=1000)
    new = serializers.CharField(trim_whitespace=False, max_length=1000)


class AccountBody(Body):
    """A service account that a token is for."""

    name = serializers.CharField(max_length=100)
    roles = serializers.ListField(child=serializers.CharField(max_length=30), min_length=1, max_length=10)
    scope = serializers.UUIDField()
    owner = serializers.UUIDField(required=False)


class TokenBody(Body):
    """A token to make: one's own, or with `account` a service account's."""

    name = serializers.CharField(max_length=100, required=False, default="token")
    days = serializers.IntegerField(default=90)
    account = AccountBody(required=False)


def token_shape(token: Token) -> dict[str, Any]:
    """Return a token as REST shows it; never its secret."""
    return {
        "id": str(token.pk),
        "name": token.name,
        "prefix": token.prefix,
        "user": {"id": str(token.user_id), "name": token.user.name, "kind": token.user.kind},
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }


def session_shape(session: Session, here: str | None) -> dict[str, Any]:
    """Return a session as REST shows it; never its key."""
    return {
        "id": str(session.id),
        "user": str(session.user_id),
        "agent": session.agent,
        "started_at": session.started_at,
        "expires_at": session.expire_date,
        "this_one": session.session_key == here,
    }


def asker(request: Request) -> User:
    """Return the principal who asks."""
    user = access.user(actor_of(request).principal_id)
    if user is None:
        raise NotSeen("not_seen", what="account")
    return user


class Me(APIView):
    """Who asks."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """Say who the caller is, how they came, and what they hold."""
        user, actor = asker(request), actor_of(request)
        grants = access.held_by(user.pk).filter(access.in_force()).select_related("scope").order_by("scope__path")
        held = [{"role": one.role, "scope": one.scope.path, "expires_at": one.expires_at} for one in grants]
        return Response(
            {
                "id": str(user.pk),
                "name": user.name,
                "email": user.email,
                "kind": user.kind,
                "via": actor.via,
                "grants": held,
            }
        )


class Password(APIView):
    """The caller's own password."""

    @extend_schema(request=PasswordBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change it; other sessions end."""
        given, user = read(PasswordBody, request), asker(request)
        if not check_password(request._request, user, user.email, given["old"]):
            raise Invalid("access.wrong_password")
        change = passwords.changed(user, given["old"], given["new"])
        keep = key_of(request._request)
        services.set_password(actor=actor_of(request), change=change, keep=keep, now=now_of(request))
        return Response(status=204)


class Sessions(APIView):
    """The caller's browsers."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """List them."""
        rows = selectors.sessions_of(actor_of(request).principal_id, now_of(request))
        return Response({"results": [session_shape(row, key_of(request._request)) for row in rows]})


class OneSession(APIView):
    """One of the caller's browsers."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Sign it out."""
        read_nothing(request)
        services.end_session(actor=actor_of(request), session_id=pk, now=now_of(request))
        return Response(status=204)


class Tokens(APIView):
    """Tokens the caller may know of."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """List them, the newest first."""
        rows, following = page(request, selectors.tokens_for(actor_of(request)))
        return Response({"results": [token_shape(row) for row in rows], "next": following})

    @extend_schema(request=TokenBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        """Make one; `token` is in this answer and never again, not even when the same request is repeated."""
        given = read(TokenBody, request)
        shown: dict[str, str] = {}
        response = idempotent(request, lambda: self._made(request, given, shown))
        response.data |= shown  # after the answer was remembered, which therefore never holds the secret
        return response

    def _made(self, request: Request, given: dict[str, Any], shown: dict[str, str]) -> Response:
        actor, now, account = actor_of(request), now_of(request), given.get("account")
        if account is None:
            token, text = services.create_token(actor=actor, name=given["name"], days=given["days"], now=now)
        else:
            owner = account.get("owner", actor.principal_id)
            wanted = ServiceAccount(account["name"], tuple(account["roles"]), account["scope"], owner)
            token, text = services.create_service_token(actor=actor, account=wanted, days=given["days"], now=now)
        shown["token"] = text
        return Response(token_shape(token), status=201)


class OneToken(APIView):
    """One token."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        """Show it; never its secret."""
        return Response(token_shape(selectors.token_seen_by(actor_of(request), pk)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """End it from this moment on."""
        read_nothing(request)
        services.revoke_token(actor=actor_of(request), token_id=pk, now=now_of(request))
        return Response(status=204)
