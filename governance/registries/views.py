"""Registries in the browser, and the pages of a model and its versions: the catalog's, with aliases and drift."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actor import Invalid, NotSeen, Refused
from audit.doors import actor_of, met, now_of, say
from governance.access.rules import Action
from governance.access.selectors import user
from governance.catalog import selectors as catalog
from governance.catalog.models import Asset
from governance.catalog.selectors import MODEL_PREFIX
from governance.catalog.views import asset_context, model_context
from governance.registries import selectors, services
from governance.registries.models import Drift, Registry


class ConnectForm(forms.Form):
    """A registry to connect."""

    name = forms.CharField(max_length=100, label=gettext_lazy("Name"))
    uri = forms.CharField(
        max_length=500,
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Where MLflow's tracking server answers, such as https://mlflow.example.org"),
    )


@require_safe
def model(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a model: versions with aliases, what a decision put where, card, owners, and what was live on a day."""
    context = model_context(request, pk)
    asset: Asset = context["asset"]
    aliases = selectors.aliases_of(asset)
    on = request.GET.get("on", "").strip()
    at = moment(on) if on else None
    context |= {
        "aliases": aliases,
        "lineage_name": f"{MODEL_PREFIX}{asset.name}",
        "drifts": ways_back(request, [each.drift for each in aliases if each.drift]),
        "rows": [(each, [alias for alias in aliases if alias.label == each.label]) for each in context["versions"]],
        "ledger": selectors.ledger_of(asset).order_by("-id")[:20],
        "on": on,
        "at": at,
        "live": selectors.live_on(asset, at) if at else [],
    }
    return render(request, "governance/registries/model.html", context)


def ways_back(request: HttpRequest, drifts: list[Drift]) -> list[tuple[Drift, bool]]:
    """Return each drift with whether the reader may put the alias back; the room above does it and asks again."""
    reader = user(actor_of(request).principal_id)
    return [(each, reader is not None and reader.has_perm(Action.APPROVE, each.asset)) for each in drifts]


def moment(text: str) -> datetime:
    """Return the moment a reader means: the end of a day (UTC), or an exact time; refused when it is neither."""
    try:
        exact, day = parse_datetime(text) if "T" in text else None, parse_date(text)
        exact = exact.astimezone(UTC) if exact and exact.tzinfo else exact
    except (ValueError, OverflowError):
        exact = day = None
    if exact:
        return exact if exact.tzinfo else exact.replace(tzinfo=UTC)
    if day is None:
        raise Invalid("catalog.bad_date", value=text[:40])
    return datetime.combine(day, time.max, tzinfo=UTC)


@require_safe
def version(request: HttpRequest, pk: UUID, version_pk: UUID) -> HttpResponse:
    """Show one version: its digest and files, metrics, parameters, signature, inputs, and where it comes from."""
    found = catalog.version_seen_by(actor_of(request), version_pk)
    asset = catalog.asset_seen_by(actor_of(request), pk, Asset.Kind.MODEL)
    if found.asset_id != asset.pk:
        raise NotSeen("not_seen", what="version")
    context = asset_context(request, asset) | {
        "version": found,
        "lineage_name": f"{MODEL_PREFIX}{asset.name}",
        "problem": say(Refused(found.problem, **PARAMS)) if found.problem else "",
        "aliases": [each for each in selectors.aliases_of(asset) if each.label == found.label],
        "others": found.digests.exclude(digest=found.manifest_digest).order_by("seen_at"),
        "columns": _columns(found.schema),
    }
    return render(request, "governance/registries/version.html", context)


PARAMS = {"path": "…", "count": "…", "most": "20,000", "most_gb": "50", "where": "…", "answer": "…"}
"""What a sentence about a problem of long ago can still say: the code was kept, the values were not."""


def _columns(schema: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The signature's columns: side, name, type; tensors by their shape."""
    return [
        (side, str(column.get("name", "")), str(column.get("tensor-spec") or column.get("type", "")))
        for side in ("inputs", "outputs")
        for column in schema.get(side, [])
        if isinstance(column, dict)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def registries(request: HttpRequest) -> HttpResponse:
    """List the registries with their state and tests, and connect another."""
    actor = actor_of(request)
    form = ConnectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.connect(actor=actor, scope_id=None, now=now_of(request), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            text = _("%(name)s is connected. Its models appear as soon as a worker has looked.")
            messages.success(request, text % {"name": made.name})
            return HttpResponseRedirect("/settings/registries")
    rows = list(selectors.registries_for(actor).order_by("created_at"))
    reader = user(actor.principal_id)
    context = {
        "registries": [(row, _problem(row.last_error), _problem(row.probe.get("error", ""))) for row in rows],
        "form": form,
        "may_admin": reader is not None and reader.has_perm(Action.ADMIN, None),
        "drifts": ways_back(request, selectors.drifts_for(actor)),
    }
    return render(request, "governance/registries/registries.html", context, status=422 if form.errors else 200)


def _problem(code: str) -> str:
    return say(Refused(code, **PARAMS)) if code else ""


@require_POST
def test(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Owe a test of a registry."""
    found = services.probe(actor=actor_of(request), registry_id=pk, now=now_of(request))
    return _back(request, found, _("%(name)s is being tested. Reload in a few seconds to see what was found."))


@require_POST
def sync(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Owe a look at a registry."""
    found = services.ask_sync(actor=actor_of(request), registry_id=pk, now=now_of(request))
    return _back(request, found, _("A worker looks at %(name)s now."))


@require_POST
def disconnect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stop looking at a registry."""
    found = services.disconnect(actor=actor_of(request), registry_id=pk, now=now_of(request))
    return _back(request, found, _("%(name)s is disconnected. What was seen stays."))


def _back(request: HttpRequest, found: Registry, text: str) -> HttpResponse:
    messages.success(request, text % {"name": found.name})
    return HttpResponseRedirect("/settings/registries")
