"""Reads of requests: as somebody, or as a case for the rules."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from audit.actor import Actor, Forbidden, NotSeen, Refused, visible
from audit.models import Opening
from governance.access.models import Grant, ScopeClosure, User
from governance.access.selectors import live_grants
from governance.catalog.models import Version
from governance.catalog.rules import VersionState
from governance.policies.rules import Rule, understand
from governance.promotions import rules, ways_back
from governance.promotions.involved import delegates, everyone, involved
from governance.promotions.models import Decision, EvidenceItem, Promotion
from governance.promotions.rules import Case, Vote
from governance.promotions.subject import Subject
from governance.registries import selectors as registries
from governance.registries.models import AliasExpected, Registry
from jobs import selectors as clock
from jobs.moment import Moment

KEY = re.compile(r"PR-([1-9][0-9]{0,17})", re.ASCII)
ROWS = ("asset", "version", "version__asset", "environment", "policy", "baseline", "requester")
TABS = ("mine", "others", "asked", "decided")
LONGEST_INBOX = 200
MOST_COUNTED = 20


def rows() -> QuerySet[Promotion]:
    """Return every request with what its pages and cases need, read in few queries."""
    return Promotion.objects.select_related(*ROWS).prefetch_related(
        Prefetch("decisions", Decision.objects.select_related("person").order_by("at")),
        Prefetch("evidence", EvidenceItem.objects.filter(replaced_at=None).order_by("position"), to_attr="items"),
    )


def visible_to(actor: Actor) -> QuerySet[Promotion]:
    """Return the requests whose model `actor` may browse."""
    return rows().filter(visible(actor).q("asset__scope_id", "asset_id"))


def seen_by(actor: Actor, key: str) -> Promotion:
    """Return the request of that key; refused when there is none or it is not theirs to see."""
    number = KEY.fullmatch(key)
    found = visible_to(actor).filter(number=int(number[1])).first() if number else None
    if found is None:
        raise NotSeen("not_seen", what="promotion")
    return found


def matching(actor: Actor, asked: Mapping[str, str]) -> QuerySet[Promotion]:
    """Return the requests `actor` may see with the state, environment, model or kind that `asked` names."""
    found = visible_to(actor)
    fields = {"state": "state", "environment": "environment__name", "model": "asset__name", "kind": "kind"}
    return found.filter(**{field: asked[name] for name, field in fields.items() if asked.get(name)})


def statement_of(promotion: Promotion, person_id: UUID) -> dict[str, object]:
    """Return what fills the places of the statement that this person would sign."""
    user = User.objects.filter(pk=person_id).first()
    return {
        "name": str(user or ""),
        "model": promotion.asset.name,
        "version": promotion.version.label,
        "environment": promotion.environment.name,
        "alias": promotion.alias,
        "subject": promotion.subject_digest,
        "policy": promotion.policy_digest,
        "past": promotion.state == "superseded",
    }


def by_id(pk: UUID) -> Promotion:
    """Return the request of that id for an errand; refused when there is none."""
    found = rows().filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="promotion")
    return found


def known_id(text: str) -> UUID | None:
    """Return the id of the request that `text` is, or `None` when it is something else's."""
    try:
        pk = UUID(text)
    except ValueError:
        return None
    return pk if Promotion.objects.filter(pk=pk).exists() else None


def watched_ids() -> list[UUID]:
    """Return the requests whose evidence and time are watched, and live ones whose files were changed; oldest first."""
    changed = Q(state__in=rules.CAN_BE_COMPROMISED, version__state=VersionState.COMPROMISED)
    watched = Promotion.objects.filter(Q(state__in=rules.WATCHED) | changed)
    return list(watched.order_by("created_at").values_list("pk", flat=True))


def approved_models() -> dict[UUID, list[str]]:
    """Return the models that may run somewhere by a decision, or are about to, each with the requests that say so."""
    approved = Promotion.objects.filter(state__in=(*rules.DECIDED, *rules.PLACED, "emergency_applied"))
    found: dict[UUID, list[str]] = {}
    for pk, number in approved.values_list("asset_id", "number").order_by("number"):
        found.setdefault(pk, []).append(f"PR-{number}")
    return found


def put_back_ids() -> list[UUID]:
    """Return the live requests whose alias is being put back, so that a worker that died leaves none half done."""
    return list(Promotion.objects.filter(state__in=rules.PLACED, moving=True).values_list("pk", flat=True))


def unapplied_ids(since: datetime) -> list[UUID]:
    """Return the approved requests that were decided before `since` and are not applied, oldest first."""
    owed = Promotion.objects.filter(state__in=("approved", "applying"), decided_at__lt=since)
    return list(owed.order_by("decided_at").values_list("pk", flat=True))


def person(actor: Actor) -> UUID:
    """Return who decides: refused for machines, for the system, and on behalf of anyone else."""
    if actor.kind != "person" or actor.via not in ("session", "token") or actor.on_behalf_of is not None:
        raise Forbidden("promotions.not_a_person")
    return actor.principal_id


def holders(role: str, scope_id: UUID) -> list[User]:
    """Return the active people who hold `role` over that scope by the database's now, by name; never an account."""
    above = ScopeClosure.objects.filter(descendant_id=scope_id).values("ancestor_id")
    grants = Grant.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=Moment()),
        role=role,
        scope__in=above,
        object_id=None,
        revoked_at=None,
        not_before__lte=Moment(),
    ).values("principal_id")
    people = User.objects.filter(Q(pk__in=grants) | Q(groups_in__in=grants), is_active=True, kind=User.Kind.PERSON)
    return list(people.order_by("name", "pk").distinct())


@dataclass(frozen=True)
class Standing:
    """A case together with the people it speaks of and the contributors nobody here could be matched to."""

    case: Case
    people: dict[UUID, User]
    unknown: tuple[str, ...]


def rules_of(promotion: Promotion) -> tuple[Rule, ...]:
    """Return the approval rules of a request: its policy's, and for a roll-back one person of the first role."""
    known = understand(promotion.policy.body).rules
    if promotion.kind == Promotion.Kind.ROLLBACK:
        return (Rule("roll back", known[0].role, 1, ("artifact",)),)
    return known


class Circle:
    """Who holds what and who is who, looked up once for many requests read together."""

    def __init__(self) -> None:
        """Begin knowing nobody."""
        self.holders = cache(holders)
        self.everyone = cache(everyone)


def standing(promotion: Promotion, now: datetime, circle: Circle | None = None) -> Standing:
    """Return where a request stands: its case as of `now`, from the rows as they are in the database.

    A closed request stands as it did when it was decided.
    """
    known = circle or Circle()
    asked = rules_of(promotion)
    held = {rule.name: known.holders(rule.role, promotion.scope_id) for rule in asked}
    hands = involved(promotion, items_of(promotion), known.everyone, now)
    conflicted = rules.conflicts(hands, delegates(hands))
    if promotion.state not in rules.OPEN:
        held, conflicted = _as_decided(promotion, held, conflicted)
        now = promotion.decided_at or promotion.ended_at or now
    people = {user.pk: user for users in held.values() for user in users}
    body = understand(promotion.policy.body)
    case = Case(
        state=promotion.state,
        submission=promotion.submission,
        requesters=frozenset(hands.requesters),
        rules=asked,
        subject=Subject(**promotion.subject),
        votes=tuple(vote(each) for each in promotion.decisions.all()),
        holders={name: frozenset(user.pk for user in users) for name, users in held.items()},
        conflicts=conflicted,
        failing=tuple(item.check_name for item in items_of(promotion) if item.failing),
        rejection=body.rejection,
        decision_days=body.validity.decision_days,
        now=now,
        unmatched=hands.unknown if body.unmatched == "block" and promotion.kind != Promotion.Kind.ROLLBACK else (),
    )
    return Standing(case, people, hands.unknown)


def _as_decided(
    promotion: Promotion, held: dict[str, list[User]], conflicted: dict[UUID, tuple[str, ...]]
) -> tuple[dict[str, list[User]], dict[UUID, tuple[str, ...]]]:
    """Return who could decide with those who did: a closed request keeps the decisions it was closed with."""
    voted = {each.person_id: each for each in promotion.decisions.all()}
    found = {
        name: [*users, *(each.person for each in voted.values() if name in each.reviewed and each.person not in users)]
        for name, users in held.items()
    }
    return found, {person: why for person, why in conflicted.items() if person not in voted}


def items_of(promotion: Promotion) -> list[EvidenceItem]:
    """Return the evidence in force, in the policy's order."""
    known: list[EvidenceItem] | None = getattr(promotion, "items", None)
    return known if known is not None else list(promotion.evidence.filter(replaced_at=None).order_by("position"))


@dataclass(frozen=True)
class Teller:
    """Who told what a model was made from; `own` when the requester answers for them, or is them."""

    id: str
    name: str
    own: bool


def tellers(item: EvidenceItem) -> list[Teller]:
    """Return who told lineage what stands in a piece of evidence, and whether that is whoever asked for the request."""
    asked = {item.promotion.requester_id, *map(UUID, item.promotion.submitters)}
    found = User.objects.filter(pk__in=item.detail.get("told_by", []))
    return [Teller(str(one.pk), one.name, bool({one.pk, one.owner_id} & asked)) for one in found.order_by("name", "pk")]


def vote(decision: Decision) -> Vote:
    """Return a decision as the rules see it."""
    return Vote(decision.person_id, decision.verdict, decision.submission, decision.reviewed, decision.at)


def reasons_of(decisions: Sequence[Decision]) -> dict[int, str]:
    """Return the reasons given with decisions, by the log's entry; those erased are absent."""
    entries = [decision.entry_id for decision in decisions]
    return dict(Opening.objects.filter(entry_id__in=entries, field="reason").values_list("entry_id", "value"))


def _applications(asset_id: UUID, environment_id: UUID) -> list[ways_back.Application]:
    """Return every application of a request to that environment in the order they were made."""
    there = Promotion.objects.filter(asset_id=asset_id, environment_id=environment_id, applied_at__isnull=False)
    known = {each.pk: each for each in there.select_related("version")}
    order = AliasExpected.objects.filter(promotion_id__in=known).order_by("pk")
    return [_application(known[pk]) for pk in order.values_list("promotion_id", flat=True) if pk is not None]


def _application(promotion: Promotion) -> ways_back.Application:
    version = promotion.version
    return ways_back.Application(
        promotion.pk,
        version.pk,
        promotion.state,
        promotion.kind == Promotion.Kind.ROLLBACK,
        version.state != VersionState.COMPROMISED and version.gone_at is None,
    )


def way_back(asked: Promotion) -> tuple[Promotion | None, Promotion | None]:
    """Return the live request and the one to go back to: the one before it, or `asked` when that was superseded.

    Both are `None` when there is no way back: never to what was rolled back from, changed, or lost by the registry.
    """
    if asked.state not in (*rules.PLACED, "superseded"):
        return None, None
    current = asked if asked.state in rules.PLACED else live(asked.asset_id, asked.environment_id)
    if current is None:
        return None, None
    done = _applications(asked.asset_id, asked.environment_id)
    if asked is current:
        target = ways_back.previous(done)
        return (current, by_id(target)) if target else (None, None)
    possible = asked.version_id != current.version_id and ways_back.may_return(done, asked.pk)
    return (current, asked) if possible else (None, None)


def live(asset_id: UUID, environment_id: UUID) -> Promotion | None:
    """Return the request that put a version where it runs now, if any did."""
    found = rows().filter(asset_id=asset_id, environment_id=environment_id, state__in=rules.PLACED)
    return found.order_by("-applied_at").first()


def drifted(promotion: Promotion) -> str | None:
    """Return which version the alias points at instead (empty for none), or `None` while it is where it should be."""
    if promotion.state not in rules.LIVE:
        return None
    seen = registries.alias_label(promotion.asset, promotion.alias)
    return None if seen == promotion.version.label else seen


def compromised_for(actor: Actor) -> list[Promotion]:
    """Return what runs with files nobody approved, of models `actor` may see, oldest first."""
    return list(visible_to(actor).filter(state="compromised").order_by("applied_at"))


def can_decide(actor: Actor, found: Standing) -> bool:
    """Whether `actor` could decide on the case now."""
    try:
        rules.require_can_decide(found.case, person(actor))
    except Refused:
        return False
    return True


def registry_state(promotion: Promotion) -> Registry | None:
    """Return the registry that a request is to be applied in, with whether it answers."""
    return registries.registry_of(promotion.version)


def inbox(actor: Actor, tab: str, now: datetime, asked: Mapping[str, str]) -> list[tuple[Promotion, Standing]]:
    """Return one tab of the inbox: overdue first, then oldest first; decided ones newest first; at most 200.

    `asked` narrows it as `matching` says.
    """
    found, circle = matching(actor, asked), Circle()
    if tab == "decided":
        closed = found.exclude(state__in=rules.OPEN).order_by("-created_at")[:LONGEST_INBOX]
        return [(row, standing(row, now, circle)) for row in closed]
    waiting = found.filter(state__in=rules.OPEN).order_by("expires_at")
    if tab == "asked":
        waiting = waiting.filter(requester_id=actor.principal_id)
    pairs = [(row, standing(row, now, circle)) for row in waiting[:LONGEST_INBOX]]
    if tab == "mine":
        return [pair for pair in pairs if can_decide(actor, pair[1])]
    if tab == "others":
        return [pair for pair in pairs if not can_decide(actor, pair[1])]
    return pairs


def needs_decision_count(actor: Actor) -> int:
    """Return how many requests wait for a decision that `actor` could make; every page asks, so it stops at 20."""
    if actor.kind != "person" or not live_grants(actor.principal_id, "approve").exists():
        return 0
    at, circle = clock.now(), Circle()
    reviewable = visible_to(actor).filter(
        visible(actor, "approve").q("asset__scope_id", "asset_id"), state__in=rules.REVIEWABLE
    )
    return sum(can_decide(actor, standing(row, at, circle)) for row in reviewable[:MOST_COUNTED])


def relied_on() -> dict[Version, frozenset[datetime]]:
    """Return every version that was ever approved, ran before one that was, or is asked for and undecided.

    With each the times at which people decided about it.
    """
    never = Q(state="rejected") | Q(state__in=("withdrawn", "expired"), decided_at=None)
    found: dict[Version, frozenset[datetime]] = {}
    for one in Promotion.objects.exclude(never).select_related("version__asset", "baseline__asset"):
        times = frozenset(at for at in (one.submitted_at, one.decided_at, one.applied_at) if at)
        for version in filter(None, (one.version, one.baseline)):
            found[version] = found.get(version, frozenset()) | times
    return found


def how_many() -> int:
    """Return how many requests were ever made."""
    return Promotion.objects.count()
