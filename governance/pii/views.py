"""Personal data in the browser: a dataset's columns, a scan at work, findings and their waivers."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actor import Refused
from audit.doors import actor_of, met, now_of, page
from governance.access.rules import Action
from governance.catalog.models import Asset
from governance.catalog.selectors import asset_of_dataset, asset_seen_by, versions_of
from governance.catalog.views import dataset_context
from governance.pii import measuring, panels, rulesets, selectors, services
from governance.pii.downstream import labels_of, place_of
from governance.pii.forms import DisputeForm, RulingForm, ScanForm, WaiverForm
from governance.pii.models import Finding, Waiver
from governance.pii.services import Judgement, Ruling

FLAGS_BY = ("-raised_at", "pk")


@require_safe
def dataset(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a dataset: what its last scan says of each column, and what people said of that."""
    context = dataset_context(request, pk)
    panel = selectors.dataset_panel(actor_of(request), context["asset"], now_of(request))
    labels = labels_of(place_of(context["asset"]), now_of(request))
    seen = selectors.datasets_seen_by(actor_of(request), (each.finding.dataset_id for each in labels.inherited))
    context |= {"labels": [each for each in panels.labels(labels, seen) if each["inherited"]], "cut": labels.cut}
    return render(request, "governance/pii/dataset.html", context | panels.spoken(panel))


@require_safe
def model_data(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what personal data a model inherits from what it learned from, and its flags."""
    asset = asset_seen_by(actor_of(request), pk, Asset.Kind.MODEL)
    labels = labels_of(place_of(asset), now_of(request))
    rows, cursor = page(request, selectors.flags_seen_by(actor_of(request)).filter(asset=asset), order=FLAGS_BY)
    wanted = [*(each.finding for each in labels.labels), *(each.finding for each in rows)]
    seen = selectors.datasets_seen_by(actor_of(request), (each.dataset_id for each in wanted))
    context = {"asset": asset, "labels": panels.labels(labels, seen), "cut": labels.cut, "next_cursor": cursor}
    context |= {"flags": panels.flags(rows, seen), "versions": versions_of(asset)[:20]}
    return render(
        request, "governance/pii/model.html", context | {"may_ask": selectors.may_ask(actor_of(request), asset)}
    )


@require_POST
def ask_version(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for a scan of what is noted beside a model version, and show it at work."""
    scan = measuring.scan_version(actor=actor_of(request), version_id=pk, now=now_of(request))
    return HttpResponseRedirect(reverse("pii.scan_page", args=[scan.pk]))


@require_safe
def flags(request: HttpRequest) -> HttpResponse:
    """List approved models that learned from personal data, newest first."""
    rows = selectors.flags_seen_by(actor_of(request))
    every = bool(request.GET.get("all"))
    found, cursor = page(request, rows if every else rows.filter(cleared_at=None), order=FLAGS_BY)
    seen = selectors.datasets_seen_by(actor_of(request), (each.finding.dataset_id for each in found))
    context = {"flags": panels.flags(found, seen), "next_cursor": cursor, "every": every}
    return render(request, "governance/pii/flags.html", context)


@require_POST
def ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for a scan of a dataset, and show it at work."""
    scan = services.request_scan(actor=actor_of(request), asset_id=pk, now=now_of(request))
    return HttpResponseRedirect(reverse("pii.scan_page", args=[scan.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
def scans(request: HttpRequest) -> HttpResponse:
    """List scans, newest first, and ask for one of a file."""
    form = ScanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            path = form.cleaned_data["path"]
            made = services.request_path_scan(actor=actor_of(request), path=path, now=now_of(request))
        except Refused as refusal:
            form.add_error("path", met(request, refusal))
        else:
            return HttpResponseRedirect(reverse("pii.scan_page", args=[made.pk]))
    rows, cursor = page(request, selectors.scans_seen_by(actor_of(request)))
    context = {"scans": rows, "next_cursor": cursor, "form": form}
    return render(request, "governance/pii/scans.html", context, status=422 if form.errors else 200)


@require_safe
def scan(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a scan: how far it is while it works, then its columns. The moving part is asked for by itself as well."""
    row = selectors.scan_seen_by(actor_of(request), pk)
    asset = asset_of_dataset(row.dataset_id) if row.dataset_id is not None else None
    context = panels.spoken(selectors.scan_panel(actor_of(request), row, now_of(request))) | {"asset": asset}
    part = request.headers.get("HX-Request") == "true"
    name = "governance/pii/_progress.html" if part else "governance/pii/scan.html"
    before = None if row.is_open else rulesets.scan_before(row)
    context |= {"before": before, "changed": panels.changes(rulesets.between(before, row)) if before else []}
    response = render(request, name, context)
    response["Vary"] = "HX-Request"
    if part and not row.is_open:
        response["HX-Refresh"] = "true"
    return response


def _about(request: HttpRequest, finding: Finding) -> dict[str, Any]:
    asset = asset_of_dataset(finding.dataset_id)
    return {"finding": finding, "asset": asset, "entity": panels.entity(finding.entity)}


def _home(finding: Finding) -> str:
    asset = asset_of_dataset(finding.dataset_id)
    return f"/datasets/{asset.pk}#columns" if asset else reverse("pii.scans_page")


@require_http_methods(["GET", "HEAD", "POST"])
def waive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask why and until when a finding shall not count, and propose the waiver."""
    finding, now = selectors.finding_seen_by(actor_of(request), pk), now_of(request)
    form = WaiverForm(request.POST or None, initial={"until": (now + timedelta(days=90)).date()})
    if request.method == "POST" and form.is_valid():
        try:
            services.propose_waiver(
                actor=actor_of(request), finding_id=pk, reason=form.cleaned_data["reason"],
                expires_at=form.ends(), now=now,
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, _("Proposed. A compliance officer other than you decides."))
            return HttpResponseRedirect(_home(finding))
    context = _about(request, finding) | {"form": form}
    return render(request, "governance/pii/waive.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask why a finding is a false alarm, and dispute it."""
    finding = selectors.finding_seen_by(actor_of(request), pk)
    form = DisputeForm(request.POST or None, initial={"revision": finding.revision})
    if request.method == "POST" and form.is_valid():
        judgement = Judgement("disputed", form.cleaned_data["revision"], form.cleaned_data["reason"])
        try:
            services.judge_finding(actor=actor_of(request), finding_id=pk, judgement=judgement, now=now_of(request))
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, _("Disputed. It no longer counts, and later scans will not bring it back."))
            return HttpResponseRedirect(_home(finding))
    context = _about(request, finding) | {"form": form}
    return render(request, "governance/pii/dispute.html", context, status=422 if form.errors else 200)


@require_POST
def confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Confirm a finding."""
    revision = request.POST.get("revision", "")
    judgement = Judgement("confirmed", int(revision) if revision.isdecimal() and len(revision) < 10 else -1)
    finding = services.judge_finding(actor=actor_of(request), finding_id=pk, judgement=judgement, now=now_of(request))
    messages.success(request, _("Confirmed."))
    return HttpResponseRedirect(_home(finding))


@require_safe
def waivers(request: HttpRequest) -> HttpResponse:
    """List waivers, newest first; those that wait for a decision can be asked for alone."""
    rows = selectors.waivers_for(actor_of(request))
    state = request.GET.get("state", "")
    rows = rows.filter(state=state) if state in Waiver.State.values else rows
    found, cursor = page(request, rows)
    context = {
        "waivers": panels.waivers(found, now_of(request)),
        "next_cursor": cursor,
        "state": state,
        "states": Waiver.State.values,
    }
    return render(request, "governance/pii/waivers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def waiver(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a waiver, and decide it or take it back."""
    row, actor = selectors.waiver_seen_by(actor_of(request), pk), actor_of(request)
    form = RulingForm(request.POST or None, initial={"revision": row.revision})
    if request.method == "POST" and form.is_valid():
        try:
            said = _rule(request, row, form)
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            messages.success(request, said)
            return HttpResponseRedirect(reverse("pii.waiver_page", args=[pk]))
    (shown,) = panels.waivers([row], now_of(request))
    own = actor.principal_id == row.proposer_id
    officer = selectors.may(actor, (Action.WAIVE,), selectors.governed(row))
    context = _about(request, row.finding) | {
        "waiver": row, "shown": shown, "form": form, "own": own,
        "may_decide": officer and not own and row.state == Waiver.State.PROPOSED,
        "may_withdraw": (own or officer) and row.state in {Waiver.State.PROPOSED, Waiver.State.APPROVED},
    }  # fmt: skip
    return render(request, "governance/pii/waiver.html", context, status=422 if form.errors else 200)


def _rule(request: HttpRequest, row: Waiver, form: RulingForm) -> str:
    """Do what the pressed button says, and return what to tell."""
    actor, now, revision = actor_of(request), now_of(request), form.cleaned_data["revision"]
    if "withdraw" in request.POST:
        services.withdraw_waiver(actor=actor, waiver_id=row.pk, revision=revision, now=now)
        return _("Withdrawn. The finding counts again.")
    approve = "approve" in request.POST
    ruling = Ruling(approve=approve, revision=revision, reason=form.cleaned_data["reason"])
    services.decide_waiver(actor=actor, waiver_id=row.pk, ruling=ruling, now=now)
    return _("Approved. The finding is waived until the date shown.") if approve else _("Refused.")


def panel_for(request: HttpRequest, pk: UUID, now: datetime) -> dict[str, Any]:
    """Return what `governance/pii/_columns.html` needs, for pages of rooms above."""
    asset = asset_seen_by(actor_of(request), pk, Asset.Kind.DATASET)
    return panels.spoken(selectors.dataset_panel(actor_of(request), asset, now))
