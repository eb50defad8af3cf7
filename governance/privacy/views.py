"""Pages of retention, legal holds and erasure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import selectors as log
from audit.actor import Actor, Forbidden
from audit.doors import actor_of, now_of, say
from audit.models import Entry
from audit.refusals import Refused
from audit.retention import rules
from audit.retention import selectors as kept
from audit.retention import services as keeping
from audit.retention.models import Hold, Proposal
from governance.privacy import api, selectors, services
from governance.privacy.services import Erased
from lineage.models import RemovedEvent

GET_POST = require_http_methods(["GET", "HEAD", "POST"])
SHOWN = 50


class WhyForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        max_length=rules.REASON,
        help_text=gettext_lazy("Kept as a personal value beside the log, which can itself be erased."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class EraseForm(WhyForm):
    """Whom or what to erase."""

    subject = forms.CharField(
        label=gettext_lazy("Whom or what?"),
        max_length=255,
        help_text=gettext_lazy("A person's e-mail address or id, or a subject of the log such as promotion:…"),
    )
    field_order = ["subject", "reason"]


class HoldForm(WhyForm):
    """What to hold: one of three."""

    subject = forms.CharField(
        label=gettext_lazy("A subject of the log"), max_length=255, required=False, help_text="promotion:…, model:…"
    )
    person = forms.CharField(
        label=gettext_lazy("Or a person"),
        max_length=255,
        required=False,
        help_text=gettext_lazy("E-mail address or id: everything by and about them."),
    )
    since = forms.DateTimeField(
        label=gettext_lazy("Or everything from"),
        required=False,
        help_text=gettext_lazy("UTC"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    until = forms.DateTimeField(
        label=gettext_lazy("To"),
        required=False,
        help_text=gettext_lazy("UTC. Empty: without end."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    field_order = ["subject", "person", "since", "until", "reason"]


class PolicyForm(WhyForm):
    """How long to keep what."""

    classes = forms.CharField(
        label=gettext_lazy("Months by kind of entry"),
        help_text=gettext_lazy("One a line: the beginning of the action, and how many months to keep its content."),
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false"}),
    )
    rest = forms.IntegerField(
        label=gettext_lazy("Months for everything else"), min_value=rules.FLOOR, max_value=rules.LONGEST
    )
    field_order = ["classes", "rest", "reason"]

    def clean_classes(self) -> dict[str, int]:
        """Every line is a beginning and a number."""
        found: dict[str, int] = {}
        for line in self.cleaned_data["classes"].splitlines():
            words = line.split()
            if words and (len(words) != 2 or not words[1].isascii() or not words[1].isdigit() or len(words[1]) > 4):
                raise forms.ValidationError(
                    _("This line is not a beginning and a number: %(line)s") % {"line": line[:80]}
                )
            if words:
                found[words[0]] = int(words[1])
        return found


class ConfirmForm(forms.Form):
    """One's own password, for what only a second person can do."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@dataclass(frozen=True)
class Row:
    """Something that was asked for or held, with what people read: whom it is about, who did it, and why."""

    row: Any
    about: str
    who: str
    decided: str
    why: str | None


@require_safe
def retention(request: HttpRequest) -> HttpResponse:
    """Show how long the log keeps its content, what is held, what was asked for, and what was removed."""
    actor = actor_of(request)
    kept.require_reader(actor)
    standing, (due, oldest) = kept.policy(), kept.next_pruning(now_of(request))
    asked = list(kept.proposals()[:SHOWN])
    context = {
        "policy": standing,
        "policy_entry": standing.entry_id,
        "for_ever": rules.FOR_EVER,
        "due": due,
        "oldest": oldest,
        "holds": _rows(actor, list(kept.all_holds()[:SHOWN])),
        "waiting": _rows(actor, [each for each in asked if each.state == Proposal.State.WAITING]),
        "decided": _rows(actor, [each for each in asked if each.state != Proposal.State.WAITING]),
        "runs": list(kept.runs()[:10]),
        "keeper": _keeper(actor),
        "event_days": settings.LINEAGE_EVENT_DAYS,
        "run_days": settings.LINEAGE_RUN_DAYS,
        "events_removed": RemovedEvent.objects.count(),
    }
    return render(request, "governance/privacy/retention.html", context)


@GET_POST
def erase(request: HttpRequest) -> HttpResponse:
    """Ask for an erasure."""

    def do(given: dict[str, Any]) -> None:
        services.ask(actor=actor_of(request), now=now_of(request), **given)

    form = EraseForm(request.POST or None, initial={"subject": request.GET.get("subject", "")[:255]})
    said = _("Asked for. Another compliance officer or administrator has to confirm it.")
    return _ask(request, "erase", form, do, said)


@GET_POST
def hold(request: HttpRequest) -> HttpResponse:
    """Set a legal hold."""

    def do(given: dict[str, Any]) -> None:
        actor = actor_of(request)
        moments = {each: given[each] and given[each].replace(tzinfo=UTC) for each in ("since", "until")}
        held = api.held(actor, given | moments)
        keeping.set_hold(actor=actor, held=held, reason=given["reason"], now=now_of(request))

    return _ask(
        request, "hold", HoldForm(request.POST or None), do, _("The hold is set. Nothing it covers is removed.")
    )


@GET_POST
def policy(request: HttpRequest) -> HttpResponse:
    """Ask for another policy."""

    def do(given: dict[str, Any]) -> None:
        keeping.ask_policy(actor=actor_of(request), now=now_of(request), **given)

    standing = kept.policy().document
    lines = "\n".join(f"{each['prefix']} {each['months']}" for each in standing["classes"])
    form = PolicyForm(request.POST or None, initial={"classes": lines, "rest": standing["rest"]})
    return _ask(
        request, "policy", form, do, _("Asked for. Another compliance officer or administrator has to confirm it.")
    )


@GET_POST
def lift(request: HttpRequest, number: int) -> HttpResponse:
    """Ask for a hold to be lifted."""
    kept.require_keeper(actor_of(request))
    held = kept.hold(number)

    def do(given: dict[str, Any]) -> None:
        keeping.ask_lift(actor=actor_of(request), number=held.pk, now=now_of(request), **given)

    said = _("Asked for. Until somebody else confirms it, the hold stands.")
    return _ask(request, "lift", WhyForm(request.POST or None), do, said, {"number": held.pk})


def _ask(
    request: HttpRequest,
    kind: str,
    form: forms.Form,
    do: Callable[[dict[str, Any]], None],
    said: str,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    kept.require_keeper(actor_of(request))
    if form.is_valid():
        try:
            do(form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, say(refusal))
        else:
            messages.success(request, said)
            return HttpResponseRedirect(reverse("privacy.retention"))
    context = {"kind": kind, "form": form} | (more or {})
    return render(request, "governance/privacy/ask.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters("password")
@GET_POST
def asked(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what somebody asked for; the second person confirms it here with their password."""
    actor = actor_of(request)
    kept.require_reader(actor)
    found, form, done = kept.proposal(pk), ConfirmForm(request.POST or None), None
    if form.is_valid():
        try:
            done = api.confirm(request, pk, form.cleaned_data["password"])
        except Refused as refusal:
            form.add_error(None, say(refusal))
        else:
            messages.success(request, _told(done))
            found = kept.proposal(pk)
    mine = actor.principal_id in (found.asked_by, found.asked_for)
    context = {
        "asked": _rows(actor, [found])[0],
        "form": form,
        "mine": mine,
        "keeper": _keeper(actor),
        "document": kept.document_of(found.target) if found.kind == Proposal.Kind.POLICY else None,
        "remains": selectors.remains(done.names) if done else [],
    }
    return render(request, "governance/privacy/asked.html", context, status=422 if form.errors else 200)


@require_POST
def decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say no, or take one's own request back."""
    keeping.decline(actor=actor_of(request), request_id=pk, now=now_of(request))
    messages.success(request, _("Declined. Nothing was changed."))
    return HttpResponseRedirect(reverse("privacy.retention"))


def _told(done: Erased | None) -> str:
    if done is None:
        return _("Confirmed. It is in force from now on.")
    text = ngettext(
        "Erased: %(count)s personal value. Every proof still holds.",
        "Erased: %(count)s personal values. Every proof still holds.",
        done.openings,
    )
    return text % {"count": done.openings}


def _rows(actor: Actor, found: Iterable[Any]) -> list[Row]:
    rows = list(found)
    whose = [each.set_by if isinstance(each, Hold) else each.asked_by for each in rows]
    deciding = [getattr(each, "decided_by", None) for each in rows]
    people = [person.pk for person in map(_person, rows) if person]
    names = log.names([pk for pk in (*whose, *deciding, *people) if pk])
    entries = Entry.objects.in_bulk([each.entry_id for each in rows if each.entry_id])
    shown = []
    for each, by, decided in zip(rows, whose, deciding, strict=True):
        person = _person(each)
        about = names.get(person.pk, "") if person else getattr(each, "subject", "") or getattr(each, "target", "")
        why = _why(actor, entries.get(each.entry_id))
        shown.append(Row(each, about, names.get(by, str(by)[:8]), names.get(decided, "") if decided else "", why))
    return shown


def _person(row: Hold | Proposal) -> Any:
    subject = f"person:{row.actor_id}" if isinstance(row, Hold) else row.target
    return selectors.person_of(subject)


def _why(actor: Actor, entry: Entry | None) -> str | None:
    """The reason, for those who may read personal values; nothing when it was erased or is not for them."""
    if entry is None or not log.may_open(actor, entry):
        return None
    return next((each.value for each in log.openings(entry) if each.field == "reason"), None)


def _keeper(actor: Actor) -> bool:
    try:
        kept.require_keeper(actor)
    except Forbidden:
        return False
    return True
