"""The auditor's pages."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from audit import api, filters, keys, protections, readable, readings, selectors, services
from audit.actor import Actor, Forbidden, require
from audit.checkpoint import Checkpoint, read, verify
from audit.doors import actor_of, met, now_of, page, say
from audit.export import archive_guess
from audit.merkle import included, leaf_hash
from audit.models import Entry, Leaf
from audit.refusals import Malformed, Refused
from audit.retention import selectors as retention

OUTCOME_WORDS = {"success": _("Done"), "failure": _("Failed"), "denied": _("Denied"), "error": _("Error")}
SHORT = 20
SIDES = ("through", "above")
STATES = {"offered": _("Waits for its number"), "sequenced": _("Numbered"), "published": _("Sealed")}


def _hinted(text: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"placeholder": text})


class FilterForm(forms.Form):
    """The filters of the page; what is wrong with them is said by `filters`."""

    q = forms.CharField(
        label=_("Words"),
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "promotion PR-42 credit*"}),
        help_text=_("Every word must be in the entry. Names and free text are kept outside it and are not searched."),
    )
    actor = forms.CharField(label=_("Actor"), widget=_hinted(_("name, e-mail or id")))
    action = forms.CharField(label=_("Action"), widget=_hinted("promotion."))
    subject = forms.CharField(label=_("Subject"), widget=_hinted("promotion:…"))
    outcome = forms.ChoiceField(label=_("Outcome"), choices=[("", _("Any")), *OUTCOME_WORDS.items()])
    since = forms.CharField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.CharField(label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))
    use_required_attribute = False


@dataclass(frozen=True)
class Subject:
    """A subject as a table shows it: its kind, and as much of its id as the eye needs."""

    id: str

    @property
    def kind(self) -> str:
        return self.id.partition(":")[0].replace("_", " ")

    @property
    def short(self) -> str:
        rest = self.id.partition(":")[2]
        return rest if len(rest) <= SHORT else rest[:8] + "…"


@dataclass(frozen=True)
class Row:
    """An entry as a table shows it."""

    entry: Entry
    seq: int | None
    state: str
    who: str
    subjects: list[Subject]


@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """Show the entries the reader may see, newest first, and what protects them."""
    actor = actor_of(request)
    wanted, found, cursor, problem = filters.Wanted(), list[Entry](), None, ""
    try:
        wanted = filters.asked(request.GET)
        found, cursor = page(request, filters.apply(_seen(actor), wanted), order=("-id",))
        services.note_read(actor=actor, read=readings.of_page(wanted, found), now=now_of(request))
    except Malformed as refusal:
        problem = met(request, refusal)
    health = selectors.health(now_of(request))
    protecting = protections.now_in_force(now_of(request))
    context = {
        "rows": _rows(found),
        "next_cursor": cursor,
        "form": FilterForm(asdict(wanted)),
        "filtered": any(asdict(wanted).values()),
        "problem": problem,
        "health": health,
        "hindrance": say(health.hindrance) if health.hindrance else "",
        "protections": protecting,
        "in_force": sum(each.active for each in protecting),
        "may_export": _may(actor, "export"),
        "export_bytes": archive_guess(health.published),
    }
    return render(request, "audit/entries.html", context)


@require_safe
def entry(request: HttpRequest, seq: int) -> HttpResponse:
    """Show one entry, its bytes and its place; with `?verify=1` its proof is checked here and now."""
    actor = actor_of(request)
    leaf = selectors.leaf_seen_by(actor, seq)
    checks = checked(leaf) if request.GET.get("verify") else None
    shown = _shown(request, leaf.entry)
    return render(request, "audit/entry.html", shown | {"leaf": leaf, "checks": checks})


@require_safe
def by_id(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an entry by the id it was offered under: its page once it has a number, until then what was offered."""
    actor = actor_of(request)
    found = selectors.entry_seen_by(actor, pk)
    if hasattr(found, "leaf"):
        return HttpResponseRedirect(reverse("audit.entry", args=[found.leaf.seq]))
    return render(request, "audit/entry.html", _shown(request, found))


ATTACK_WORDS = {
    "edit": _("An entry is edited"),
    "cut": _("The newest entries are cut off"),
    "rewrite": _("The whole log is rewritten and signed again"),
    "backdate": _("An entry is given a false time"),
    "split": _("Two readers are shown different logs"),
    "repeat": _("An entry is recorded twice"),
    "key_theft": _("The signing key is stolen and used to forge the past"),
    "lift_guards": _("The triggers are taken away first"),
    "old_backup": _("An older backup is put back and continued"),
}
PROTECTION_WORDS = {
    "guards": _("Database triggers"),
    "roles": _("Separate database roles"),
    "event_triggers": _("Event triggers"),
    "authorizer": _("Authorizer in the portal's process"),
    "signed": _("Signed checkpoints"),
    "memory": _("Memory outside the database"),
    "key_file": _("Private key file"),
    "key_elsewhere": _("Key on another machine"),
    "witnesses": _("Witnesses"),
    "timestamps": _("Outside timestamps"),
    "exports": _("Exports held elsewhere"),
    "verified": _("Verified by a worker"),
    "prompt": _("Nothing waits too long"),
}


@require_safe
def strength(request: HttpRequest) -> HttpResponse:
    """Show which protections are in force, and what becomes of each attack under them."""
    actor = actor_of(request)
    _seen(actor)
    told = protections.strength_told(now_of(request))
    rows = [
        {"letter": each["letter"], "words": ATTACK_WORDS[each["name"]]}
        | {side: each[side] | {"words": [PROTECTION_WORDS[code] for code in each[side]["by"]]} for side in SIDES}
        for each in told["attacks"]
    ]
    context = told | {
        "attacks": rows,
        "last": selectors.last_verification(),
        "health": selectors.health(now_of(request)),
    }
    return render(request, "audit/strength.html", context)


@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Download the whole log; recorded before the first byte."""
    return api.archive(actor_of(request), request)


@dataclass(frozen=True)
class Check:
    """One step of verifying an entry, in words, and whether it held."""

    words: Any
    holds: bool


def checked(leaf: Leaf) -> list[Check]:
    """Verify one entry the way an auditor would, step by step, out of what is stored now."""
    body, stored = bytes(leaf.body), bytes(leaf.hash)
    steps = [Check(_("The bytes below have the hash that is in the tree"), leaf_hash(body) == stored)]
    if not body:
        named = leaf.seq in retention.removals([leaf.seq])
        steps = [Check(_("Its content is gone, and a later entry of the log says that it was removed"), named)]
    try:
        found = selectors.proof_of(leaf.seq)
        signed = verify(found.checkpoint, keys.verifier())
        leads_from = leaf_hash(body) if body else stored
        led = included(leads_from, found.seq, signed.size, found.hashes, signed.root)
        steps.append(Check(_("The proof leads from there to the root that the log's key signed"), led))
    except (Refused, KeyError):
        steps.append(Check(_("The entry is under a signed checkpoint"), holds=False))
    goes_on = selectors.hindrance() is None
    steps.append(Check(_("The log continues what was signed last, as remembered outside the database"), goes_on))
    return steps


def _seen(actor: Actor) -> Any:
    """The entries of this reader; those who may audit nothing are told so rather than shown an empty log."""
    selectors.require_auditing(actor)
    return selectors.entries_for(actor)


def _rows(found: list[Entry]) -> list[Row]:
    names, published = selectors.names(each.actor_id for each in found), selectors.published()
    rows = []
    for each in found:
        said = api.told(each, published)
        who = names.get(each.actor_id) or str(each.actor_id)[:8]
        rows.append(Row(each, said["seq"], said["state"], who, [Subject(one) for one in said["subjects"]]))
    return rows


def _shown(request: HttpRequest, found: Entry) -> dict[str, Any]:
    actor = actor_of(request)
    said = api.told(found, selectors.published())
    changes, facts = readable.read(said["about"])
    principals = [UUID(said["actor"][each]) for each in ("id", "on_behalf_of") if said["actor"][each]]
    names = {str(pk): name for pk, name in selectors.names(principals).items()}
    opened = {each["field"]: each["value"] for each in api.opened(request, found)}
    return {
        "entry": found,
        "said": said,
        "state": STATES[said["state"]],
        "outcome": OUTCOME_WORDS[found.outcome],
        "who": names.get(said["actor"]["id"]),
        "behalf": names.get(said["actor"]["on_behalf_of"]) or said["actor"]["on_behalf_of"],
        "subjects": [(each, readable.page_of(each, said["subjects"], said["about"])) for each in said["subjects"]],
        "changes": changes,
        "facts": facts,
        "private": [(field, opened.get(field), value) for field, value in said["private"].items()],
        "may_open": selectors.may_open(actor, found),
        "checkpoint": _checkpoint(),
        "vkey": str(keys.verifier()),
    }


def _checkpoint() -> Checkpoint | None:
    try:
        return read(selectors.latest().note)
    except Refused:
        return None


def _may(actor: Actor, action: str) -> bool:
    try:
        require(actor, action, None)
    except Forbidden:
        return False
    return True
