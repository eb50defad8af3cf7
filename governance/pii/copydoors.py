"""Copies of a dataset without what is personal: for machines and for people."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import Refused
from audit.doors import Body, actor_of, idempotent, met, now_of, page, read
from governance.access.rules import Action
from governance.catalog.models import Asset
from governance.catalog.selectors import asset_seen_by
from governance.pii import copying, selectors
from governance.pii.downstream import found_in
from governance.pii.models import RedactedCopy
from governance.pii.panels import entity, reasons

WORDS = {"mask": _("masked"), "token": _("a token"), "drop": _("left out")}


class CopyBody(Body):
    """What to do with which column: `mask`, `token` or `drop`."""

    columns = serializers.DictField(child=serializers.ChoiceField(choices=copying.ACTIONS), required=False)


def shape(row: RedactedCopy) -> dict[str, Any]:
    """Return a copy, or where it stands."""
    return {
        "id": str(row.pk),
        "state": row.state,
        "columns": row.changes,
        "path": row.path or None,
        "rows": row.rows,
        "digest": row.digest or None,
        "why": reasons(row.why),
        "created_at": row.created_at.isoformat(),
        "ended_at": row.ended_at and row.ended_at.isoformat(),
    }


def _of(asset: Asset) -> QuerySet[RedactedCopy]:
    return RedactedCopy.objects.filter(dataset_id=asset.lineage_dataset_id or 0)


class DatasetCopies(APIView):
    """Redacted copies of a dataset; ask for one."""

    @extend_schema(operation_id="dataset_copies_list", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        """List them, newest first."""
        rows, after = page(request, _of(asset_seen_by(actor_of(request), pk, Asset.Kind.DATASET)))
        return Response({"results": [shape(row) for row in rows], "next": after})

    @extend_schema(operation_id="dataset_copies_ask", request=CopyBody, responses={202: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        """Owe a copy."""
        changes = read(CopyBody, request).get("columns", {})

        def ask() -> Response:
            row = copying.ask_copy(actor=actor_of(request), asset_id=pk, changes=changes, now=now_of(request))
            return Response(shape(row), status=202)

        return idempotent(request, ask)


class CopyForm(forms.Form):
    """What to do with each column in which personal data was found."""

    def offer(self, found: Mapping[str, set[str]]) -> "CopyForm":
        """Ask about these columns, and say what was found in each."""
        self.columns = sorted(found)
        choices = [("mask", _("mask it")), ("token", _("replace it by a token")), ("drop", _("leave it out"))]
        for at, column in enumerate(self.columns):
            holds = ", ".join(sorted(map(entity, found[column])))
            self.fields[f"column_{at}"] = forms.ChoiceField(label=column, help_text=escape(holds), choices=choices)
        return self

    def changes(self) -> dict[str, str]:
        """Return what was said."""
        return {column: self.cleaned_data[f"column_{at}"] for at, column in enumerate(self.columns)}


@require_http_methods(["GET", "HEAD", "POST"])
def copies_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """List redacted copies of a dataset, and ask for one."""
    asset, actor = asset_seen_by(actor_of(request), pk, Asset.Kind.DATASET), actor_of(request)
    found = found_in(asset.lineage_dataset_id or 0)
    form = CopyForm(request.POST if request.method == "POST" else None).offer(found)
    if request.method == "POST" and form.is_valid():
        try:
            copying.ask_copy(actor=actor, asset_id=pk, changes=form.changes(), now=now_of(request))
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            return HttpResponseRedirect(reverse("pii.copies_page", args=[pk]))
    rows, cursor = page(request, _of(asset))
    told = [
        {
            "row": row,
            "why": [each["detail"] for each in reasons(row.why)],
            "changes": [(name, WORDS.get(action, action)) for name, action in sorted(row.changes.items())],
        }
        for row in rows
    ]
    may_ask = selectors.may(actor, (Action.EDIT, Action.CLASSIFY), asset)
    context = {"asset": asset, "form": form, "told": told, "next_cursor": cursor, "may_ask": may_ask}
    context |= {"open": any(row.ended_at is None for row in rows)}
    return render(request, "governance/pii/copies.html", context, status=422 if form.errors else 200)
