"""REST for systems that collect entries: how far each is, and entries as lines for those that rather fetch."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import delivery, readings, services
from audit.actor import require
from audit.api import read_number
from audit.dialects import DIALECTS
from audit.doors import actor_of, now_of
from audit.refusals import Malformed


class SinkBody(serializers.Serializer[Any]):
    """A system that collects our entries, and how far it is."""

    name = serializers.CharField()
    address = serializers.CharField(help_text="without path and query")
    dialect = serializers.ChoiceField(sorted(DIALECTS))
    delivered = serializers.IntegerField(help_text="entries it has, from the first on")
    owed = serializers.IntegerField(help_text="entries under a checkpoint that it does not have yet")
    sent_at = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField(allow_blank=True)
    away_since = serializers.DateTimeField(allow_null=True)


class SinksBody(serializers.Serializer[Any]):
    """All of them; there are few, so `next` is always null."""

    results = SinkBody(many=True)
    next = serializers.CharField(allow_null=True)


class SinksView(APIView):
    """Who collects the log's entries."""

    @extend_schema(responses=SinksBody)
    def get(self, request: Request) -> Response:
        """Return every configured sink and how far it is; for those who may read the whole log."""
        require(actor_of(request), "audit", None)
        return Response({"results": [vars(each) for each in delivery.states()], "next": None})


@require_safe
def lines(request: HttpRequest) -> HttpResponse:
    """Return entries in the order of the log, a line of JSON each, for a collector that would rather fetch.

    `from` is the first `seq` (0), `limit` at most 1,000 (500), `dialect` is attestry, ocsf or ecs. Ask again from the
    last `seq` plus one. For those who may read the whole log.
    """
    actor = actor_of(request)
    require(actor, "audit", None)
    dialect = request.GET.get("dialect", "attestry")
    if dialect not in DIALECTS:
        raise Malformed("audit.bad_dialect", known=", ".join(sorted(DIALECTS)))
    first = read_number(request, "from", default=0, most=2**53)
    count = read_number(request, "limit", default=delivery.BATCH, most=1000)
    found = delivery.lines(dialect, first, count)
    services.note_read(actor=actor, read=readings.of_span("lines", first, len(found)), now=now_of(request))
    return HttpResponse("".join(f"{each}\n" for each in found), content_type="application/x-ndjson")
