"""The catalog in the browser. Rooms above draw the pages of one model and one dataset on what is offered here."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.actor import Actor, NotSeen, Refused, require
from audit.doors import actor_of, met, now_of, page
from governance.access.models import User
from governance.access.rules import Action
from governance.access.selectors import people_who_may, user
from governance.catalog import selectors, services
from governance.catalog.forms import LABELS, AdoptForm, CardForm, LabelsForm, OwnersForm
from governance.catalog.models import Asset
from governance.catalog.rules import CARD_FIELDS, card_gaps
from governance.catalog.services import Adoption


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """List the models one may see, newest first."""
    rows = selectors.assets_for(actor_of(request), Asset.Kind.MODEL).annotate(version_count=Count("versions"))
    return _list(request, rows, "governance/catalog/models.html")


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """List the datasets one may see, newest first."""
    return _list(
        request, selectors.assets_for(actor_of(request), Asset.Kind.DATASET), "governance/catalog/datasets.html"
    )


def _list(request: HttpRequest, rows: QuerySet[Asset], template: str) -> HttpResponse:
    text, label = request.GET.get("q", "").strip()[:200], request.GET.get("label", "").strip()[:62]
    rows = rows.filter(name__icontains=text) if text else rows
    rows = rows.filter(adopted=False) if request.GET.get("unowned") else rows
    rows = rows.filter(pk__in=_labelled(rows, label)) if label else rows
    found, cursor = page(request, rows.prefetch_related("owners__user"))
    context = {"assets": found, "next_cursor": cursor, "q": text, "label": label, "unowned": request.GET.get("unowned")}
    return render(request, template, context)


def _labelled(rows: QuerySet[Asset], label: str) -> list[UUID]:
    likely = rows.filter(labels__icontains=label).values_list("pk", "labels")[:5000]
    return [pk for pk, labels in likely if label in labels]


def asset_context(request: HttpRequest, asset: Asset) -> dict[str, Any]:
    """Return what every page about one asset shows: owners, labels, place, who may see it, what the reader may do."""
    actor = actor_of(request)
    reader = user(actor.principal_id)
    return {
        "asset": asset,
        "owners": selectors.owners_of(asset),
        "people": people_who_may(Action.READ, asset.scope_id),
        "may_edit": reader is not None and reader.has_perm(Action.EDIT, asset),
        "may_request": reader is not None and reader.has_perm(Action.REQUEST, asset),
    }


def model_context(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Return what the page of a model shows from the catalog: versions, and how complete its card is."""
    asset = selectors.asset_seen_by(actor_of(request), pk, Asset.Kind.MODEL)
    versions, cursor = page(request, selectors.versions_of(asset), order=("-number", "-created_at", "pk"))
    card = selectors.card_of(asset)
    gaps = card_gaps(card.fields if card else {})
    return asset_context(request, asset) | {
        "versions": versions,
        "next_cursor": cursor,
        "card": card,
        "card_rows": [(LABELS[name][0], (card.fields if card else {}).get(name), name) for name in CARD_FIELDS],
        "card_done": len(CARD_FIELDS) - len(gaps),
        "card_of": len(CARD_FIELDS),
        "card_gaps": [LABELS[name][0] for name in gaps],
    }


def dataset_context(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    """Return what the page of a dataset shows from the catalog: the asset; its template has a block for panels."""
    return asset_context(request, selectors.asset_seen_by(actor_of(request), pk, Asset.Kind.DATASET))


@require_http_methods(["GET", "HEAD", "POST"])
def card(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a model's card as a form, and write its next revision."""
    asset = selectors.asset_seen_by(actor_of(request), pk, Asset.Kind.MODEL)
    current = selectors.card_of(asset)
    fields, revision = (current.fields, current.revision) if current else ({}, 0)
    form = CardForm(request.POST or None, initial=CardForm.initial_of(fields, revision))
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.edit_card(
                actor=actor_of(request),
                asset_id=asset.pk,
                fields=form.card(),
                revision=form.cleaned_data["revision"],
                now=now_of(request),
            )
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, _("Revision %(number)s of the card is saved.") % {"number": saved.revision})
            return HttpResponseRedirect(address(asset))
    context = {"asset": asset, "form": form, "card": current, "texts": [form[name] for name in CARD_FIELDS]}
    return render(request, "governance/catalog/card.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show and change an asset's labels and owners; each has its own form."""
    actor = actor_of(request)
    asset = selectors.asset_seen_by(actor, pk)
    require(actor, Action.EDIT, asset)
    labels = LabelsForm(
        request.POST if "labels" in request.POST else None,
        initial={"labels": " ".join(asset.labels), "revision": asset.revision},
    )
    owners = OwnersForm(
        request.POST if "set_owners" in request.POST else None,
        initial={"owners": selectors.owners_of(asset), "revision": asset.revision},
        people=selectors.people_to_own(actor, asset),
    )
    saved = request.method == "POST" and (_save_labels(request, asset, labels) or _save_owners(request, asset, owners))
    if saved:
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(address(asset))
    context = {"asset": asset, "labels": labels, "owners": owners}
    wrong = labels.errors or owners.errors
    return render(request, "governance/catalog/edit.html", context, status=422 if wrong else 200)


def _save_labels(request: HttpRequest, asset: Asset, form: LabelsForm) -> bool:
    if not form.is_valid():
        return False
    revision = form.cleaned_data["revision"]
    try:
        services.set_labels(
            actor=actor_of(request), asset_id=asset.pk, labels=form.listed(), revision=revision, now=now_of(request)
        )
    except Refused as refusal:
        form.add_error(None, met(request, refusal))
    return not form.errors


def _save_owners(request: HttpRequest, asset: Asset, form: OwnersForm) -> bool:
    if not form.is_valid():
        return False
    people, revision = [each.pk for each in form.cleaned_data["owners"]], form.cleaned_data["revision"]
    try:
        services.set_owners(
            actor=actor_of(request), asset_id=asset.pk, owners=people, revision=revision, now=now_of(request)
        )
    except Refused as refusal:
        form.add_error(None, met(request, refusal))
    return not form.errors


@require_http_methods(["GET", "HEAD", "POST"])
def adopt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask who will answer for a discovered asset and where it belongs, and adopt it."""
    actor = actor_of(request)
    asset = selectors.asset_seen_by(actor, pk)
    require(actor, Action.EDIT, asset)
    scopes = selectors.scopes_for(actor, Action.REGISTER) | selectors.scopes_for(actor, Action.BROWSE).filter(
        pk=asset.scope_id
    )
    initial = {"scope": asset.scope_id, "revision": asset.revision, "owners": _self(actor)}
    form = AdoptForm(request.POST or None, scopes=scopes, people=selectors.people_to_own(actor, asset), initial=initial)
    if request.method == "POST" and form.is_valid():
        owners = [each.pk for each in form.cleaned_data["owners"]]
        adoption = Adoption(owners=owners, scope_id=form.cleaned_data["scope"].pk)
        revision = form.cleaned_data["revision"]
        try:
            services.adopt(actor=actor, asset_id=asset.pk, adoption=adoption, revision=revision, now=now_of(request))
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, _("Adopted. Its owners are named on its page."))
            return HttpResponseRedirect(address(asset))
    context = {"asset": asset, "form": form}
    return render(request, "governance/catalog/adopt.html", context, status=422 if form.errors else 200)


def _self(actor: Actor) -> list[User]:
    found = user(actor.principal_id)
    return [found] if found and found.kind == User.Kind.PERSON else []


@require_safe
def by_lineage(request: HttpRequest, pk: int) -> HttpResponse:
    """Go from a dataset of the lineage graph to its page."""
    asset = selectors.asset_of_dataset(pk)
    if asset is None:
        raise NotSeen("not_seen", what="dataset")
    return HttpResponseRedirect(address(selectors.asset_seen_by(actor_of(request), asset.pk)))


@require_safe
def by_name(request: HttpRequest) -> HttpResponse:
    """Go from a model of the lineage graph to its page."""
    asset = selectors.model_named(request.GET.get("namespace", ""), request.GET.get("name", ""))
    if asset is None:
        raise NotSeen("not_seen", what="model")
    return HttpResponseRedirect(address(selectors.asset_seen_by(actor_of(request), asset.pk)))


def address(asset: Asset) -> str:
    """Return the address of an asset's page."""
    return f"/{'models' if asset.kind == Asset.Kind.MODEL else 'datasets'}/{asset.pk}"
