"""The inbox, the page where people decide, the receipt, and the way to ask."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.actor import Actor, Conflict, NotSeen, Refused
from audit.doors import actor_of, met, now_of
from governance.catalog import selectors as catalog
from governance.policies import selectors as policies
from governance.policies.views import spoken
from governance.promotions import pages, rules, selectors, services
from governance.promotions.rules import Ballot
from governance.promotions.services import Signed, Wish
from governance.registries.selectors import drifts_for
from governance.registries.views import ways_back
from governance.signin.allauth import limited

TABS = {
    "mine": _("Needs my decision"),
    "others": _("Waiting on others"),
    "asked": _("I requested"),
    "decided": _("Decided"),
}
FILTERS = {"environment": _("Environment"), "model": _("Model"), "state": _("State")}
VERDICTS = {"approve": _("Approve"), "request_changes": _("Request changes"), "reject": _("Reject")}
PASSWORD = forms.PasswordInput(attrs={"autocomplete": "current-password"})
AREA = forms.Textarea(attrs={"rows": 3})


class DecideForm(forms.Form):
    """A verdict, its reason, and the password that signs it."""

    verdict = forms.ChoiceField(label=_("Your decision"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Needed to reject or to ask for changes. It is kept beside the log, where it can be erased."),
        widget=AREA,
        required=False,
        max_length=rules.LONGEST_TEXT,
    )
    password = forms.CharField(
        label=_("Your password"),
        help_text=_("You sign this decision, so you are asked again."),
        widget=PASSWORD,
        strip=False,
        max_length=1000,
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    subject = forms.CharField(widget=forms.HiddenInput, max_length=71)
    seen_at = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)


class MoveForm(forms.Form):
    """The revision that was looked at, and why it moves."""

    reason = forms.CharField(label=_("Reason"), widget=AREA, required=False, max_length=rules.LONGEST_TEXT)
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


class RollBackForm(MoveForm):
    """Why to go back, signed."""

    password = forms.CharField(label=_("Your password"), widget=PASSWORD, strip=False, max_length=1000)


class PromoteForm(forms.Form):
    """Where a version should run, and what for."""

    environment = forms.ChoiceField(label=_("Where should it run?"), widget=forms.RadioSelect)
    purpose = forms.CharField(
        label=_("What will it be used for there?"),
        help_text=_("The people who decide read this first."),
        widget=AREA,
        required=False,
        max_length=rules.LONGEST_TEXT,
    )


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Show one tab of the requests one may see; the filters are the address."""
    actor, now = actor_of(request), now_of(request)
    tab = request.GET.get("tab", "mine")
    if tab not in TABS:
        raise NotSeen("not_seen")
    chosen = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    rows = [pages.row(promotion, found, now) for promotion, found in selectors.inbox(actor, tab, now, chosen)]
    chips = [(FILTERS[name], value, _without(request, name)) for name, value in chosen.items()]
    context = {
        "rows": rows,
        "tab": tab,
        "tabs": [(name, title, name == tab) for name, title in TABS.items()],
        "chips": chips,
        "count": selectors.needs_decision_count(actor),
        "compromised": selectors.compromised_for(actor),
        "drifts": ways_back(request, drifts_for(actor)),
    }
    return render(request, "governance/promotions/inbox.html", context)


def _without(request: HttpRequest, name: str) -> str:
    query = request.GET.copy()
    query.pop(name, None)
    return f"?{query.urlencode()}"


@require_GET
def decision_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show a request with all that bears on it, and the form to decide."""
    return _page(request, key)


def _page(request: HttpRequest, key: str, wrong: forms.Form | None = None, status: int = 200) -> HttpResponse:
    actor, now = actor_of(request), now_of(request)
    promotion = selectors.seen_by(actor, key)
    shown = pages.page(actor, promotion, now)
    moved = {"revision": promotion.revision}
    known = {
        "decide_form": _decide_form(actor, shown, now),
        "reviewed": pages.reviewed(promotion),
        "withdraw_form": MoveForm(initial=moved, auto_id="withdraw_%s"),
        "resubmit_form": MoveForm(initial=moved, auto_id="resubmit_%s"),
        "retry_form": MoveForm(initial=moved, auto_id="retry_%s"),
        "roll_back_form": RollBackForm(initial=moved, auto_id="rollback_%s"),
    }
    if isinstance(wrong, DecideForm):
        known["decide_form"] = wrong
    elif isinstance(wrong, RollBackForm):
        known["roll_back_form"] = wrong
    elif wrong is not None:
        known["withdraw_form"] = wrong
    context = {**shown, **known, "wrong": wrong}
    return render(request, "governance/promotions/decision.html", context, status=status)


def _decide_form(actor: Actor, shown: dict[str, Any], now: datetime, data: Any = None) -> DecideForm:
    promotion = shown["promotion"]
    about = selectors.statement_of(promotion, actor.principal_id)
    initial = {
        "revision": promotion.revision,
        "subject": promotion.subject_digest,
        "seen_at": now.isoformat(),
    }
    form = DecideForm(data, initial=initial, auto_id="decide_%s")
    choices = [(verdict, f"{VERDICTS[verdict]}: {pages.first_sentence(verdict, about)}") for verdict in rules.VERDICTS]
    field = form.fields["verdict"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices[1:] if shown["approve_blocked"] and data is None else choices
    return form


@require_POST
def decide(request: HttpRequest, key: str) -> HttpResponse:
    """Sign and record a decision, then show its receipt; when anything moved, show what, and ask again."""
    actor, now = actor_of(request), now_of(request)
    promotion = selectors.seen_by(actor, key)
    form = _decide_form(actor, pages.page(actor, promotion, now), now, request.POST)
    if not form.is_valid():
        return _page(request, key, form, 422)
    said = form.cleaned_data
    if (said["revision"], said["subject"]) != (promotion.revision, promotion.subject_digest):
        return _moved(request, key, said["seen_at"], Conflict("promotions.moved", key=key))
    try:
        rules.require_reason(said["reason"] if said["verdict"] != "approve" else "-")
        with limited(request, "promotions.password_wrong"):
            _, grant, _until = services.sign(
                actor=actor, key=key, verdict=said["verdict"], password=said["password"], now=now
            )
        signed = Signed(Ballot(said["verdict"], said["reason"]), said["revision"], grant)
        services.decide(actor=actor, key=key, signed=signed, now=now)
    except Conflict as moved:
        return _moved(request, key, said["seen_at"], moved)
    except Refused as refusal:
        form.add_error(_field_of(refusal), met(request, refusal))
        return _page(request, key, form, 422)
    mine = selectors.seen_by(actor, key).decisions.filter(person_id=actor.principal_id).latest("at")
    return redirect("promotions.receipt", key=key, decision=mine.pk)


def _field_of(refusal: Refused) -> str | None:
    return {"promotions.password_wrong": "password", "promotions.reason_needed": "reason"}.get(refusal.code)


def _moved(request: HttpRequest, key: str, seen_at: str, refusal: Refused) -> HttpResponse:
    promotion = selectors.seen_by(actor_of(request), key)
    context = {
        "promotion": promotion,
        "sentence": met(request, refusal),
        **pages.since(promotion, seen_at),
    }
    return render(request, "governance/promotions/moved.html", context, status=409)


@require_GET
def receipt(request: HttpRequest, key: str, decision: UUID) -> HttpResponse:
    """Show a decision as it was recorded, with its entry in the log and the proof of it."""
    promotion = selectors.seen_by(actor_of(request), key)
    found = promotion.decisions.filter(pk=decision).select_related("person").first()
    if found is None:
        raise NotSeen("not_seen", what="decision")
    return render(request, "governance/promotions/receipt.html", pages.receipt(promotion, found, now_of(request)))


def _move(request: HttpRequest, key: str, form: forms.Form, do: Callable[[dict[str, Any]], str]) -> HttpResponse:
    if form.is_valid():
        try:
            messages.success(request, do(form.cleaned_data))
        except Conflict as moved:
            return _moved(request, key, "", moved)
        except Refused as refusal:
            form.add_error(_field_of(refusal), met(request, refusal))
        else:
            return redirect("promotions.page", key=key)
    return _page(request, key, form, 422)


@require_POST
def withdraw(request: HttpRequest, key: str) -> HttpResponse:
    """End a request before it is applied."""

    def do(said: dict[str, Any]) -> str:
        services.withdraw(actor=actor_of(request), key=key, now=now_of(request), **said)
        return gettext("The request was withdrawn.")

    return _move(request, key, MoveForm(request.POST, auto_id="withdraw_%s"), do)


@require_POST
def resubmit(request: HttpRequest, key: str) -> HttpResponse:
    """Put a request back in review."""

    def do(said: dict[str, Any]) -> str:
        services.resubmit(
            actor=actor_of(request), key=key, revision=said["revision"], purpose=said["reason"], now=now_of(request)
        )
        return gettext("The request is in review again.")

    return _move(request, key, MoveForm(request.POST, auto_id="resubmit_%s"), do)


@require_POST
def retry(request: HttpRequest, key: str) -> HttpResponse:
    """Try again to apply."""

    def do(said: dict[str, Any]) -> str:
        services.retry(actor=actor_of(request), key=key, revision=said["revision"], now=now_of(request))
        return gettext("A worker tries again.")

    return _move(request, key, MoveForm(request.POST, auto_id="retry_%s"), do)


@require_POST
def put_back(request: HttpRequest, key: str) -> HttpResponse:
    """Owe the work of pointing the alias back."""

    def do(_said: dict[str, Any]) -> str:
        services.put_back(actor=actor_of(request), key=key, now=now_of(request))
        return gettext("A worker puts the alias back.")

    return _move(request, key, forms.Form(request.POST), do)


@require_POST
def roll_back(request: HttpRequest, key: str) -> HttpResponse:
    """Sign and owe the way back to the version approved before."""
    actor, now = actor_of(request), now_of(request)

    def do(said: dict[str, Any]) -> str:
        with limited(request, "promotions.password_wrong"):
            _, grant, _until = services.sign(
                actor=actor, key=key, verdict="roll_back", password=said["password"], now=now
            )
        signed = Signed(Ballot("roll_back", said["reason"]), said["revision"], grant)
        made = services.roll_back(actor=actor, key=key, signed=signed, now=now)
        return gettext("%(key)s brings the earlier version back.") % {"key": made.key}

    return _move(request, key, RollBackForm(request.POST, auto_id="rollback_%s"), do)


@require_http_methods(["GET", "POST"])
def promote(request: HttpRequest, model: UUID, version: UUID) -> HttpResponse:
    """Ask for a version to run somewhere: two questions and what will be checked."""
    actor, now = actor_of(request), now_of(request)
    found = catalog.version_seen_by(actor, version)
    if found.asset_id != model:
        raise NotSeen("not_seen", what="version")
    form = PromoteForm(request.POST or None, initial={"environment": request.GET.get("to", "")})
    field = form.fields["environment"]
    assert isinstance(field, forms.ChoiceField)
    places = policies.environments_for(actor)
    field.choices = [(place.name, f"{place.name} ({place.alias})") for place in places]
    if request.method == "POST" and form.is_valid():
        wish = Wish(version, form.cleaned_data["environment"], form.cleaned_data["purpose"])
        try:
            made = services.request(actor=actor, wish=wish, now=now)
        except Refused as refusal:
            form.add_error(None, met(request, refusal))
        else:
            return redirect("promotions.page", key=made.key)
    asked = [(place, [spoken(words) for words in pages.explained(place)]) for place in places]
    context = {"version": found, "form": form, "asked": asked}
    return render(request, "governance/promotions/promote.html", context, status=422 if form.errors else 200)
