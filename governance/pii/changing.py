"""What changes between scans, and between editions of their rules: for machines and for people."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import Refused
from audit.doors import Body, actor_of, met, now_of, read
from governance.access.rules import Action
from governance.pii import choices, choosingdoors, editions, panels, rulesets, selectors


class ScanChanges(APIView):
    """What differs between a scan and an earlier one: the one before it, unless `since` names another."""

    @extend_schema(operation_id="scans_changes", parameters=[OpenApiParameter("since")], responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        """Tell the columns that the two do not say the same of."""
        actor, wanted = actor_of(request), request.query_params.get("since", "")
        scan = selectors.scan_seen_by(actor, pk)
        before = selectors.scan_seen_by(actor, uuid_of(wanted)) if wanted else rulesets.scan_before(scan)
        changed = rulesets.between(before, scan) if before is not None else []
        since = str(before.pk) if before is not None else None
        return Response({"results": [each.as_json() for each in changed], "next": None, "since": since})


def uuid_of(text: str) -> UUID:
    """Return the id that `text` is; what is none is the id of nothing."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


class ScanRules(APIView):
    """The rules of scans: those that count, today's, and what today's would change before somebody accepts them."""

    @extend_schema(operation_id="scan_rules_show", responses={200: dict})
    def get(self, request: Request) -> Response:
        """Tell how today's rules stand to those that count."""
        trial = rulesets.trial_for(actor_of(request))
        parts = [{"part": part, "before": old, "after": new} for part, old, new in trial.parts]
        tried = [
            {
                "dataset": str(each.asset.pk),
                "name": each.asset.name,
                "scan": str(each.scan.pk),
                "before": each.before.verdict if each.before else None,
                "after": each.scan.verdict,
                "changes": [one.as_json() for one in each.changed],
            }
            for each in trial.tried
        ]
        head: dict[str, Any] = {
            "accepted": trial.accepted or None,
            "current": trial.current or None,
            "pending": trial.pending,
        }
        head |= choosingdoors.head(choices.today())
        return Response({**head, "parts": parts, "results": tried, "next": None, "waiting": trial.waiting})


class AcceptBody(Body):
    """The digest of the rules that were looked at."""

    ruleset = serializers.CharField(max_length=71)


class AcceptRules(APIView):
    """Let today's rules count."""

    @extend_schema(operation_id="scan_rules_accept", request=AcceptBody, responses={200: dict})
    def post(self, request: Request) -> Response:
        """Accept them."""
        digest = read(AcceptBody, request)["ruleset"]
        row = editions.accept_rules(actor=actor_of(request), digest=digest, now=now_of(request))
        return Response({"ruleset": row.digest, "accepted_at": row.accepted_at and row.accepted_at.isoformat()})


@require_http_methods(["GET", "HEAD", "POST"])
def scan_rules(request: HttpRequest) -> HttpResponse:
    """Show what today's rules would change before they count, and let them count."""
    actor = actor_of(request)
    problem = ""
    if request.method == "POST":
        try:
            editions.accept_rules(actor=actor, digest=request.POST.get("ruleset", ""), now=now_of(request))
        except Refused as refusal:
            problem = met(request, refusal)
        else:
            messages.success(request, _("Accepted. What the trials said becomes what is known, dataset after dataset."))
            return HttpResponseRedirect(reverse("pii.rules_page"))
    trial = rulesets.trial_for(actor)
    tried = [{"one": each, "changed": panels.changes(each.changed)} for each in trial.tried]
    may_accept = selectors.may(actor, (Action.WAIVE,), None)
    context = {"trial": trial, "tried": tried, "may_accept": may_accept, "problem": problem}
    chosen = choices.today().chosen
    owed = [each.dataset_id or 0 for each in selectors.outdated()] if trial.pending and may_accept else []
    context |= {"own": chosen.own, "names": chosen.names}
    context |= {"owed": list(selectors.datasets_seen_by(actor, owed).values())}
    context |= {"history": panels.chosen(choices.history()), "countries": choosingdoors.named(chosen.countries)}
    return render(request, "governance/pii/rules.html", context, status=422 if problem else 200)
