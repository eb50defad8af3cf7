"""How anonymous the rows of a dataset are in chosen columns: for machines and for people."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import Refused
from audit.doors import Body, actor_of, idempotent, met, now_of, page, read
from governance.catalog.models import Asset
from governance.catalog.selectors import asset_seen_by
from governance.pii import measuring, selectors
from governance.pii.models import Anonymity
from governance.pii.panels import reasons


class AnonymityBody(Body):
    """The columns that together might tell who somebody is, and those that would harm them."""

    quasi = serializers.ListField(child=serializers.CharField(max_length=300), min_length=1, max_length=10)
    sensitive = serializers.ListField(child=serializers.CharField(max_length=300), max_length=5, required=False)


def shape(row: Anonymity) -> dict[str, Any]:
    """Return an answer, or where it stands."""
    return {
        "id": str(row.pk),
        "state": row.state,
        "quasi": row.quasi,
        "sensitive": row.sensitive,
        "k": row.k,
        "groups": row.groups,
        "rows": row.rows,
        "below": row.below,
        "diversity": row.diversity,
        "why": reasons(row.why),
        "digest": row.digest or None,
        "created_at": row.created_at.isoformat(),
        "ended_at": row.ended_at and row.ended_at.isoformat(),
    }


class DatasetAnonymity(APIView):
    """How anonymous a dataset's rows were found to be; ask anew."""

    @extend_schema(operation_id="dataset_anonymity_list", responses={200: dict})
    def get(self, request: Request, pk: UUID) -> Response:
        """List what was asked, newest first."""
        asset = asset_seen_by(actor_of(request), pk, Asset.Kind.DATASET)
        rows, after = page(request, selectors.anonymity_of(asset))
        return Response({"results": [shape(row) for row in rows], "next": after})

    @extend_schema(operation_id="dataset_anonymity_ask", request=AnonymityBody, responses={202: dict})
    def post(self, request: Request, pk: UUID) -> Response:
        """Owe a count."""
        asked = read(AnonymityBody, request)
        question = measuring.Question(asked["quasi"], asked.get("sensitive", ()))

        def ask() -> Response:
            row = measuring.ask_anonymity(actor=actor_of(request), asset_id=pk, question=question, now=now_of(request))
            return Response(shape(row), status=202)

        return idempotent(request, ask)


class AskForm(forms.Form):
    """Columns to choose from those that the last scan tells of; without one, by name with commas between."""

    quasi = forms.CharField(
        max_length=3000,
        label=_("Columns that together might tell who somebody is"),
        help_text=_("Such as birth_date, postcode, gender; commas between."),
    )
    sensitive = forms.CharField(
        max_length=1500,
        required=False,
        label=_("Columns that would harm them"),
        help_text=_("Such as diagnosis, income. Leave empty to count only how many rows are alike."),
    )

    def offer(self, columns: list[str]) -> "AskForm":
        """Let these columns be chosen from, if there are any."""
        for name, field in self.fields.items() if columns else ():
            self.fields[name] = forms.MultipleChoiceField(
                choices=[(column, column) for column in columns],
                label=field.label,
                required=field.required,
                widget=forms.CheckboxSelectMultiple,
            )
        return self

    def question(self) -> measuring.Question:
        """Return what is asked."""
        return measuring.Question(*(_names(self.cleaned_data[name]) for name in ("quasi", "sensitive")))


def _names(said: str | list[str]) -> list[str]:
    return said if isinstance(said, list) else [name.strip() for name in said.split(",") if name.strip()]


@require_http_methods(["GET", "HEAD", "POST"])
def anonymity_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show how anonymous a dataset's rows were found to be, and ask anew."""
    asset = asset_seen_by(actor_of(request), pk, Asset.Kind.DATASET)
    form = AskForm(request.POST or None).offer(selectors.columns_named(asset.lineage_dataset_id or 0))
    if request.method == "POST" and form.is_valid():
        try:
            measuring.ask_anonymity(actor=actor_of(request), asset_id=pk, question=form.question(), now=now_of(request))
        except Refused as refusal:
            form.add_error("quasi", met(request, refusal))
        else:
            return HttpResponseRedirect(reverse("pii.anonymity_page", args=[pk]))
    rows, cursor = page(request, selectors.anonymity_of(asset))
    told = [{"row": row, "why": [each["detail"] for each in reasons(row.why)]} for row in rows]
    may_ask = selectors.may(actor_of(request), selectors.MAY_ASK, asset)
    context = {"asset": asset, "form": form, "told": told, "next_cursor": cursor, "may_ask": may_ask}
    context |= {"open": any(row.ended_at is None for row in rows)}
    return render(request, "governance/pii/anonymity.html", context, status=422 if form.errors else 200)
