"""People, groups, scopes, grants and *why?* over REST."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.doors import Body, actor_of, idempotent, now_of, page, read, say
from audit.refusals import Malformed, Refused
from governance.access import selectors, services
from governance.access.decision import Decision
from governance.access.models import Grant, Group, Scope, User
from governance.access.rules import Gift, NewPerson

BY_PATH = ("path", "pk")
BY_NAME = ("name", "pk")


class PersonBody(Body):
    """Somebody to add."""

    name = serializers.CharField(max_length=150)
    email = serializers.CharField(max_length=254)
    language = serializers.ChoiceField(["", "en", "es", "pt-br"], default="")


class PersonChange(Body):
    """A name to correct, or an account to shut out or let back in, with the reason."""

    name = serializers.CharField(max_length=150, required=False)
    active = serializers.BooleanField(required=False)
    reason = serializers.CharField(max_length=500, required=False, default="")


class GroupBody(Body):
    """A group to make."""

    name = serializers.CharField(max_length=100)


class MembersBody(Body):
    """Exactly the people who shall be in a group."""

    members = serializers.ListField(child=serializers.UUIDField(), max_length=1000)


class ScopeBody(Body):
    """A place to make below another."""

    parent = serializers.UUIDField()  # type: ignore[assignment]
    kind = serializers.ChoiceField(["team", "project"])
    name = serializers.CharField(max_length=90)


class ScopeChange(Body):
    """Whether a place is frozen, and why."""

    frozen = serializers.BooleanField()
    reason = serializers.CharField(max_length=500)


class GrantBody(Body):
    """A role to give."""

    principal = serializers.UUIDField()
    role = serializers.CharField(max_length=30)
    scope = serializers.UUIDField()
    reason = serializers.CharField(max_length=500)
    object = serializers.UUIDField(required=False, default=None, allow_null=True)
    not_before = serializers.DateTimeField(required=False, default=None, allow_null=True)
    expires_at = serializers.DateTimeField(required=False, default=None, allow_null=True)


class WithdrawBody(Body):
    """Why a grant ends."""

    reason = serializers.CharField(max_length=500)


class RoleBody(Body):
    """Another role for the same holder and place."""

    role = serializers.CharField(max_length=30)
    reason = serializers.CharField(max_length=500)


def person_shape(user: User) -> dict[str, Any]:
    """Return a principal as REST shows it."""
    return {
        "id": str(user.pk),
        "name": user.name,
        "email": user.email if user.kind == User.Kind.PERSON else "",
        "kind": user.kind,
        "owner": str(user.owner_id) if user.owner_id else None,
        "active": user.is_active,
    }


def group_shape(group: Group) -> dict[str, Any]:
    """Return a group as REST shows it."""
    members = group.members.order_by("name", "pk")
    return {"id": str(group.pk), "name": group.name, "members": [{"id": str(m.pk), "name": m.name} for m in members]}


def scope_shape(scope: Scope) -> dict[str, Any]:
    """Return a place as REST shows it."""
    return {
        "id": str(scope.pk),
        "path": scope.path,
        "name": scope.name,
        "kind": scope.kind,
        "parent": str(scope.parent_id) if scope.parent_id else None,
        "frozen_at": scope.frozen_at,
    }


def grant_shape(grant: Grant) -> dict[str, Any]:
    """Return a grant as REST shows it."""
    return {
        "id": str(grant.pk),
        "principal": str(grant.principal_id),
        "role": grant.role,
        "scope": {"id": str(grant.scope_id), "path": grant.scope.path},
        "object": str(grant.object_id) if grant.object_id else None,
        "reason": grant.reason,
        "granted_by": str(grant.granted_by),
        "not_before": grant.not_before,
        "expires_at": grant.expires_at,
        "revoked_at": grant.revoked_at,
        "source": grant.source,
    }


def decision_shape(decision: Decision) -> dict[str, Any]:
    """Return a decision with its reasons as REST shows it."""
    return {
        "decision": decision.allowed,
        "reason_code": decision.reason_code,
        "sentence": say(Refused(decision.reason_code)),
        "determining": [str(claim.id) for claim in decision.determining],
        "guards": [{"id": guard.name.lower(), "code": guard.value} for guard in decision.guards],
        "considered": [
            {
                "grant": str(claim.id),
                "role": claim.role,
                "scope": str(claim.scope_id),
                "via": str(claim.via) if claim.via else None,
                "standing": how.value,
            }
            for claim, how in decision.considered
        ],
        "missing": list(decision.missing),
        "requestable": decision.requestable,
    }


class People(APIView):
    """The people and service accounts the caller may know of."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """List them by name."""
        rows, following = page(request, selectors.people_for(actor_of(request)), BY_NAME)
        return Response({"results": [person_shape(row) for row in rows], "next": following})

    @extend_schema(request=PersonBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        """Add somebody, who can do nothing yet."""
        given, actor = read(PersonBody, request), actor_of(request)

        def call() -> Response:
            user = services.add_person(actor=actor, person=NewPerson(**given), now=now_of(request))
            return Response(person_shape(user), status=201)

        return idempotent(request, call)


class OnePerson(APIView):
    """One person or service account."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        """Show them with what the caller may know of what they hold."""
        actor = actor_of(request)
        user = selectors.person_seen_by(actor, pk)
        held = selectors.held_by(user.pk).filter(pk__in=selectors.grants_for(actor).values("pk"))
        grants = held.select_related("scope").order_by("created_at", "pk")
        return Response(person_shape(user) | {"grants": [grant_shape(grant) for grant in grants]})

    @extend_schema(request=PersonChange, responses={200: dict})
    def patch(self, request: Request, pk: UUID) -> Response:
        """Correct their name, or shut them out or let them back in: one of the two at a time."""
        given, actor, now = read(PersonChange, request), actor_of(request), now_of(request)
        if ("name" in given) == ("active" in given):
            raise Malformed("request.fields")
        if "name" in given:
            user = services.change_person(actor=actor, person_id=pk, name=given["name"], now=now)
        else:
            change = services.reactivate if given["active"] else services.deactivate
            user = change(actor=actor, person_id=pk, reason=given["reason"], now=now)
        return Response(person_shape(user))


class Groups(APIView):
    """The groups the caller may know of."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """List them by name."""
        rows, following = page(request, selectors.groups_for(actor_of(request)), BY_NAME)
        return Response({"results": [group_shape(row) for row in rows], "next": following})

    @extend_schema(request=GroupBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        """Make one, empty."""
        given, actor = read(GroupBody, request), actor_of(request)

        def call() -> Response:
            group = services.create_group(actor=actor, name=given["name"], now=now_of(request))
            return Response(group_shape(group), status=201)

        return idempotent(request, call)


class OneGroup(APIView):
    """One group."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        """Show it with its members."""
        return Response(group_shape(selectors.group_seen_by(actor_of(request), pk)))

    @extend_schema(request=MembersBody, responses={200: dict})
    def patch(self, request: Request, pk: UUID) -> Response:
        """Make exactly these its members."""
        given = read(MembersBody, request)
        group = services.set_members(
            actor=actor_of(request), group_id=pk, members=given["members"], now=now_of(request)
        )
        return Response(group_shape(group))


class Scopes(APIView):
    """The places the caller can browse."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """List them by path."""
        rows, following = page(request, selectors.scopes_for(actor_of(request)), BY_PATH)
        return Response({"results": [scope_shape(row) for row in rows], "next": following})

    @extend_schema(request=ScopeBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        """Make a team or project."""
        given, actor = read(ScopeBody, request), actor_of(request)

        def call() -> Response:
            scope = services.create_scope(
                actor=actor, parent_id=given["parent"], kind=given["kind"], name=given["name"], now=now_of(request)
            )
            return Response(scope_shape(scope), status=201)

        return idempotent(request, call)


class OneScope(APIView):
    """One place."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        """Show it."""
        return Response(scope_shape(selectors.scope_seen_by(actor_of(request), pk)))

    @extend_schema(request=ScopeChange, responses={200: dict})
    def patch(self, request: Request, pk: UUID) -> Response:
        """Freeze it with everything below, or thaw it."""
        given = read(ScopeChange, request)
        scope = services.set_frozen(actor=actor_of(request), scope_id=pk, now=now_of(request), **given)
        return Response(scope_shape(scope))


class Grants(APIView):
    """The grants the caller may know of."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """List them, the newest first."""
        rows, following = page(request, selectors.grants_for(actor_of(request)))
        return Response({"results": [grant_shape(row) for row in rows], "next": following})

    @extend_schema(request=GrantBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        """Give a role."""
        given, actor = read(GrantBody, request), actor_of(request)
        gift = Gift(
            given["principal"],
            given["role"],
            given["scope"],
            given["reason"],
            given["object"],
            given["not_before"],
            given["expires_at"],
        )

        def call() -> Response:
            grant = services.give_grant(actor=actor, gift=gift, now=now_of(request))
            return Response(grant_shape(grant), status=201)

        return idempotent(request, call)


class OneGrant(APIView):
    """One grant."""

    @extend_schema(responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        """Show it."""
        return Response(grant_shape(selectors.grant_seen_by(actor_of(request), pk)))

    @extend_schema(request=RoleBody, responses={200: dict})
    def patch(self, request: Request, pk: UUID) -> Response:
        """Replace it by one of another role."""
        given = read(RoleBody, request)
        grant = services.change_role(actor=actor_of(request), grant_id=pk, now=now_of(request), **given)
        return Response(grant_shape(grant))


class GrantWithdrawal(APIView):
    """The end of a grant."""

    @extend_schema(request=WithdrawBody, responses={200: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        """Withdraw it from this moment on."""
        given = read(WithdrawBody, request)
        grant = services.withdraw_grant(
            actor=actor_of(request), grant_id=pk, reason=given["reason"], now=now_of(request)
        )
        return Response(grant_shape(grant))


class Explain(APIView):
    """Why somebody may or may not."""

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str, required=name == "action") for name in ("subject", "action", "resource")
        ],
        responses={200: dict},
    )
    def get(self, request: Request) -> Response:
        """Decide, and say which grants and guards decided it; `subject` is the caller unless named."""
        actor = actor_of(request)
        subject = request.GET.get("subject", "").removeprefix("user:").removeprefix("person:")
        try:
            subject_id = UUID(subject) if subject else actor.principal_id
        except ValueError as error:
            raise Malformed("access.bad_resource") from error
        row = selectors.resource(actor, request.GET.get("resource", "organisation"))
        user, decision = selectors.explained(actor, subject_id, request.GET.get("action", ""), row)
        return Response({"subject": person_shape(user), "action": decision.action} | decision_shape(decision))
