"""The search box, and what `kind:id` means: only ever among what the reader may see."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import Actor, Scoped
from audit.doors import actor_of
from audit.refusals import Malformed, NotSeen
from governance.access import selectors as access
from governance.catalog import selectors as catalog
from governance.promotions import selectors as promotions

EACH, SHORTEST, LONGEST, LONGEST_NUMBER = 10, 2, 100, 16


@dataclass(frozen=True)
class Hit:
    """Something found: what it is, its id, what it is called, where its page is, and a word beside it."""

    type: str
    id: str
    name: str
    href: str
    beside: str


def _models(actor: Actor, words: str) -> Iterator[Hit]:
    for asset in catalog.assets_for(actor, "model").filter(name__icontains=words).order_by("name", "pk")[:EACH]:
        yield Hit("model", str(asset.pk), asset.name, f"/models/{asset.pk}", asset.scope.path)


def _datasets(actor: Actor, words: str) -> Iterator[Hit]:
    for asset in catalog.assets_for(actor, "dataset").filter(name__icontains=words).order_by("name", "pk")[:EACH]:
        yield Hit("dataset", str(asset.pk), asset.name, f"/datasets/{asset.pk}", asset.scope.path)


def _promotions(actor: Actor, words: str) -> Iterator[Hit]:
    seen = promotions.visible_to(actor)
    number = words.upper().removeprefix("PR-")
    matching = seen.filter(asset__name__icontains=words)
    if number.isascii() and number.isdigit() and len(number) < LONGEST_NUMBER:
        matching |= seen.filter(number=int(number))
    for one in matching.order_by("-number")[:EACH]:
        yield Hit(
            "promotion", one.key, f"{one.key} {one.asset.name} {one.version.label}", f"/approvals/{one.key}", one.state
        )


def _people(actor: Actor, words: str) -> Iterator[Hit]:
    found = access.people_for(actor)
    matching = found.filter(name__icontains=words) | found.filter(email__icontains=words, kind="person")
    for user in matching.order_by("name", "pk")[:EACH]:
        yield Hit("person", str(user.pk), user.name, f"/access/people/{user.pk}", user.kind)


FINDERS: tuple[Callable[[Actor, str], Iterator[Hit]], ...] = (_models, _datasets, _promotions, _people)


def find(actor: Actor, words: str) -> list[Hit]:
    """Return what `actor` may see whose name contains the words, at most ten of each kind.

    Refused for fewer than two characters, or more than a hundred.
    """
    clean = " ".join(words.split())
    if not SHORTEST <= len(clean) <= LONGEST or "\x00" in clean:
        raise Malformed("access.bad_query")
    return [hit for finder in FINDERS for hit in finder(actor, clean)]


def resource(actor: Actor, kind: str, key: str) -> Scoped:
    """Return the governed row that `kind:key` names, as `actor` sees it; unknown kinds and ids are not seen."""
    match kind:
        case "model" | "dataset":
            return catalog.asset_seen_by(actor, key, kind)
        case "model_version":
            return _Placed(catalog.version_seen_by(actor, key).asset.scope_id)
        case "promotion":
            return promotions.seen_by(actor, key)
        case _:
            raise NotSeen("not_seen", what="resource")


@dataclass(frozen=True)
class _Placed:
    """A row that is governed where its parent is."""

    scope_id: UUID


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show what was found."""
    words = request.GET.get("q", "")
    short = len(" ".join(words.split())) < SHORTEST
    hits = [] if short else find(actor_of(request), words)
    context: dict[str, Any] = {"search_query": words, "hits": hits, "short": short}
    return render(request, "portal/search.html", context)


class Search(APIView):
    """The search box for machines."""

    @extend_schema(parameters=[OpenApiParameter("q", str, required=True)], responses={200: dict})
    def get(self, request: Request) -> Response:
        """Find models, datasets, requests and people by name."""
        hits = find(actor_of(request), request.GET.get("q", ""))
        return Response(
            {"results": [{"type": hit.type, "id": hit.id, "name": hit.name, "href": hit.href} for hit in hits]}
        )
