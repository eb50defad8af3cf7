"""The questions officers ask of lineage, for machines and for people: what trained this version, which live models
does this column reach, and who is downstream and must be told.
"""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.doors import actor_of, met, now_of
from audit.refusals import Malformed, Refused
from governance.pii.panels import entities
from governance.reports import reaching, telling, trained
from lineage.answers import DEPTHS, NODES, as_of, end_of, number
from lineage.formats import csv_text
from lineage.graph import Budget, Direction, Question
from lineage.links import address, around, words
from lineage.selectors import dataset_seen_by

REACHED = (
    "column", "model_namespace", "model", "masked", "by_column", "flagged_for",
    "environment", "alias", "version", "made_with_it",
)  # fmt: skip


def _needed(asked: QueryDict, *names: str) -> list[str]:
    for name in names:
        if not asked.get(name):
            raise Malformed("lineage.bad_parameter", name=name, allowed=", ".join(names))
    return [str(asked[name]) for name in names]


def _when(request: HttpRequest | Request) -> datetime:
    return as_of(request.GET.get("as_of", "")) or now_of(request)


class Trained(APIView):
    """Answers what trained a version."""

    @extend_schema(
        parameters=[OpenApiParameter(name) for name in ("namespace", "name", "version", "as_of")],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """Tell the datasets, runs, code, parameters, scans and owners behind one version, run by run."""
        namespace, name, version = _needed(request.query_params, "namespace", "name", "version")
        found = trained.trained(actor_of(request), (namespace, name), version, _when(request))
        return Response(found.as_json())


class Reaches(APIView):
    """Answers which live models a column reaches."""

    @extend_schema(
        parameters=[OpenApiParameter(name) for name in ("namespace", "name", "column", "as_of", "format")],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> HttpResponse:
        """Follow a column (without one, the dataset) to models: those that run come first, masked ways are said."""
        asked = request.query_params
        namespace, name = _needed(asked, "namespace", "name")
        column = asked.get("column", "")
        reach, models = reaching.models_reached(actor_of(request), (namespace, name), column, _when(request))
        if asked.get("format") == "csv":
            return _file("reached", REACHED, [row for one in models for row in _reached(column, one)])
        return Response(reach.as_json() | {"models": [one.as_json() for one in models]})


class Tell(APIView):
    """Answers who is downstream and must be told."""

    @extend_schema(
        parameters=[
            OpenApiParameter(name) for name in ("namespace", "name", "type", "depth", "max_nodes", "as_of", "format")
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> HttpResponse:
        """List whoever answers for what was made of a dataset, model or job, and what nobody answers for."""
        found = telling.circle_of(actor_of(request), _question(request.query_params, _when(request)))
        if request.query_params.get("format") == "csv":
            return _file("to-tell", telling.HEADER, list(found.lines()))
        return Response(found.as_json())


def _question(asked: QueryDict, when: datetime) -> Question:
    kind = asked.get("type", "dataset")
    if kind not in {"dataset", "job", "model"}:
        raise Malformed("lineage.bad_parameter", name="type", allowed="dataset, job, model")
    namespace, name = _needed(asked, "namespace", "name")
    budget = Budget(
        number(asked, "depth", telling.FAR.depth, DEPTHS), number(asked, "max_nodes", telling.FAR.nodes, NODES)
    )
    return Question(namespace, name, kind, Direction.DOWN, budget, when)


def _reached(column: str, one: reaching.Reached) -> list[tuple[Any, ...]]:
    flagged = " ".join(sorted({flag.finding.entity for flag in one.flags}))
    named = (column, one.node.namespace, one.node.name, one.way.masked, not one.way.whole, flagged)
    return [(*named, r.environment, r.alias, r.label, r.made_with) for r in one.live] or [(*named, "", "", "", "")]


def _file(name: str, header: tuple[str, ...], rows: list[Any]) -> HttpResponse:
    response = HttpResponse(csv_text(header, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


class Named(forms.Form):
    """Something of lineage by name, as of a day."""

    name = forms.CharField(label=_("Name"), max_length=2000)
    namespace = forms.CharField(label=_("Namespace"), max_length=2000)
    as_of = forms.DateField(
        label=_("As of"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def moment(self, now: datetime) -> datetime:
        """Return the end of the day that is meant, or now."""
        day = self.cleaned_data["as_of"]
        return min(end_of(day), now) if day else now

    @property
    def start(self) -> tuple[str, str]:
        """What is asked about."""
        return self.cleaned_data["namespace"], self.cleaned_data["name"]


class AskTrained(Named):
    """A version of a model."""

    version = forms.CharField(label=_("Version"), max_length=500)
    field_order = ("name", "version", "namespace", "as_of")


class AskReaches(Named):
    """A column of a dataset."""

    column = forms.CharField(label=_("Column"), max_length=2000, required=False)
    field_order = ("name", "column", "namespace", "as_of")


class AskTell(Named):
    """A dataset, model or job."""

    type = forms.ChoiceField(
        label=_("Kind"), choices=[("dataset", _("Dataset")), ("model", _("Model")), ("job", _("Job"))]
    )
    field_order = ("name", "type", "namespace", "as_of")


@require_safe
def trained_page(request: HttpRequest) -> HttpResponse:
    """Show what trained a version."""
    form = AskTrained(request.GET if "version" in request.GET else None, initial=request.GET.dict())
    place: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        try:
            asked, when = form.cleaned_data["version"], form.moment(now_of(request))
            found = trained.trained(actor_of(request), form.start, asked, when)
            place |= {"found": found, "tables": _tables(found), "more": _around(found), "entities": entities()}
        except Refused as refusal:
            form.add_error("name", met(request, refusal))
    return render(request, "governance/reports/trained.html", place)


def _tables(found: trained.Trained) -> list[tuple[str, list[dict[str, Any]]]]:
    titles = (_("The training itself read"), _("Which was made from"))
    return [(str(title), rows) for title, rows in zip(titles, (found.direct, found.further), strict=True) if rows]


def _around(found: trained.Trained) -> dict[str, str]:
    named = {"namespace": found.name[0], "name": found.name[1]}
    return {
        "graph": urlencode({"type": "model", **named, "version": found.version, "direction": "up"}),
        "changes": urlencode({**named, "after": found.version}),
        "gaps": urlencode({**named, "version": found.version}),
        "same": urlencode({**named, "version": found.version, "as_of": found.as_of.isoformat()}),
    }


@require_safe
def reaches_page(request: HttpRequest) -> HttpResponse:
    """Show which live models a column reaches, and the way there."""
    form = AskReaches(request.GET if "name" in request.GET else None, initial=request.GET.dict())
    place: dict[str, Any] = {"form": form, "words": words(), "entities": entities()}
    if form.is_bound and form.is_valid():
        actor, when, column = actor_of(request), form.moment(now_of(request)), form.cleaned_data["column"]
        try:
            row = dataset_seen_by(actor, *form.start)
            place |= {"columns": reaching.columns_of(row, when)[:200], "row": row}
            reach, models = reaching.models_reached(actor, form.start, column, when)
            place |= {"reach": reach, "live": [one for one in models if one.live]}
            place |= {"idle": [one for one in models if not one.live], "csv": _csv(request), "query": request.GET}
        except Refused as refusal:
            said = met(request, refusal)
            unknown = _("No column of this name is known of it. Choose one below.")
            form.add_error(*(("column", unknown) if "columns" in place else ("name", said)))
    return render(request, "governance/reports/reaches.html", place)


@require_safe
def tell_page(request: HttpRequest) -> HttpResponse:
    """Show who is downstream and must be told."""
    given = {"type": "dataset"} | request.GET.dict()
    form = AskTell(given if "name" in request.GET else None, initial=given)
    place: dict[str, Any] = {"form": form, "words": words()}
    if form.is_bound and form.is_valid():
        when = form.moment(now_of(request))
        question = Question(*form.start, form.cleaned_data["type"], Direction.DOWN, telling.FAR, when)
        try:
            found = telling.circle_of(actor_of(request), question)
            rows = [(one, address(one.node), around(one.node)) for one in found.things[:SHOWN]]
            place |= {"found": found, "rows": rows, "cut": len(found.things) > SHOWN, "csv": _csv(request)}
        except Refused as refusal:
            form.add_error("name", met(request, refusal))
    return render(request, "governance/reports/tell.html", place)


SHOWN = 200
"""At most this many things are listed on a page; the file has them all."""


def _csv(request: HttpRequest) -> str:
    asked = {name: value for name, value in request.GET.items() if value and name != "format"}
    return urlencode({**asked, "format": "csv"})
