"""Environments and policies for machines."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.doors import Body, actor_of, idempotent, now_of, read
from governance.policies import selectors, services
from governance.policies.models import Environment, Policy
from governance.policies.rules import explain, understand


class PublishBody(Body):
    """A policy to publish, and the number of the one it follows."""

    environment = serializers.CharField(max_length=60)
    after = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    body = serializers.DictField()


def shape(policy: Policy) -> dict[str, Any]:
    """Return a policy as its JSON, with its sentences in English."""
    return {
        "id": str(policy.pk),
        "environment": policy.environment.name,
        "number": policy.number,
        "digest": policy.digest,
        "published_at": policy.published_at.isoformat(),
        "body": policy.body,
        "explained": [words.text.format(**words.params) for words in explain(understand(policy.body))],
    }


def environment_shape(environment: Environment) -> dict[str, Any]:
    """Return an environment as its JSON, with the policy in force."""
    policy = selectors.current(environment)
    return {
        "id": str(environment.pk),
        "name": environment.name,
        "alias": environment.alias,
        "position": environment.position,
        "policy": {"id": str(policy.pk), "number": policy.number, "digest": policy.digest},
    }


class Environments(APIView):
    """The environments in their order."""

    @extend_schema(operation_id="environments_list", responses={200: dict})
    def get(self, request: Request) -> Response:
        rows = selectors.environments_for(actor_of(request))
        return Response({"results": [environment_shape(row) for row in rows], "next": None})


class Policies(APIView):
    """Every published policy; publish the next one."""

    @extend_schema(operation_id="policies_list", responses={200: dict})
    def get(self, request: Request) -> Response:
        return Response({"results": [shape(row) for row in selectors.policies_for(actor_of(request))], "next": None})

    @extend_schema(operation_id="policies_publish", request=PublishBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        wanted = read(PublishBody, request)

        def publish() -> Response:
            return Response(shape(services.publish(actor=actor_of(request), now=now_of(request), **wanted)), status=201)

        return idempotent(request, publish)


class OnePolicy(APIView):
    """One policy."""

    @extend_schema(operation_id="policies_show", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shape(selectors.policy_seen_by(actor_of(request), pk)))
