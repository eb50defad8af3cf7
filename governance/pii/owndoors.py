"""Recognisers of a workspace's own, and what they would change: for machines and for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actor import Actor, Refused, require
from audit.doors import Body, actor_of, idempotent, met, now_of, read
from governance.access.rules import Action
from governance.catalog.api import seen_revision
from governance.pii import api, choices, choosing, own, panels, services
from governance.pii.changing import uuid_of
from governance.pii.choosingdoors import MOST, SAVED, head
from governance.pii.chosen import LANGUAGES, LIKELY, MOST_PATTERNS, SURE, Own
from governance.pii.expressions import LONGEST
from governance.pii.shapes import mask

MOST_EXAMPLES, LONGEST_EXAMPLE = 100, 2000
LEAST = {1.0: SURE, 0.6: LIKELY, 0.3: 0.0}
PROVES = {
    1.0: gettext_lazy("Much: one match counts"),
    0.6: gettext_lazy("Something: half of a column counts"),
    0.3: gettext_lazy("Little: only the column’s name counts"),
}


class WordsBody(Body):
    """Names of columns that announce it, by language."""

    en = serializers.ListField(child=serializers.CharField(max_length=100), max_length=100, required=False)
    es = serializers.ListField(child=serializers.CharField(max_length=100), max_length=100, required=False)
    pt = serializers.ListField(child=serializers.CharField(max_length=100), max_length=100, required=False)


class RecogniserBody(Body):
    """A recogniser as it is written."""

    label = serializers.CharField(max_length=200)  # type: ignore[assignment]
    patterns = serializers.ListField(child=serializers.CharField(max_length=1000), max_length=50)
    words = WordsBody(required=False)
    check = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    score = serializers.FloatField(required=False, default=LIKELY)


class TriedBody(RecogniserBody):
    """A recogniser, and examples to try it on, which are kept nowhere."""

    examples = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_EXAMPLE, trim_whitespace=False),
        max_length=MOST_EXAMPLES,
        required=False,
        default=list,
    )


class OwnBody(RecogniserBody):
    """A recogniser, and the revision of the choices that was looked at."""

    revision = serializers.IntegerField(min_value=0, max_value=MOST)


class AssetBody(Body):
    """A dataset."""

    dataset = serializers.UUIDField()


def written(actor: Actor, body: Mapping[str, Any], entity: str = "") -> Own:
    """Return the recogniser that a body tells of, to those who may choose one."""
    require(actor, Action.WAIVE, None)
    return own.recogniser({**body, "words": body.get("words", {})}, entity)


def shape(one: Own) -> dict[str, Any]:
    """Return a recogniser."""
    return {
        "entity": one.entity,
        "label": one.label,
        "patterns": one.patterns,
        "words": {language: list(said) for language, said in one.words},
        "check": one.check or None,
        "score": one.score,
        "ordinary_share": own.ordinary(one),
    }


def tried(one: Own, examples: Sequence[str]) -> list[dict[str, Any]]:
    """Return what a recogniser sees in each example, masked: nothing of an example is kept or told again."""
    seen = own.hits([one], examples)
    return [
        {
            "shape": mask(text),
            "matches": [
                {"start": hit.start, "end": hit.end, "shape": mask(text[hit.start : hit.end]), "counts": hit.score > 0}
                for hit in hits
            ],
        }
        for text, hits in zip(examples, seen, strict=True)
    ]


class Recognisers(APIView):
    """Recognisers of a workspace's own; add one."""

    @extend_schema(operation_id="scan_recognisers_list", responses={200: dict})
    def get(self, _request: Request) -> Response:
        """List them as they were chosen last, with the checks there are."""
        last, counting = choices.today(), choices.counting()
        rows = [shape(one) | {"counts": one in counting.chosen.own} for one in last.chosen.own]
        return Response({"results": rows, "next": None, "checks": own.CHECKS, **head(last)})

    @extend_schema(operation_id="scan_recognisers_add", request=OwnBody, responses={201: dict})
    def post(self, request: Request) -> Response:
        """Add one; it is tried on every dataset before it counts."""
        body = read(OwnBody, request)

        def add() -> Response:
            one = written(actor_of(request), body)
            choosing.add_recogniser(actor=actor_of(request), own=one, seen=body["revision"], now=now_of(request))
            return Response(shape(one) | head(choices.today()), status=201)

        return idempotent(request, add)


class Recogniser(APIView):
    """One recogniser: show, change, take away."""

    @extend_schema(operation_id="scan_recognisers_show", responses={200: dict})
    def get(self, _request: Request, entity: str) -> Response:
        """Show it."""
        last = choices.today()
        return Response(shape(last.chosen.recogniser(entity)) | head(last))

    @extend_schema(operation_id="scan_recognisers_change", request=OwnBody, responses={200: dict})
    def put(self, request: Request, entity: str) -> Response:
        """Change it; what it is called may change, its entity does not."""
        choices.today().chosen.recogniser(entity)
        body = read(OwnBody, request)
        one = written(actor_of(request), body, entity)
        choosing.change_recogniser(actor=actor_of(request), own=one, seen=body["revision"], now=now_of(request))
        return Response(shape(one) | head(choices.today()))

    @extend_schema(operation_id="scan_recognisers_drop", responses={200: dict})
    def delete(self, request: Request, entity: str) -> Response:
        """Take it away."""
        choices.today().chosen.recogniser(entity)
        seen = seen_revision(request, dict(request.query_params.items()))
        return Response(
            head(choosing.drop_recogniser(actor=actor_of(request), entity=entity, seen=seen, now=now_of(request)))
        )


class TryRecogniser(APIView):
    """Try a recogniser on examples: masked shapes come back, and nothing is kept."""

    @extend_schema(operation_id="scan_recognisers_try", request=TriedBody, responses={200: dict})
    def post(self, request: Request) -> Response:
        """Try it."""
        body = read(TriedBody, request)
        one = written(actor_of(request), body)
        rows = tried(one, body["examples"])
        return Response({"results": rows, "next": None, "ordinary_share": own.ordinary(one), "wide": own.is_wide(one)})


class Trials(APIView):
    """Try today's rules on a dataset before they count."""

    @extend_schema(operation_id="scan_rules_try", request=AssetBody, responses={202: dict})
    def post(self, request: Request) -> Response:
        """Owe a trial of its last scanned source."""
        body = read(AssetBody, request)

        def ask() -> Response:
            scan = services.try_rules(actor=actor_of(request), asset_id=body["dataset"], now=now_of(request))
            return Response(api.shape(scan), status=202)

        return idempotent(request, ask)


class OwnForm(forms.Form):
    """A recogniser, in words and patterns."""

    label = forms.CharField(
        max_length=200, label=gettext_lazy("What is it called?"),
        help_text=gettext_lazy("In plain words, such as “Employee number”. Findings are shown under this name."),
    )  # fmt: skip
    patterns = forms.CharField(
        max_length=MOST_PATTERNS * (LONGEST + 2), label=gettext_lazy("Patterns"),
        help_text=gettext_lazy(
            "One on each line. Letters and digits stand for themselves, \\d is any digit, [A-F] one of these letters, "
            "{6} six times, ? perhaps, (a|b) one or the other: EMP-\\d{6}. A match counts where it stands alone."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )  # fmt: skip
    words_en = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("Names of columns in English"),
        help_text=gettext_lazy("With commas between: employee number, staff id."),
    )  # fmt: skip
    words_es = forms.CharField(required=False, max_length=2000, label=gettext_lazy("Names of columns in Spanish"))
    words_pt = forms.CharField(required=False, max_length=2000, label=gettext_lazy("Names of columns in Portuguese"))
    check = forms.ChoiceField(required=False, label=gettext_lazy("Check digit"))
    score = forms.TypedChoiceField(
        label=gettext_lazy("How much does a match prove by itself?"), coerce=float, choices=list(PROVES.items()),
        help_text=gettext_lazy(
            "Much: one match is enough. Something: at least half of a column’s values have to match, fewer under a "
            "name above. Little: it counts only under a column’s name above, or after such words."
        ),
    )  # fmt: skip
    revision = forms.IntegerField(min_value=0, max_value=MOST, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(name, f"{name} – {panels.entity(name)}" if name.isupper() else name) for name in own.CHECKS]
        self.fields["check"].choices = [("", _("none")), *known]  # type: ignore[attr-defined]

    def body(self) -> dict[str, Any]:
        """Return what was said, as a body of REST says it."""
        said = self.cleaned_data
        words = {language: said[f"words_{language}"].split(",") for language in LANGUAGES}
        return {**said, "patterns": said["patterns"].splitlines(), "words": words}


def shown(one: Own) -> dict[str, Any]:
    """Return what a form says of a recogniser that there is."""
    words = {f"words_{language}": ", ".join(said) for language, said in one.words}
    score = next((step for step in PROVES if one.score >= LEAST[step]), min(PROVES))
    return {"label": one.label, "patterns": "\n".join(one.patterns), "check": one.check, "score": score, **words}


FIELD = {"pii.own_label": "label", "pii.own_words": "words_en", "pii.own_needs_words": "words_en"}


@require_http_methods(["GET", "HEAD", "POST"])
def own_page(request: HttpRequest, entity: str = "") -> HttpResponse:
    """Show a recogniser or begin a new one; try it on examples, which are kept nowhere, keep it, or take it away."""
    actor, last = actor_of(request), choices.today()
    require(actor, Action.WAIVE, None)
    known = last.chosen.recogniser(entity) if entity else None
    start = {"revision": last.number, "score": 0.6, **(shown(known) if known else {})}
    form = OwnForm(request.POST or None, initial=start)
    context: dict[str, Any] = {"form": form, "known": known}
    if request.method == "POST" and form.is_valid():
        try:
            if "try" not in request.POST:
                messages.success(request, _kept(request, form, entity))
                return HttpResponseRedirect(reverse(SAVED))
            context |= _tried(request, written(actor, form.body(), entity))
        except Refused as refusal:
            field = "patterns" if "pattern" in refusal.code else FIELD.get(refusal.code)
            form.add_error(field, met(request, refusal))
    return render(request, "governance/pii/own.html", context, status=422 if form.errors else 200)


def _tried(request: HttpRequest, one: Own) -> dict[str, Any]:
    """Return what a recogniser sees in the examples that were pasted."""
    examples = [line[:LONGEST_EXAMPLE] for line in request.POST.get("examples", "").splitlines() if line.strip()]
    return {
        "tried": tried(one, examples[:MOST_EXAMPLES]), "share": round(100 * own.ordinary(one)), "wide": own.is_wide(one)
    }  # fmt: skip


def _kept(request: HttpRequest, form: OwnForm, entity: str) -> str:
    """Do what the pressed button says, and return what to tell."""
    seen, now, actor = form.cleaned_data["revision"], now_of(request), actor_of(request)
    if entity and "drop" in request.POST:
        choosing.drop_recogniser(actor=actor, entity=entity, seen=seen, now=now)
    elif entity:
        choosing.change_recogniser(actor=actor, own=written(actor, form.body(), entity), seen=seen, now=now)
    else:
        choosing.add_recogniser(actor=actor, own=written(actor, form.body()), seen=seen, now=now)
    return _("Chosen. It is tried on every dataset first, and counts once it is accepted.")


@require_POST
def try_page(request: HttpRequest) -> HttpResponse:
    """Try today's rules on a dataset, and show the trial at work."""
    asset = uuid_of(request.POST.get("dataset", ""))
    scan = services.try_rules(actor=actor_of(request), asset_id=asset, now=now_of(request))
    return HttpResponseRedirect(reverse("pii.scan_page", args=[scan.pk]))
