"""What may be done with a request: ask, sign, decide, withdraw, roll back, and what Attestry does on its own."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, Conflict, Forbidden, Invalid, require
from governance.access import selectors as access
from governance.catalog import selectors as catalog
from governance.policies import selectors as policies
from governance.policies.rules import CLASS_WORDS
from governance.promotions import records, rules, selectors
from governance.promotions.gather import gather
from governance.promotions.models import Promotion
from governance.promotions.rules import Ballot
from governance.promotions.subject import Subject
from governance.registries import records as registries
from jobs.records import enqueue


@dataclass(frozen=True)
class Wish:
    """Which version should run where, and what for."""

    version_id: UUID
    environment: str
    purpose: str


@dataclass(frozen=True)
class Signed:
    """A ballot with the revision it was cast on and the signing grant that proves who cast it."""

    ballot: Ballot
    revision: int
    grant: str


@transaction.atomic(durable=True)
def request(*, actor: Actor, wish: Wish, now: datetime) -> Promotion:
    """Ask for a version to run in an environment, with the evidence as it stands now.

    Refused: already running there, another request open for that model and environment, and a request
    that nobody could ever approve, with the reason.
    """
    version = catalog.version_seen_by(actor, wish.version_id)
    require(actor, "request", version.asset)
    environment = policies.environment_named(wish.environment)
    policy = policies.current(environment)
    rules.require_short(wish.purpose)
    gathered = gather(version, environment, policy, now, narrow=False)
    if gathered.baseline is not None and gathered.baseline.pk == version.pk:
        raise Invalid("promotions.already_there", environment=environment.name)
    promotion = records.draft(version, policy, actor.principal_id, now)
    promotion.purpose = wish.purpose.strip()
    promotion.state = "in_review" if version.manifest_digest else "checking"
    records.open_request(promotion, gathered, now)
    rules.require_possible(selectors.standing(promotion, now).case)
    if not version.manifest_digest:
        registries.owe_digest(version.pk)
    log.append(
        **records.entry(
            actor,
            promotion,
            "promotion.requested",
            now,
            policy_digest=policy.digest,
            manifest_digest=promotion.manifest_digest,
        ),
        private={"purpose": promotion.purpose} if promotion.purpose else None,
    )
    enqueue("promotions.reassess", str(promotion.pk), dedupe_key=f"promotions.reassess:{promotion.pk}")
    return promotion


@transaction.atomic(durable=True)
def resubmit(*, actor: Actor, key: str, revision: int, purpose: str, now: datetime) -> Promotion:
    """Put a request back in review after changes were asked for; approvals whose evidence is unchanged still count.

    Whoever resubmits is as conflicted as whoever asked. Refused unless changes were asked for.
    """
    promotion = selectors.seen_by(actor, key)
    require(actor, "request", promotion.asset)
    if promotion.state != "changes_requested":
        raise Conflict("promotions.wrong_state", state=promotion.state, wanted="in_review")
    gathered = gather(promotion.version, promotion.environment, promotion.policy, now, narrow=False)
    changes = records.adopt(promotion, gathered, now)
    records.advance(
        promotion,
        revision,
        **changes,
        state=rules.move(promotion.state, "in_review" if gathered.subject.manifest_digest else "checking"),
        submission=promotion.submission + 1,
        submitters=sorted({*promotion.submitters, str(actor.principal_id)}),
        submitted_at=now,
        purpose=purpose.strip()[: rules.LONGEST_TEXT] or promotion.purpose,
    )
    rules.require_possible(selectors.standing(selectors.by_id(promotion.pk), now).case)
    log.append(
        **records.entry(actor, promotion, "promotion.resubmitted", now, submission=promotion.submission),
        private={"purpose": promotion.purpose} if promotion.purpose else None,
    )
    enqueue("promotions.reassess", str(promotion.pk), dedupe_key=f"promotions.reassess:{promotion.pk}")
    return promotion


@transaction.atomic(durable=True)
def sign(*, actor: Actor, key: str, verdict: str, password: str, now: datetime) -> tuple[Promotion, str, datetime]:
    """Check the password again and give a grant, good once and for 120 seconds, for one verdict on what is shown now.

    Returns the request, the grant's secret and when it ends. Refused for whoever could not decide anyway, for
    anything but a person's own session or token, and for a wrong password.
    """
    promotion = selectors.seen_by(actor, key)
    require(actor, "approve", promotion.asset)
    person = selectors.person(actor)
    if verdict not in rules.SIGNED:
        raise Invalid("promotions.unknown_verdict")
    if verdict != "roll_back":
        rules.require_can_decide(selectors.standing(promotion, now).case, person)
    user = access.user(person)
    if user is None or not user.is_active or not user.check_password(password):
        raise Forbidden("promotions.password_wrong")
    grant, secret = records.give_grant(promotion, person, verdict, now)
    log.append(
        **records.entry(actor, promotion, "promotion.signed", now, verdict=verdict, grant=str(grant.pk)),
    )
    return promotion, secret, grant.expires_at


@transaction.atomic(durable=True)
def decide(*, actor: Actor, key: str, signed: Signed, now: datetime) -> Promotion:
    """Record the verdict of `actor`, and close the review when it is the last one needed.

    The evidence is gathered again first: when anything moved since they looked, they are asked to look again.
    Refused as `rules.decide` says, and without a fresh signature for exactly this verdict on exactly this subject.
    """
    promotion = selectors.seen_by(actor, key)
    require(actor, "approve", promotion.asset)
    person = selectors.person(actor)
    found = selectors.standing(promotion, now)
    after = rules.decide(found.case, person, signed.ballot)
    _require_unmoved(promotion, found.case.subject, now)
    records.spend_grant(promotion, person, signed.ballot.verdict, signed.grant, now)
    decided = {"decided_at": now} if after.state == "approved" else {}
    ended = {"ended_at": now} if after.state == "rejected" else {}
    records.advance(promotion, signed.revision, state=after.state, **decided, **ended)
    vote = after.votes[-1]
    entry = log.append(
        **records.entry(
            actor,
            promotion,
            "promotion.decided",
            now,
            verdict=vote.verdict,
            reviewed=[vote.reviewed[name] for name in sorted(vote.reviewed)],
        ),
        private={"reason": signed.ballot.reason.strip()} if signed.ballot.reason.strip() else None,
    )
    records.note_decision(promotion, vote, signed.revision, entry.pk)
    if after.state == "approved":
        enqueue("promotions.apply", str(promotion.pk), dedupe_key=f"promotions.apply:{promotion.pk}")
    return promotion


def _require_unmoved(promotion: Promotion, shown: Subject, now: datetime) -> None:
    narrow = promotion.kind == Promotion.Kind.ROLLBACK
    current = gather(promotion.version, promotion.environment, promotion.policy, now, narrow=narrow).subject
    changed = current.changed_since(shown)
    if changed:
        words = [CLASS_WORDS.get(each, each.replace("_", " ")) for each in changed]
        raise Conflict("promotions.evidence_moved", key=promotion.key, changed=", ".join(words))


@transaction.atomic(durable=True)
def withdraw(*, actor: Actor, key: str, revision: int, reason: str, now: datetime) -> Promotion:
    """End a request before it is applied; a reason is welcome. Refused while it is being applied and once it was."""
    promotion = selectors.seen_by(actor, key)
    require(actor, "request", promotion.asset)
    state = rules.move(promotion.state, "withdrawn")
    records.advance(promotion, revision, state=state, ended_at=now)
    log.append(
        **records.entry(actor, promotion, "promotion.withdrawn", now),
        private={"reason": reason.strip()[: rules.LONGEST_TEXT]} if reason.strip() else None,
    )
    return promotion


@transaction.atomic(durable=True)
def roll_back(*, actor: Actor, key: str, signed: Signed, now: datetime) -> Promotion:
    """Go back to a version approved for that environment before; one signature of one eligible person is enough.

    `key` is the request that is live there, to go back to the one before it, or a superseded one, to go back to that.
    A new request is made, approved at once, and applied like any other, its files verified again. Refused without an
    earlier approved version, for what was rolled back itself, and for whoever is conflicted over that version.
    """
    asked = selectors.seen_by(actor, key)
    require(actor, "approve", asked.asset)
    person = selectors.person(actor)
    current, before = selectors.way_back(asked)
    if current is None or before is None:
        raise Invalid("promotions.nothing_to_roll_back_to")
    rules.require_reason(signed.ballot.reason)
    records.spend_grant(asked, person, "roll_back", signed.grant, now)
    records.advance(asked, signed.revision)
    for failed in records.replace_failed_roll_back(current, now):
        log.append(**records.entry(actor, failed, "promotion.withdrawn", now))
    promotion = records.open_roll_back(current, before, person, now)
    found = selectors.standing(promotion, now)
    after = rules.decide(found.case, person, Ballot("approve"))
    records.advance(promotion, promotion.revision, state=after.state, decided_at=now)
    vote = after.votes[-1]
    entry = log.append(
        **records.entry(
            actor,
            promotion,
            "promotion.roll_back",
            now,
            reverses=current.key,
            target=before.key,
            policy_digest=promotion.policy_digest,
            verdict=vote.verdict,
            reviewed=[vote.reviewed[name] for name in sorted(vote.reviewed)],
        ),
        private={"reason": signed.ballot.reason.strip()},
    )
    records.note_decision(promotion, vote, promotion.revision, entry.pk)
    enqueue("promotions.apply", str(promotion.pk), dedupe_key=f"promotions.apply:{promotion.pk}")
    return promotion


@transaction.atomic(durable=True)
def put_back(*, actor: Actor, key: str, now: datetime) -> Promotion:
    """Owe the work of pointing the alias where the live request `key` put it. Refused unless it was moved away."""
    promotion = selectors.seen_by(actor, key)
    require(actor, "approve", promotion.asset)
    selectors.person(actor)
    if promotion.state not in rules.LIVE:
        compromised = promotion.state == "compromised"
        raise Conflict("promotions.compromised" if compromised else "promotions.not_live", key=promotion.key)
    elsewhere = selectors.drifted(promotion)
    if elsewhere is None:
        raise Invalid("promotions.nothing_to_put_back")
    log.append(**records.entry(actor, promotion, "promotion.put_back_asked", now, found=elsewhere))
    enqueue("promotions.put_back", str(promotion.pk), dedupe_key=f"promotions.put_back:{promotion.pk}")
    return promotion


@transaction.atomic(durable=True)
def retry(*, actor: Actor, key: str, revision: int, now: datetime) -> Promotion:
    """Try again to apply a request that was approved and could not be applied; everything is verified again."""
    promotion = selectors.seen_by(actor, key)
    require(actor, "approve", promotion.asset)
    if promotion.state != "apply_failed":
        raise Conflict("promotions.wrong_state", state=promotion.state, wanted="applying")
    records.advance(promotion, revision, failure=None)
    log.append(**records.entry(actor, promotion, "promotion.retried", now))
    enqueue("promotions.apply", str(promotion.pk), dedupe_key=f"promotions.apply:{promotion.pk}")
    return promotion


@transaction.atomic(durable=True)
def reassess(*, actor: Actor, promotion_id: UUID, now: datetime) -> Promotion:
    """Gather the evidence of an open request again and let its state follow; says in the log what changed.

    Nothing is written when nothing changed. Decisions are never touched: whether they count follows from the subject.
    """
    promotion = selectors.by_id(promotion_id)
    require(actor, "request", promotion.asset)
    if promotion.state not in rules.WATCHED:
        return promotion
    narrow = promotion.kind == Promotion.Kind.ROLLBACK
    gathered = gather(promotion.version, promotion.environment, promotion.policy, now, narrow=narrow)
    before, was = Subject(**promotion.subject), promotion.state
    changed = gathered.subject.changed_since(before)
    if not changed and gathered.baseline != promotion.baseline:
        changed = ["baseline"]
    columns = records.adopt(promotion, gathered, now) if changed else {}
    promotion = selectors.by_id(promotion_id) if changed else promotion
    case = replace(selectors.standing(promotion, now).case, subject=gathered.subject)
    state = rules.settle(case, ready=bool(gathered.subject.manifest_digest), until=records.expiry(promotion))
    if not changed and state == was:
        return promotion
    records.advance(promotion, promotion.revision, **columns, **records.settled(was, state, now), state=state)
    log.append(**records.entry(actor, promotion, "promotion.reassessed", now, changed=changed, before=was))
    if state == "approved":
        enqueue("promotions.apply", str(promotion.pk), dedupe_key=f"promotions.apply:{promotion.pk}")
    return promotion
