"""What the pages show of a request: rows, people in words, what changed, and what stands in the way."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from audit.actor import Actor, Forbidden, NotSeen, Refused, require
from audit.doors import say
from audit.models import Leaf
from governance.catalog import selectors as catalog
from governance.catalog.selectors import MODEL_PREFIX
from governance.policies import selectors as policies
from governance.policies.evidence import TITLES, findings_of
from governance.policies.models import Environment
from governance.policies.rules import Rule, Words, explain, explain_rule, understand
from governance.policies.views import spoken
from governance.promotions import diff, rules, selectors
from governance.promotions import words as wording
from governance.promotions.models import Decision, EvidenceItem, Promotion
from governance.promotions.selectors import Standing
from lineage import selectors as lineage
from lineage.naming import model_name

DUE = timedelta(days=3)


def row(promotion: Promotion, found: Standing, now: datetime) -> dict[str, Any]:
    """Return a request as a line of the inbox."""
    given = rules.given(found.case)
    items = selectors.items_of(promotion)
    return {
        "promotion": promotion,
        "given": sum(map(len, given.values())),
        "needed": sum(rule.needed for rule in found.case.rules),
        "failing": [TITLES.get(item.check_name, item.check_name) for item in items if item.failing],
        "pii": next((item.result for item in items if item.check_name == "pii"), ""),
        "due": promotion.submitted_at + DUE,
        "overdue": promotion.state in rules.REVIEWABLE and promotion.submitted_at + DUE < now,
    }


def page(actor: Actor, promotion: Promotion, now: datetime) -> dict[str, Any]:
    """Return everything the decision page shows."""
    found = selectors.standing(promotion, now)
    able, why_not = _able(actor, promotion, found)
    failing = [item for item in selectors.items_of(promotion) if item.failing]
    _current, previous = selectors.way_back(promotion)
    return {
        "promotion": promotion,
        "next": gettext(wording.NEXT[promotion.state]),
        "failure": _failure(promotion),
        "registry": selectors.registry_state(promotion) if promotion.state in rules.APPLICABLE else None,
        "checks": [check(item) for item in selectors.items_of(promotion)],
        "rules": [_rule(found, rule) for rule in found.case.rules],
        "excluded": _excluded(found),
        "unknown": found.unknown,
        "can_decide": able,
        "why_not": why_not,
        "approve_blocked": bool(failing or found.case.unmatched) or promotion.state == "checking",
        "blockers": _blockers(found, failing, promotion),
        "changes": changes(promotion),
        "picture": picture(actor, promotion),
        "timeline": timeline(promotion, found),
        "drifted": selectors.drifted(promotion),
        "previous": previous,
        "may": {action: _may(actor, action, promotion) for action in ("request", "approve")},
        "withdrawable": promotion.state in rules.WITHDRAWABLE,
    }


def _may(actor: Actor, action: str, promotion: Promotion) -> bool:
    try:
        require(actor, action, promotion.asset)
    except Forbidden:
        return False
    return True


def _able(actor: Actor, promotion: Promotion, found: Standing) -> tuple[bool, str]:
    """Return whether the reader can decide, and in words why not while others could."""
    if promotion.state not in rules.REVIEWABLE:
        return False, ""
    try:
        rules.require_can_decide(found.case, selectors.person(actor))
    except Refused as refusal:
        if refusal.code == "promotions.conflicted":
            reasons = found.case.conflicts[actor.principal_id]
            refusal.params["reasons"] = ", ".join(gettext(rules.REASONS[each]) for each in reasons)
        return False, say(refusal)
    return True, ""


def _failure(promotion: Promotion) -> str:
    """Return why a request could not be applied or put back, in words; nothing once that is settled."""
    if not promotion.failure or (promotion.state in rules.PLACED and selectors.drifted(promotion) is None):
        return ""
    return say(Refused(promotion.failure["code"], **promotion.failure.get("params", {})))


def statement(verdict: str, about: Mapping[str, object]) -> str:
    """Return the statement as it is signed, in the reader's language."""
    return " ".join(spoken(words) for words in wording.statement(verdict, about))


def first_sentence(verdict: str, about: Mapping[str, object]) -> str:
    """Return the sentence of the statement that depends on the verdict."""
    return spoken(wording.statement(verdict, about)[0])


def reviewed(promotion: Promotion) -> str:
    """Return the sentence of the statement that is the same for every verdict."""
    return spoken(Words(wording.REVIEWED, {"subject": promotion.subject_digest, "policy": promotion.policy_digest}))


def explained(environment: Environment) -> list[Words]:
    """Return what an environment asks for, as sentences."""
    return explain(understand(policies.current(environment).body))


def check(item: EvidenceItem) -> dict[str, Any]:
    """Return one check with its title, result and finding in words."""
    return {
        "item": item,
        "title": gettext(TITLES.get(item.check_name, item.check_name)),
        "found": spoken(findings_of(item.result, item.check_name, item.detail)),
        "rows": [_scanned(row) for row in item.detail.get("datasets", [])],
        "told_by": selectors.tellers(item),
    }


def _scanned(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one dataset of a check, with why its scan does not count and where it can be scanned again."""
    why = str(row.get("why", ""))
    known = catalog.dataset_named(str(row.get("namespace", "")), str(row["dataset"])) if why else None
    return {**row, "why": say(Refused(why)) if why else "", "asset": known.pk if known else None}


def _names(found: Standing, people: Iterable[UUID]) -> list[str]:
    return sorted(str(found.people[person]) for person in people if person in found.people)


def _rule(found: Standing, rule: Rule) -> dict[str, Any]:
    given = rules.given(found.case)[rule.name]
    return {
        "rule": rule,
        "sentence": spoken(explain_rule(rule)),
        "given": _names(found, given),
        "still": _names(found, rules.still_can(found.case, rule)),
        "missing": rule.needed - len(given),
    }


def _excluded(found: Standing) -> list[tuple[str, str]]:
    return [
        (str(found.people[person]), ", ".join(gettext(rules.REASONS[each]) for each in reasons))
        for person, reasons in found.case.conflicts.items()
        if person in found.people
    ]


def _blockers(found: Standing, failing: list[EvidenceItem], promotion: Promotion) -> list[str]:
    blockers = [
        f"{gettext(TITLES.get(item.check_name, item.check_name))}: "
        f"{spoken(findings_of(item.result, item.check_name, item.detail))}"
        for item in failing
    ]
    if found.case.unmatched and promotion.state in rules.OPEN:
        blockers.append(say(Refused("promotions.unmatched", names=", ".join(found.case.unmatched))))
    if promotion.state in rules.REVIEWABLE:
        for rule in found.case.rules:
            missing = rule.needed - len(rules.given(found.case)[rule.name])
            if missing > len(rules.still_can(found.case, rule)):
                blockers.append(gettext("Too few people are left who can approve under “%s”.") % rule.name)
    return blockers


def picture(actor: Actor, promotion: Promotion) -> str:
    """Return the address of the drawing of what a version was made from; empty when lineage knows nothing of it."""
    asset = promotion.asset
    name = f"{MODEL_PREFIX}{asset.name}"
    try:
        seen = lineage.dataset_seen_by(actor, asset.namespace, model_name(asset.namespace, name))
    except NotSeen:
        return ""
    if lineage.ancestry_of(seen.namespace, seen.name, promotion.version.label) is None:
        return ""
    asked = {"namespace": asset.namespace, "name": name, "type": "model", "version": promotion.version.label}
    return f"{reverse('lineage.file')}?{urlencode({**asked, 'depth': 6, 'max_nodes': 60, 'format': 'svg'})}"


def changes(promotion: Promotion) -> dict[str, Any]:
    """Return what is different from the version that ran when the evidence was last gathered."""
    before, after = promotion.baseline, promotion.version
    body = understand(promotion.policy.body)
    return {
        "baseline": before,
        "metrics": diff.metrics((before.metrics or {}) if before else {}, after.metrics or {}, body.checks),
        "params": diff.mapping(before.params, after.params) if before else [],
        "schema": diff.mapping(diff.columns(before.schema), diff.columns(after.schema)) if before else [],
        "datasets": diff.mapping(diff.datasets(before.inputs), diff.datasets(after.inputs)) if before else [],
        "inputs": sorted(diff.datasets(after.inputs)),
        "commit": diff.Change("", before.code_commit if before else "", after.code_commit),
    }


def timeline(promotion: Promotion, found: Standing) -> list[dict[str, Any]]:
    """Return what happened to a request, newest first."""
    decisions = list(promotion.decisions.all())
    reasons = selectors.reasons_of(decisions)
    events: list[dict[str, Any]] = [
        {
            "at": decision.at,
            "who": str(decision.person),
            "verdict": decision.verdict,
            "reason": reasons.get(decision.entry_id, ""),
            "counts": rules.stands(found.case, selectors.vote(decision)),
            "stale": rules.stale(found.case, selectors.vote(decision)),
            "decision": decision,
        }
        for decision in decisions
    ]
    events.append({"at": promotion.created_at, "who": str(promotion.requester), "text": gettext("asked for it")})
    for at, text in (
        (promotion.applied_at, gettext("the alias was moved and read back")),
        (promotion.ended_at, gettext("it ended")),
    ):
        if at:
            events.append({"at": at, "who": "Attestry", "text": text})
    replaced = promotion.evidence.exclude(replaced_at=None).order_by("replaced_at")
    by_time: dict[datetime, set[str]] = {}
    for item in replaced:
        assert item.replaced_at is not None
        by_time.setdefault(item.replaced_at, set()).add(gettext(TITLES.get(item.check_name, item.check_name)))
    for at, titles in by_time.items():
        text = gettext("evidence changed: %s") % ", ".join(sorted(titles))
        events.append({"at": at, "who": "Attestry", "text": text})
    return sorted(events, key=lambda event: event["at"], reverse=True)


def since(promotion: Promotion, seen_at: str) -> dict[str, Any]:
    """Return what has happened since a page was loaded: evidence then and now, and decisions."""
    try:
        at = parse_datetime(seen_at)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        at = promotion.submitted_at
    now = {item.check_name: item for item in selectors.items_of(promotion) if item.gathered_at > at}
    then: dict[str, EvidenceItem] = {}
    for item in promotion.evidence.filter(replaced_at__gt=at, gathered_at__lte=at).order_by("gathered_at"):
        then[item.check_name] = item
    pairs = [(check(then[name]) if name in then else None, check(item)) for name, item in now.items()]
    decisions = promotion.decisions.filter(at__gt=at).select_related("person").order_by("at")
    return {"pairs": pairs, "decisions": list(decisions), "seen_at": at}


def receipt(promotion: Promotion, decision: Decision, now: datetime) -> dict[str, Any]:
    """Return a decision with its statement, its entry in the log, and where the entry stands."""
    about = {**selectors.statement_of(promotion, decision.person_id), "subject": decision.subject_digest}
    found = selectors.standing(promotion, now)
    leaf = Leaf.objects.filter(entry_id=decision.entry_id).values_list("seq", flat=True).first()
    return {
        "promotion": promotion,
        "decision": decision,
        "statement": statement(decision.verdict, about),
        "reason": selectors.reasons_of([decision]).get(decision.entry_id, ""),
        "seq": leaf,
        "rules": [_rule(found, rule) for rule in found.case.rules],
        "next": gettext(wording.NEXT[promotion.state]),
    }
