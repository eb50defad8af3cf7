"""What ran on a day, for machines and for people, told by the log and shown to whoever may see the model."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request as RestRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import selectors as log
from audit.actor import Actor
from audit.doors import actor_of, met, now_of
from audit.doors import page as part
from audit.refusals import Invalid, Malformed, Refused
from governance.catalog import selectors as catalog
from governance.catalog.models import Asset
from governance.reports import past, selectors
from governance.reports.past import Reading
from governance.reports.replay import Request
from lineage.answers import end_of

PARAMETERS = {
    "on": "a day (its end, UTC) or a moment with its time zone; default now",
    "environment": "only what ran there",
    "cursor": "where the page begins, from `next`",
    "limit": "models on a page, 1 to 500",
}


def moment(text: str, now: datetime) -> datetime:
    """Return the moment that is meant: a day means its end, nothing means now; refused when it has not come."""
    if not text:
        return now
    try:
        asked: date | datetime | None = parse_datetime(text) if "T" in text else parse_date(text)
        at = asked.astimezone(UTC) if isinstance(asked, datetime) and asked.tzinfo else asked
    except (ValueError, OverflowError):
        at = None
    if at is None or (isinstance(at, datetime) and at.tzinfo is None):
        raise Malformed("audit.bad_filter", name="on", why="2026-11-20, 2026-11-20T09:30:00Z")
    if at > now if isinstance(at, datetime) else at > now.date():
        raise Invalid("reports.as_of_future")
    return at if isinstance(at, datetime) else min(end_of(at), now)


def told(each: Request) -> dict[str, Any]:
    """Return what ran as the log tells it: people, models and versions by id, and the entries that say so."""
    return {
        "model": {"id": each.asset},
        "version": {"id": each.version, "label": each.label},
        "environment": each.environment,
        "alias": each.alias,
        "state": each.state,
        "since": each.applied_at,
        "promotion": each.key,
        "approved_by": [said.person for said in each.approvals],
        "policy_digest": each.policy_digest,
        "subject_digest": each.subject_digest,
        "manifest_digest": each.manifest_digest,
        "entries": {name: line.seq for name, line in each.steps.items()}
        | {"approved": [said.line.seq for said in each.approvals]},
    }


@dataclass(frozen=True)
class Ran:
    """One thing that ran, with its model as the reader knows it."""

    asset: Asset
    request: Request

    @property
    def entries(self) -> list[int]:
        """The numbers of the entries that say so, in the log's order."""
        lines = [*self.request.steps.values(), *(said.line for said in self.request.approvals)]
        return sorted({line.seq for line in lines if line.seq is not None})


def ran(request: HttpRequest | RestRequest, actor: Actor, reading: Reading) -> tuple[list[Ran], str | None]:
    """Return what ran of the models that `actor` may see, a page of models by name, and the cursor of the next."""
    where = request.GET.get("environment", "").strip()
    live = [each for each in reading.past.live if where in {"", each.environment}]
    seen = catalog.assets_for(actor, Asset.Kind.MODEL).filter(pk__in={each.asset for each in live})
    assets, cursor = part(request, seen, order=("name", "pk"))
    by_asset: dict[str, list[Request]] = {}
    for each in sorted(live, key=lambda each: each.environment):
        by_asset.setdefault(each.asset, []).append(each)
    return [Ran(asset, each) for asset in assets for each in by_asset[str(asset.pk)]], cursor


class Live(APIView):
    """What ran on a day."""

    @extend_schema(
        operation_id="live_list",
        parameters=[OpenApiParameter(name, str, description=text) for name, text in PARAMETERS.items()],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: RestRequest) -> Response:
        """Return what was live and approved by whom, rebuilt from the log, of the models you may see."""
        at = moment(request.GET.get("on", "").strip(), now_of(request))
        rows, cursor = ran(request, actor_of(request), past.read_until(at))
        names = selectors.names({said.person for each in rows for said in each.request.approvals})
        return Response({"results": [_body(each, names) for each in rows], "next": cursor, "on": at.isoformat()})


def _body(each: Ran, names: dict[str, str]) -> dict[str, Any]:
    found = told(each.request)
    found["model"] |= {"namespace": each.asset.namespace, "name": each.asset.name}
    found["approved_by"] = [{"id": pk, "name": names.get(pk, "")} for pk in found["approved_by"]]
    return found | {"proofs": [f"/api/v1/audit/entries/{seq}/proof" for seq in each.entries]}


class Day(forms.Form):
    """Which day, and where."""

    on = forms.DateField(
        label=_("Day"),
        required=False,
        help_text=_("Its end, UTC. Empty means now."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    environment = forms.CharField(label=_("Environment"), required=False)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show what ran on a day, who approved it, and the entries that prove it."""
    actor, at, rows, cursor, problem = actor_of(request), None, list[Ran](), None, ""
    try:
        at = moment(request.GET.get("on", "").strip(), now_of(request))
        rows, cursor = ran(request, actor, past.read_until(at))
    except Refused as refusal:
        problem = met(request, refusal)
    names = selectors.names({said.person for each in rows for said in each.request.approvals})
    place = {
        "form": Day(request.GET or None),
        "on": at,
        "rows": [(each, [names.get(said.person) or said.person for said in each.request.approvals]) for each in rows],
        "next_cursor": cursor,
        "problem": problem,
        "differing": past.differing(),
        "audits": log.audits_somewhere(actor),
    }
    return render(request, "governance/reports/live.html", place)
