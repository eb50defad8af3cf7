"""The promotion machine: which states follow which, who may decide, what counts, and when it is enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from audit.refusals import Conflict, Forbidden, Invalid
from governance.policies.rules import Rule, gettext_noop
from governance.promotions.quorum import assign, satisfied
from governance.promotions.subject import Subject

VERDICTS = ("approve", "request_changes", "reject")
SIGNED = (*VERDICTS, "roll_back")
GRANT_LIVES = timedelta(seconds=120)
LONGEST_TEXT = 4_000
_ = gettext_noop
REASONS = {
    "requested": _("asked for it"),
    "edited": _("edited its evidence"),
    "made": _("had a hand in its training or code"),
    "identified": _("said whose a contributor's name is"),
    "waived": _("waived or disputed a finding of personal data that it relies on"),
}
"""Why somebody is conflicted, in words."""
NOBODY: Mapping[str, tuple[UUID, UUID]] = {}

FOLLOWS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"checking", "in_review", "withdrawn"}),
    "checking": frozenset({"in_review", "changes_requested", "rejected", "withdrawn", "expired"}),
    "in_review": frozenset({"checking", "approved", "changes_requested", "rejected", "withdrawn", "expired"}),
    "changes_requested": frozenset({"checking", "in_review", "withdrawn", "expired"}),
    "approved": frozenset({"waiting", "applying", "apply_failed", "checking", "in_review", "withdrawn", "expired"}),
    "waiting": frozenset({"applying", "in_review", "withdrawn", "expired"}),
    "applying": frozenset({"applied", "apply_failed", "in_review"}),
    "apply_failed": frozenset({"applying", "checking", "in_review", "withdrawn", "expired"}),
    "applied": frozenset({"superseded", "rolled_back", "revoked", "review_due", "compromised"}),
    "review_due": frozenset({"applied", "superseded", "rolled_back", "revoked", "compromised"}),
    "compromised": frozenset({"superseded", "rolled_back", "revoked"}),
    "emergency_applied": frozenset({"ratified", "reverted"}),
    "ratified": frozenset({"superseded", "rolled_back", "revoked"}),
    "rejected": frozenset(),
    "withdrawn": frozenset(),
    "expired": frozenset(),
    "superseded": frozenset(),
    "rolled_back": frozenset(),
    "revoked": frozenset(),
    "reverted": frozenset(),
}
OPEN = ("draft", "checking", "in_review", "changes_requested", "approved", "waiting", "applying", "apply_failed")
REVIEWABLE = ("checking", "in_review")
DECIDED = ("approved", "waiting", "applying", "apply_failed")
WATCHED = (*REVIEWABLE, "changes_requested", "approved", "apply_failed")
WITHDRAWABLE = tuple(state for state, after in FOLLOWS.items() if "withdrawn" in after)
APPLICABLE = ("approved", "applying", "apply_failed")
LIVE = ("applied", "review_due", "ratified")
PLACED = (*LIVE, "compromised")
"""What decided where the alias stands now, whether or not it still should."""
CAN_BE_COMPROMISED = tuple(state for state, after in FOLLOWS.items() if "compromised" in after)
MOVERS = ("applying", *PLACED)
APPLIED_ONCE = (*PLACED, "superseded", "rolled_back")


@dataclass(frozen=True)
class Vote:
    """One decision as the machine sees it; `reviewed` holds the sub-digest per rule it was given under."""

    person: UUID
    verdict: str
    submission: int
    reviewed: Mapping[str, str]
    at: datetime


@dataclass(frozen=True)
class Ballot:
    """What somebody decides, and why."""

    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class Case:
    """A request with everything its decisions depend on, as of one moment."""

    state: str
    submission: int
    requesters: frozenset[UUID]
    rules: tuple[Rule, ...]
    subject: Subject
    votes: tuple[Vote, ...]
    holders: Mapping[str, frozenset[UUID]]
    conflicts: Mapping[UUID, tuple[str, ...]]
    failing: tuple[str, ...]
    rejection: str
    decision_days: int
    now: datetime
    unmatched: tuple[str, ...] = ()


def move(state: str, to: str) -> str:
    """Return `to` when it may follow `state`; refused otherwise, because then somebody else was first."""
    if to not in FOLLOWS.get(state, frozenset()):
        raise Conflict("promotions.wrong_state", state=state, wanted=to)
    return to


@dataclass(frozen=True)
class Involved:
    """Who had a hand in a request, by how, and the contributors whom nobody here could be matched to."""

    requesters: tuple[UUID, ...] = ()
    editors: tuple[UUID, ...] = ()
    contributors: tuple[UUID, ...] = ()
    vouchers: tuple[UUID, ...] = ()
    judges: tuple[UUID, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def everybody(self) -> frozenset[UUID]:
        """All of them."""
        return frozenset((*self.requesters, *self.editors, *self.contributors, *self.vouchers, *self.judges))


def conflicts(hands: Involved, delegates: Mapping[UUID, UUID]) -> dict[UUID, tuple[str, ...]]:
    """Return who is conflicted and why.

    `delegates` maps a service account to the person who answers for it, who is then as conflicted as it is.
    """
    found: dict[UUID, list[str]] = {}
    ways = (hands.requesters, hands.editors, hands.contributors, hands.vouchers, hands.judges)
    for reason, people in zip(REASONS, ways, strict=True):
        for person in people:
            for each in {person, delegates.get(person, person)}:
                found.setdefault(each, [])
                found[each] += [reason] if reason not in found[each] else []
    return {person: tuple(reasons) for person, reasons in found.items()}


@dataclass(frozen=True)
class Matched:
    """Whom names mean, who said so where nothing else does, and the names that nobody here has."""

    people: tuple[UUID, ...] = ()
    vouchers: tuple[UUID, ...] = ()
    unknown: tuple[str, ...] = ()


def matches(
    names: Sequence[str], people: Mapping[UUID, Sequence[str]], said: Mapping[str, tuple[UUID, UUID]] = NOBODY
) -> Matched:
    """Return the people that registry users and commit authors name.

    A name means a person when it equals their e-mail, its part before the @, or their name, in any case; a commit
    author like `Ada <ada@example.org>` means whoever has that e-mail. It also means whom it was `said` to be, which
    adds to the others and never replaces them.
    """
    found: set[UUID] = set()
    vouchers: set[UUID] = set()
    unknown: list[str] = []
    for name in names:
        keys = _identities(name)
        hits = {person for person, known in people.items() if keys & set().union(*map(_identities, known))}
        person, by = said.get(name, (None, None))
        found |= hits | ({person} if person else set())
        vouchers |= {by} if by and person not in hits else set()
        unknown += [] if hits or person or not keys else [name]
    return Matched(tuple(sorted(found, key=str)), tuple(sorted(vouchers, key=str)), tuple(unknown))


def _identities(name: str) -> set[str]:
    text = name.strip().casefold()
    parts = {text}
    if text.endswith(">") and "<" in text:
        before, _, address = text[:-1].rpartition("<")
        parts = {before.strip(), address.strip()}
    return {part for each in parts for part in (each, each.partition("@")[0])} - {""}


def eligible(case: Case, rule: Rule) -> frozenset[UUID]:
    """Return who can decide under `rule` now: active people who hold its role and are not conflicted."""
    return case.holders.get(rule.name, frozenset()) - case.conflicts.keys()


def counts(case: Case, rule: Rule, vote: Vote) -> bool:
    """Whether an approval still counts under `rule`: the person, the time and what they reviewed all hold."""
    return (
        vote.verdict == "approve"
        and vote.person in eligible(case, rule)
        and case.now < vote.at + timedelta(days=case.decision_days)
        and vote.reviewed.get(rule.name) == case.subject.reviewed(rule.reviews)
    )


def stale(case: Case, vote: Vote) -> bool:
    """Whether an approval no longer counts anywhere because something it reviewed has changed."""
    return vote.verdict == "approve" and not any(
        vote.reviewed.get(rule.name) == case.subject.reviewed(rule.reviews) for rule in case.rules
    )


def approvers(case: Case) -> dict[str, frozenset[UUID]]:
    """Return, by rule, whose approval counts now: a person's last word only, so that no yes outlives a later no."""
    last = {vote.person: vote for vote in case.votes}.values()
    return {rule.name: frozenset(vote.person for vote in last if counts(case, rule, vote)) for rule in case.rules}


def counted(case: Case) -> list[str]:
    """Return the ids of everybody whose approval counts now under any rule, in their own order."""
    return sorted({str(person) for people in approvers(case).values() for person in people})


def given(case: Case) -> dict[str, set[UUID]]:
    """Return, by rule, the distinct people whose approvals fill its slots."""
    return assign(case.rules, approvers(case))


def enough(case: Case) -> bool:
    """Whether the approvals that count now fill every slot with a different person and nothing stands in the way."""
    return not case.failing and not case.unmatched and satisfied(case.rules, approvers(case))


def require_possible(case: Case) -> None:
    """Refuse a request that nobody could ever approve, naming the rule that lacks people."""
    able = {rule.name: eligible(case, rule) for rule in case.rules}
    filled = assign(case.rules, able)
    for rule in case.rules:
        if len(filled[rule.name]) < rule.needed:
            raise Invalid(
                "promotions.nobody_can_approve",
                rule=rule.name,
                role=rule.role,
                needed=rule.needed,
                eligible=len(able[rule.name]),
                excluded=len(case.holders.get(rule.name, frozenset()) & case.conflicts.keys()),
            )
    if not case.rules:
        raise Invalid("promotions.nobody_can_approve", rule="", role="", needed=0, eligible=0, excluded=0)


def rules_for(case: Case, person: UUID) -> tuple[Rule, ...]:
    """Return the rules `person` may decide under now."""
    return tuple(rule for rule in case.rules if person in eligible(case, rule))


def require_can_decide(case: Case, person: UUID) -> tuple[Rule, ...]:
    """Return the rules `person` decides under; refused when closed, conflicted, without the role, or already decided.

    Being an administrator changes nothing here.
    """
    if case.state not in REVIEWABLE:
        raise Conflict("promotions.not_in_review", state=case.state)
    able = len(set().union(*(eligible(case, rule) for rule in case.rules)))
    if person in case.requesters:
        raise Invalid("promotions.own_request", eligible=able)
    if person in case.conflicts:
        reasons = ", ".join(REASONS[each] for each in case.conflicts[person])
        raise Invalid("promotions.conflicted", reasons=reasons, eligible=able)
    rules = rules_for(case, person)
    if not rules:
        raise Forbidden("promotions.not_eligible", role=", ".join(sorted({rule.role for rule in case.rules})))
    if any(vote.person == person and stands(case, vote) for vote in case.votes):
        raise Invalid("promotions.already_decided")
    return rules


def stands(case: Case, vote: Vote) -> bool:
    """Whether a decision holds now: an approval while it counts, a no for as long as the submission it answered."""
    if vote.verdict == "approve":
        last = next(each for each in reversed(case.votes) if each.person == vote.person)
        return vote == last and any(counts(case, rule, vote) for rule in case.rules)
    return vote.submission == case.submission


def still_can(case: Case, rule: Rule) -> frozenset[UUID]:
    """Return who can still approve under `rule`: eligible, and without an approval that counts anywhere."""
    return eligible(case, rule) - frozenset().union(*approvers(case).values())


def require_acceptable(case: Case, ballot: Ballot) -> None:
    """Refuse a ballot that says nothing: unknown verdict, no without a reason, yes over failing checks."""
    if ballot.verdict not in VERDICTS:
        raise Invalid("promotions.unknown_verdict")
    if ballot.verdict != "approve" or ballot.reason.strip():
        require_reason(ballot.reason)
    if ballot.verdict == "approve" and case.state == "checking":
        raise Conflict("promotions.still_checking")
    if ballot.verdict == "approve" and case.failing:
        raise Invalid("promotions.checks_failing", checks=", ".join(case.failing), count=len(case.failing))
    if ballot.verdict == "approve" and case.unmatched:
        raise Invalid("promotions.unmatched", names=", ".join(case.unmatched)[:500])


def require_reason(reason: str) -> None:
    """Refuse an empty or endless reason where one is owed."""
    if not reason.strip():
        raise Invalid("promotions.reason_needed")
    require_short(reason)


def require_short(text: str) -> None:
    """Refuse endless text."""
    if len(text) > LONGEST_TEXT:
        raise Invalid("promotions.too_long", most=LONGEST_TEXT)


def decide(case: Case, person: UUID, ballot: Ballot) -> Case:
    """Return the case after `person` decides; refused exactly as the two functions above say."""
    rules = require_can_decide(case, person)
    require_acceptable(case, ballot)
    reviewed = {rule.name: case.subject.reviewed(rule.reviews) for rule in rules}
    vote = Vote(person, ballot.verdict, case.submission, reviewed, case.now)
    after = replace(case, votes=(*case.votes, vote))
    to = {"request_changes": "changes_requested", "reject": case.rejection}.get(ballot.verdict)
    if to is None:
        to = "approved" if enough(after) else case.state
    return replace(after, state=case.state if to == case.state else move(case.state, to))


@dataclass(frozen=True)
class Places:
    """What the registry says at the moment of applying, beside what was approved and noted.

    `baseline` is the label of the version the catalog knows where the alias points; empty for none.
    """

    approved_digest: str
    found_digest: str
    candidate: str
    baseline: str
    before: str | None
    alias: str


@dataclass(frozen=True)
class Verdict:
    """The state an approved request goes to, and why when it does not go on."""

    state: str
    code: str = ""


def verify(case: Case, subject: Subject, places: Places) -> Verdict:
    """Return whether an approved request may be applied now.

    The files must be those that were approved, the alias must point at the files it pointed at when people decided
    (or, when this is a repetition, where it was noted or already at the candidate), and the decisions must still
    count. An alias that was moved already is finished; one that was not is checked like the first time, however long
    ago that was. An alias at a version nobody has catalogued cannot be compared, so it waits for a person.
    """
    if places.found_digest != places.approved_digest:
        return Verdict("apply_failed", "promotions.files_changed")
    if case.state == "applying" and places.alias == places.candidate:
        return Verdict("applying")
    if places.alias != places.baseline:
        return Verdict("apply_failed", "promotions.alias_unknown")
    changed = subject.changed_since(case.subject)
    if "baseline_digest" in changed or (case.state == "applying" and places.alias != places.before):
        return Verdict("in_review", "promotions.alias_moved")
    if changed or not enough(case):
        return Verdict("in_review", "promotions.no_longer_approved")
    return Verdict("applying")


def not_to_put_back(state: str, version: str, approved: str, found: str) -> str:
    """Return why a request's version must not be put back where it was applied (a refusal's code), or nothing."""
    if state == "compromised" or version == "compromised":
        return "promotions.compromised"
    if state not in LIVE:
        return "promotions.not_live_now"
    return "" if found == approved else "promotions.files_changed"


def settle(case: Case, *, ready: bool, until: datetime) -> str:
    """Return the state a request belongs in once its evidence has been gathered again.

    `ready` says whether the digest of the files is known; past `until` an open request expires. An approval whose
    quorum no longer holds goes back to review, and a review that became complete is approved.
    """
    if case.state not in WATCHED:
        return case.state
    if case.now >= until:
        return move(case.state, "expired")
    if case.state == "changes_requested":
        return case.state
    if not ready:
        wanted = "checking"
    elif not enough(case):
        wanted = "in_review"
    elif case.state == "apply_failed":
        wanted = "apply_failed"
    else:
        wanted = "approved" if case.state != "checking" else "in_review"
    return wanted if wanted == case.state else move(case.state, wanted)
