"""The REST door of lineage: events in, graphs out.

Producers lose an event on any answer they do not expect, so this door never redirects, never answers 429, and
refuses only what names neither a job nor a dataset, is not JSON, or is larger than the hard limit. A busy database
is 503 with Retry-After.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.http import HttpResponseBase, JsonResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import Actor, NotSeen
from audit.doors import actor_of, now_of, page, say
from audit.refusals import Malformed, Refused
from lineage import about, changes, event, formats, gaps, naming, originals, reading, selectors, story
from lineage.answers import DEPTHS, NODES, as_of, file, number, place_of, question, shaped
from lineage.graph import Budget, Graph, Question
from lineage.together import MOST, door, place

FEW = 100
"""How many gaps of each kind are told when no kind is asked for."""

NODE = 400
"""About how many bytes of an answer a node and its edges take."""


class Unread(BaseParser):
    """Takes a body of any type as it comes, up to the hard limit, and unpacks it."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """Return the unpacked bytes of the request; refused when there are too many."""
        request = cast("Request", (parser_context or {})["request"])
        body = stream.read(reading.LARGEST + 1)
        return reading.unpack(body, request.headers.get("Content-Encoding", "").strip().lower())


class AnyAnswer(BaseContentNegotiation):
    """Leaves it to the view what to answer with, whatever `Accept` says."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the one parser there is."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the JSON renderer."""
        return renderers[0], renderers[0].media_type


def take(body: bytes, actor: Actor, now: datetime) -> dict[str, Any]:
    """Keep one RunEvent, JobEvent or DatasetEvent and return what to answer; a large one in one of the few places."""
    with place() if len(body) >= reading.LARGE else nullcontext():
        with reading.undisturbed(len(body)):
            value, warnings = event.decode(body)
            one = reading.read(value, warnings)
        del body, value
        receipt = door.ingest(actor=actor, readings=[one], now=now)[0]
    return {"event_id": receipt.event_id, "status": receipt.status, "warnings": list(receipt.warnings)}


def take_many(body: bytes, actor: Actor, now: datetime, patience: float = 0.0) -> dict[str, Any] | None:
    """Keep every event of a batch that can be understood; return what to answer about the others, if there are any.

    `patience` says how long to wait for one of the few places.
    """
    with place(patience):
        received, good, failed = _read_all(body)
        for start in range(0, len(good), MOST):
            door.ingest(actor=actor, readings=good[start : start + MOST], now=now)
    return _summary(received, len(good), failed) if failed else None


class Lineage(APIView):
    """POST takes one OpenLineage event; GET answers with a graph."""

    parser_classes = (Unread,)
    content_negotiation_class = AnyAnswer

    @extend_schema(request=OpenApiTypes.OBJECT, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Keep one RunEvent, JobEvent or DatasetEvent."""
        return Response(take(_bytes(request), actor_of(request), now_of(request)), status=201)

    @extend_schema(
        parameters=[
            OpenApiParameter(name)
            for name in (
                "namespace", "name", "type", "direction", "depth", "as_of", "columns", "max_nodes", "version",
                "nodeId", "group", "format",
            )
        ],
        responses=OpenApiTypes.OBJECT,
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponseBase:
        """Answer what was made from what, in the form asked for, or in Marquez's shape for `nodeId`."""
        asked = request.query_params
        if "nodeId" in asked:
            graph = _by_node_id(request)
            return JsonResponse(formats.as_marquez(graph))
        meant = question(asked)
        with reading.undisturbed(meant.budget.nodes * NODE):
            return _answer(request, meant)


class LineageBatch(APIView):
    """Takes a JSON array of OpenLineage events."""

    parser_classes = (Unread,)
    content_negotiation_class = AnyAnswer

    @extend_schema(request=OpenApiTypes.OBJECT, responses={200: OpenApiTypes.OBJECT, 204: None})
    def post(self, request: Request) -> Response:
        """Keep every event that can be understood, and say by index which could not."""
        failures = take_many(_bytes(request), actor_of(request), now_of(request))
        return Response(failures, status=200) if failures else Response(status=204)


class Details(APIView):
    """Answers what is known of one thing."""

    @extend_schema(
        parameters=[OpenApiParameter(name) for name in ("type", "namespace", "name", "run")],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """Tell all that is kept of a dataset, model or job by name, or of a run by its id, facets included."""
        asked, actor = request.query_params, actor_of(request)
        if asked.get("run"):
            return Response(about.of_run(actor, _run_id(asked["run"])))
        meant = question(asked)
        return Response(about.thing(actor, meant.type, meant.namespace, meant.name))


class OneEvent(APIView):
    """Answers with a raw event."""

    @extend_schema(operation_id="lineage_event", parameters=[OpenApiParameter("digest")], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Return one event as it was kept, by its digest, with the number of its entry in the log."""
        asked = request.query_params.get("digest", "")
        return Response(originals.event_seen_by(actor_of(request), asked).as_json())


class Changes(APIView):
    """Answers what changed behind a model from one version to another."""

    @extend_schema(
        parameters=[OpenApiParameter(name) for name in ("namespace", "name", "before", "after", "as_of")],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """Compare datasets, their columns and rows, and jobs and their code behind two versions of a model."""
        asked = request.query_params
        for name in ("namespace", "name", "before", "after"):
            if not asked.get(name):
                raise Malformed("lineage.bad_parameter", name=name, allowed="namespace, name, before, after")
        when = as_of(asked.get("as_of", "")) or now_of(request)
        versions = asked["before"], asked["after"]
        return Response(changes.between(actor_of(request), (asked["namespace"], asked["name"]), versions, when))


class Gaps(APIView):
    """Answers what is missing or odd in what was told."""

    @extend_schema(
        parameters=[
            OpenApiParameter(name) for name in ("kind", "namespace", "name", "version", "as_of", "cursor", "limit")
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """List gaps behind a version, or in all that one may see: a page of one kind, or the newest of every kind."""
        asked = request.query_params
        where = place_of(actor_of(request), asked, as_of(asked.get("as_of", "")) or now_of(request))
        kind, rest = asked.get("kind", ""), {"hidden": where.hidden, "as_of": where.as_of.isoformat()}
        if not kind:
            found, more = gaps.first(where, FEW)
            return Response({"results": found, "next": None, "more": more, **rest})
        if kind not in gaps.KINDS:
            raise Malformed("lineage.bad_parameter", name="kind", allowed=", ".join(gaps.KINDS))
        rows, cursor = page(request, gaps.KINDS[kind].find(where), order=("-pk",))
        return Response({"results": gaps.tell(kind, rows, where), "next": cursor, **rest})


def _run_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as problem:
        raise Malformed("lineage.bad_parameter", name="run", allowed="UUID") from problem


def _read_all(body: bytes) -> tuple[int, list[reading.Reading], list[dict[str, Any]]]:
    """Return how many events a batch has, those that can be kept, and by index why the others cannot."""
    good: list[reading.Reading] = []
    failed: list[dict[str, Any]] = []
    with reading.undisturbed(len(body)):
        value, warnings = event.decode(body)
        if not isinstance(value, list):
            raise Malformed("lineage.not_a_list")
        for index, one in enumerate(value):
            try:
                good.append(reading.read(one, warnings))
            except Refused as refusal:
                failed.append({"index": index, "reason": say(refusal), "code": refusal.code, "retriable": False})
    return len(value), good, failed


def _bytes(request: Request) -> bytes:
    body: Any = request.data
    return body if isinstance(body, bytes) else b""


def _format(request: Request) -> str:
    named = request.query_params.get("format")
    if named:
        return named
    accepted = request.headers.get("Accept", "")
    kinds = {
        "image/svg+xml": "svg",
        "text/csv": "csv",
        "application/x-ndjson": "ndjson",
        "application/graphml+xml": "graphml",
    }
    return next((form for kind, form in kinds.items() if kind in accepted), "json")


def _by_node_id(request: Request) -> Graph:
    """Answer Marquez's `nodeId`, whose parts may hold colons: the first reading that names something is meant."""
    kind, _, rest = request.query_params["nodeId"].partition(":")
    if kind not in {"dataset", "job"}:
        raise Malformed("lineage.bad_parameter", name="nodeId", allowed="dataset:<namespace>:<name>")
    budget = Budget(number(request.query_params, "depth", 20, DEPTHS), NODES[1])
    for namespace, name in naming.splits(rest):
        try:
            return selectors.graph_for(actor_of(request), Question(namespace, name, kind, budget=budget))
        except NotSeen:
            continue
    raise NotSeen("not_seen", what=kind)


def _answer(request: Request, meant: Question) -> HttpResponseBase:
    """Answer a question; nothing of the graph is left when this returns, so that nobody looks for cycles in it."""
    graph, form = story.graph_for(actor_of(request), meant), _format(request)
    return file(shaped(graph, request.query_params.get("group", ""), form), form)


def _summary(received: int, good: int, failed: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "status": "partial_success" if good else "failure",
        "summary": {
            "received": received,
            "successful": good,
            "failed": len(failed),
            "retriable": 0,
            "non_retriable": len(failed),
        },
        "failed_events": failed,
    }
