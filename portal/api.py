"""REST about owed work."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import NotSeen, visible
from audit.doors import NoBody, actor_of, now_of, read_nothing
from jobs import selectors
from jobs.models import Job
from portal import services


class JobBody(serializers.Serializer[Job]):
    """A job as the outside sees it: never its arguments."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.CharField()
    progress = serializers.FloatField(help_text="0 to 1")
    words = serializers.CharField()
    error = serializers.CharField()
    attempts = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


def seen(request: Request, pk: UUID) -> Job:
    """Return the job, for anybody who can read anything here; strangers learn nothing."""
    job = selectors.job(pk) if visible(actor_of(request), "read").scope_ids.exists() else None
    if job is None:
        raise NotSeen("not_seen")
    return job


class JobView(APIView):
    """One job."""

    @extend_schema(responses=JobBody)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return how far the job is."""
        return Response(dict[str, Any](JobBody(seen(request, pk)).data))


class JobRetryView(APIView):
    """A job that was given up, again."""

    @extend_schema(request=NoBody, responses=JobBody)
    def post(self, request: Request, pk: UUID) -> Response:
        """Queue the job again; for admins."""
        read_nothing(request)
        services.retry_job(actor=actor_of(request), pk=pk, now=now_of(request))
        return Response(dict[str, Any](JobBody(seen(request, pk)).data))
