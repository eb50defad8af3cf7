"""What is chosen of the rules of scans: for machines and for people."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import Refused
from audit.doors import Body, actor_of, met, now_of, read
from governance.access.rules import Action
from governance.pii import choices, choosing, countries, namemodels, selectors
from governance.pii.choices import Choice

MOST = 2**31 - 2
MOST_CODES = 400
SAVED = "pii.rules_page"


def head(choice: Choice) -> dict[str, Any]:
    """Return when something was chosen last, by whom, and the number to choose after."""
    return {
        "revision": choice.number,
        "chosen_by": str(choice.made_by) if choice.made_by else None,
        "chosen_at": choice.made_at and choice.made_at.isoformat(),
    }


class CountriesBody(Body):
    """Two-letter codes of countries, and the revision of the choices that was looked at."""

    countries = serializers.ListField(child=serializers.CharField(max_length=12), max_length=MOST_CODES)
    revision = serializers.IntegerField(min_value=0, max_value=MOST)


class PhoneCountries(APIView):
    """The countries whose telephone numbers are known without a country code: today's, and those that count."""

    @extend_schema(operation_id="scan_rules_countries", responses={200: dict})
    def get(self, _request: Request) -> Response:
        """Tell them."""
        return Response(self.told())

    @extend_schema(operation_id="scan_rules_countries_choose", request=CountriesBody, responses={200: dict})
    def put(self, request: Request) -> Response:
        """Choose them; tried on every dataset before they count."""
        body = read(CountriesBody, request)
        choosing.choose_countries(
            actor=actor_of(request), codes=body["countries"], seen=body["revision"], now=now_of(request)
        )
        return Response(self.told())

    @staticmethod
    def told() -> dict[str, Any]:
        """Return what was chosen last and what counts."""
        last, counting = choices.today(), choices.counting()
        return {"countries": last.chosen.countries, "counting": counting.chosen.countries, **head(last)}


class NamesBody(Body):
    """A language model by name and version, or an empty text for none, and the revision that was looked at."""

    model = serializers.CharField(max_length=100, allow_blank=True)
    revision = serializers.IntegerField(min_value=0, max_value=MOST)


class NamesModel(APIView):
    """The language model that looks for names in free text, if one is chosen, and those that are installed."""

    @extend_schema(operation_id="scan_rules_names", responses={200: dict})
    def get(self, _request: Request) -> Response:
        """Tell them."""
        return Response(self.told())

    @extend_schema(operation_id="scan_rules_names_choose", request=NamesBody, responses={200: dict})
    def put(self, request: Request) -> Response:
        """Choose one, or none; tried on every dataset before it counts."""
        body = read(NamesBody, request)
        choosing.choose_names(actor=actor_of(request), model=body["model"], seen=body["revision"], now=now_of(request))
        return Response(self.told())

    @staticmethod
    def told() -> dict[str, Any]:
        """Return what was chosen last and what there is."""
        last = choices.today()
        found = [{"model": each.title, "language": each.language} for each in namemodels.installed()]
        head_of = {"model": last.chosen.names or None, "counting": choices.counting().chosen.names or None}
        return {**head_of, "installed": found, **head(last)}


@require_http_methods(["GET", "HEAD", "POST"])
def names_page(request: HttpRequest) -> HttpResponse:
    """Show the language models that are installed, and choose one or none."""
    actor, last, problem = actor_of(request), choices.today(), ""
    if request.method == "POST":
        try:
            model = request.POST.get("model", "")
            choosing.choose_names(actor=actor, model=model, seen=seen_in(request), now=now_of(request))
        except Refused as refusal:
            problem = met(request, refusal)
        else:
            messages.success(request, _("Chosen. It is tried on every dataset first, and counts once it is accepted."))
            return HttpResponseRedirect(reverse(SAVED))
    known = namemodels.installed()
    context = {
        "models": known, "last": last, "problem": problem, "may_choose": selectors.may(actor, (Action.WAIVE,), None),
        "missing": bool(last.chosen.names) and last.chosen.names not in {each.title for each in known},
    }  # fmt: skip
    return render(request, "governance/pii/names.html", context, status=422 if problem else 200)


def named(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return countries by code with what they are called, in the order of that."""
    return sorted(((code, countries.name(code)) for code in codes), key=lambda pair: pair[1])


@require_http_methods(["GET", "HEAD", "POST"])
def countries_page(request: HttpRequest) -> HttpResponse:
    """Show the countries whose telephone numbers are known without a country code, and choose others."""
    actor, last, problem = actor_of(request), choices.today(), ""
    ticked = frozenset(last.chosen.countries)
    if request.method == "POST":
        ticked = frozenset(request.POST.getlist("countries")[:MOST_CODES])
        try:
            choosing.choose_countries(actor=actor, codes=sorted(ticked), seen=seen_in(request), now=now_of(request))
        except Refused as refusal:
            problem = met(request, refusal)
        else:
            messages.success(request, _("Chosen. It is tried on every dataset first, and counts once it is accepted."))
            return HttpResponseRedirect(reverse(SAVED))
    known = countries.possible()
    context = {
        "chosen": named(known & ticked), "others": named(known - ticked), "last": last, "problem": problem,
        "may_choose": selectors.may(actor, (Action.WAIVE,), None),
    }  # fmt: skip
    return render(request, "governance/pii/countries.html", context, status=422 if problem else 200)


def seen_in(request: HttpRequest) -> int:
    """Return the number of the choices that a form was filled in after; -1 where it says none."""
    said = request.POST.get("revision", "")
    return int(said) if said.isdecimal() and len(said) < 10 else -1
