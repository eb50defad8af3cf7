"""REST of trails: every entry about one subject, with what proves that none was left out."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import readings, selectors, services, trails
from audit.api import read_number
from audit.doors import actor_of, now_of


class TrailRowBody(serializers.Serializer[Any]):
    """One entry about the subject."""

    leaf = serializers.CharField(help_text="the exact bytes that were hashed; empty when they were pruned")
    proof = serializers.CharField(help_text="tlog-proof@v1, all under one checkpoint")
    hash = serializers.CharField(required=False, help_text="hex; only when the bytes were pruned")


class TrailHeadBody(TrailRowBody):
    """The entry of the log that pins the ends of all subjects, and the way from this one's to the root in it."""

    index = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField(), help_text="hashes in base64")


class TrailBody(serializers.Serializer[Any]):
    """Every entry about one subject, in order."""

    subject = serializers.CharField()
    results = TrailRowBody(many=True)
    next = serializers.CharField(allow_null=True)
    head = TrailHeadBody(allow_null=True)


class TrailView(APIView):
    """The trail of a subject."""

    @extend_schema(
        parameters=[
            OpenApiParameter("from", OpenApiTypes.INT, description="number among the entries about it, from 0"),
            OpenApiParameter("limit", OpenApiTypes.INT, description="at most 10,000, which is also how many come"),
        ],
        responses=TrailBody,
    )
    def get(self, request: Request, subject: str) -> Response:
        """Return every entry about a subject with proofs; keep it, and check it with `verify.py --subject`."""
        actor = actor_of(request)
        selectors.reader(actor)
        first = read_number(request, "from", default=0, most=2**53)
        most = read_number(request, "limit", default=trails.MOST, most=trails.MOST)
        found = trails.trail(actor, subject, selectors.latest(), first, max(1, most))
        services.note_read(actor=actor, read=readings.of_trail(subject), now=now_of(request))
        return Response(found)
