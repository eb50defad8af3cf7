"""Identities over REST."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.doors import Body, actor_of, idempotent, now_of, page, read, read_nothing
from governance.identities import rules, selectors, services
from governance.identities.models import Identity


class IdentityBody(Body):
    """A registry user or commit author, and who that is."""

    name = serializers.CharField(max_length=rules.LONGEST)
    person = serializers.UUIDField()


def identity_shape(identity: Identity) -> dict[str, Any]:
    """Return an identity as REST shows it."""
    return {
        "id": str(identity.pk),
        "name": identity.name,
        "person": {"id": str(identity.person_id), "name": identity.person.name},
        "given_by": str(identity.given_by),
        "given_at": identity.given_at,
    }


class Identities(APIView):
    """Whose the names are that registries and commits give."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """List those of people the caller may know of, by name."""
        rows, following = page(request, selectors.identities_for(actor_of(request)), ("key", "pk"))
        return Response({"results": [identity_shape(row) for row in rows], "next": following})

    @extend_schema(request=IdentityBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        """Say whose a name is."""
        given, actor = read(IdentityBody, request), actor_of(request)

        def call() -> Response:
            made = services.give(actor=actor, name=given["name"], person_id=given["person"], now=now_of(request))
            return Response(identity_shape(made), status=201)

        return idempotent(request, call)


class OneIdentity(APIView):
    """One name."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        """Show it."""
        return Response(identity_shape(selectors.identity_seen_by(actor_of(request), pk)))


class IdentityWithdrawal(APIView):
    """The end of an identity."""

    @extend_schema(request=None, responses={200: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        """Let the name be nobody's again."""
        read_nothing(request)
        gone = services.withdraw(actor=actor_of(request), identity_id=pk, now=now_of(request))
        return Response(identity_shape(gone))
