"""Writes this room makes inside its callers' transactions; all state changes are compare-and-set."""

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from audit.actor import Actor
from audit.refusals import Conflict
from governance.catalog.models import Version
from governance.policies.models import Policy
from governance.policies.rules import understand
from governance.promotions import rules
from governance.promotions.gather import Gathered, gather
from governance.promotions.models import Decision, EvidenceItem, Number, Promotion, SigningGrant
from governance.promotions.rules import GRANT_LIVES, Places, Verdict, Vote
from governance.registries import records as ledger
from governance.registries import selectors as registries
from governance.registries.rules import Alias


def advance(promotion: Promotion, revision: int, **changes: Any) -> None:
    """Write `changes` and the next revision when the row is still at `revision`; refused when anything moved.

    `revision` must also be the one that was read, or somebody could name the revision after the one decided upon.
    """
    if revision != promotion.revision:
        raise Conflict("promotions.moved", key=promotion.key, revision=promotion.revision)
    updated = _update(promotion, revision, changes)
    if updated != 1:
        raise Conflict("promotions.moved", key=promotion.key, revision=promotion.revision)
    for name, value in {**changes, "revision": revision + 1}.items():
        setattr(promotion, name, value)


def _update(promotion: Promotion, revision: int, changes: Mapping[str, Any]) -> int:
    """Write the changes; refused when somebody else may move the alias now and these would have to."""
    try:
        with transaction.atomic():
            row = Promotion.objects.filter(pk=promotion.pk, revision=revision)
            return row.update(revision=revision + 1, **changes)
    except IntegrityError as error:
        if not changes.get("moving"):
            raise
        raise Conflict("promotions.alias_busy", alias=promotion.alias) from error


def draft(version: Version, policy: Policy, requester: UUID, now: datetime) -> Promotion:
    """Return an unsaved request for a version in the environment of `policy`, open for as long as that says."""
    return Promotion(
        asset=version.asset,
        version=version,
        environment=policy.environment,
        alias=policy.environment.alias,
        policy=policy,
        policy_digest=policy.digest,
        requester_id=requester,
        submitters=[str(requester)],
        created_at=now,
        submitted_at=now,
        expires_at=now + timedelta(days=understand(policy.body).validity.request_days),
    )


def open_request(promotion: Promotion, gathered: Gathered, now: datetime) -> Promotion:
    """Save a new request with its number and evidence; refused when the model has one open for that environment."""
    promotion.number = Number.objects.create().pk
    _adopt(promotion, gathered)
    try:
        with transaction.atomic():
            promotion.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("promotions.already_open", environment=promotion.environment.name) from error
    _write_evidence(promotion, gathered, now)
    return promotion


def hold_still() -> None:
    """Let no request be made until the transaction ends; on SQLite whoever writes first writes alone."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f'LOCK TABLE "{Promotion._meta.db_table}" IN SHARE MODE')


def adopt(promotion: Promotion, gathered: Gathered, now: datetime) -> dict[str, Any]:
    """Replace the evidence that changed, and return the columns that follow from it for the caller to advance.

    What was replaced stays readable with the time it was replaced.
    """
    current = {item.check_name: item for item in EvidenceItem.objects.filter(promotion=promotion, replaced_at=None)}
    same = {result.check for result in gathered.results if _same(current.get(result.check), result.digest)}
    EvidenceItem.objects.filter(promotion=promotion, replaced_at=None).exclude(check_name__in=same).update(
        replaced_at=now
    )
    _write_evidence(promotion, gathered, now, same)
    _adopt(promotion, gathered)
    return {name: getattr(promotion, name) for name in ("manifest_digest", "baseline", "subject_digest", "subject")}


def _same(item: EvidenceItem | None, digest: str) -> bool:
    return item is not None and item.digest == digest


def _adopt(promotion: Promotion, gathered: Gathered) -> None:
    promotion.manifest_digest = gathered.subject.manifest_digest
    promotion.baseline = gathered.baseline
    promotion.subject_digest = gathered.subject.digest
    promotion.subject = asdict(gathered.subject)


def _write_evidence(promotion: Promotion, gathered: Gathered, now: datetime, same: Collection[str] = ()) -> None:
    EvidenceItem.objects.bulk_create(
        EvidenceItem(
            promotion=promotion,
            check_name=result.check,
            klass=result.klass,
            result=result.result,
            blocks=result.blocks,
            digest=result.digest,
            detail=result.detail,
            valid_until=result.valid_until,
            position=position,
            gathered_at=now,
            **gathered.origin(result.klass),
        )
        for position, result in enumerate(gathered.results)
        if result.check not in same
    )


def note_decision(promotion: Promotion, vote: Vote, revision: int, entry_id: int) -> Decision:
    """Keep a decision for good; a second one on the same revision is refused."""
    try:
        with transaction.atomic():
            return Decision.objects.create(
                promotion=promotion,
                person_id=vote.person,
                verdict=vote.verdict,
                submission=vote.submission,
                revision=revision,
                subject_digest=promotion.subject_digest,
                reviewed=dict(vote.reviewed),
                entry_id=entry_id,
                at=vote.at,
            )
    except IntegrityError as error:
        raise Conflict("promotions.moved", key=promotion.key, revision=promotion.revision) from error


def give_grant(promotion: Promotion, person: UUID, verdict: str, now: datetime) -> tuple[SigningGrant, str]:
    """Make a signing grant and return it with its secret, which is kept nowhere."""
    secret = f"sign_{secrets.token_urlsafe(32)}"
    grant = SigningGrant.objects.create(
        promotion=promotion,
        person_id=person,
        verdict=verdict,
        subject_digest=promotion.subject_digest,
        digest=_hash(secret),
        expires_at=now + GRANT_LIVES,
    )
    return grant, secret


def spend_grant(promotion: Promotion, person: UUID, verdict: str, secret: str, now: datetime) -> None:
    """Use a signing grant up; refused when it is not for this person, request, digest and verdict, late, or used."""
    grant = SigningGrant.objects.filter(digest=_hash(secret), promotion=promotion, person_id=person).first()
    if grant is None or grant.verdict != verdict:
        raise Conflict("promotions.signature_unknown")
    if grant.used_at is not None or not SigningGrant.objects.filter(pk=grant.pk, used_at=None).update(used_at=now):
        raise Conflict("promotions.signature_used")
    if grant.expires_at <= now:
        raise Conflict("promotions.signature_late", seconds=round(GRANT_LIVES.total_seconds()))
    if grant.subject_digest != promotion.subject_digest:
        raise Conflict("promotions.signature_stale")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def expiry(promotion: Promotion) -> datetime:
    """Return when a request must be over: its own end, or earlier the end of its approval's time to be applied."""
    validity = understand(promotion.policy.body).validity
    if promotion.state == "approved" and promotion.decided_at:
        return promotion.decided_at + timedelta(hours=validity.apply_hours)
    return promotion.expires_at


def supersede(promotion: Promotion, now: datetime) -> Sequence[tuple[Promotion, str]]:
    """End what was applied in that environment before `promotion`; return each ended request with its new state."""
    before = Promotion.objects.filter(asset=promotion.asset, environment=promotion.environment)
    ended = []
    for each in before.filter(state__in=rules.PLACED).exclude(pk=promotion.pk):
        state = "rolled_back" if each.pk == promotion.reverses_id else "superseded"
        advance(each, each.revision, state=state, ended_at=now)
        ended.append((each, state))
    return ended


def note_alias(actor: Actor, promotion: Promotion, label: str, now: datetime) -> None:
    """Add to the ledger, and to the log, where the registry was just seen to have the alias, when that is news."""
    registry = registries.registry_of(promotion.version)
    if registry is not None:
        move = Alias(promotion.asset.name, promotion.alias, label)
        ledger.note_seen(actor, registry, promotion.asset, move, now, promotion=promotion.key)


def settled(was: str, state: str, now: datetime) -> dict[str, Any]:
    """Return the times and notes that follow when a request goes from `was` to `state` by itself.

    An approval is dated once, when it begins, and ends when the request goes back to review.
    """
    if state == was:
        return {}
    if state == "expired":
        return {"ended_at": now}
    return {"decided_at": now, "failure": None} if state == "approved" else {"decided_at": None}


def verified(promotion: Promotion, verdict: Verdict, gathered: Gathered, alias: str | None) -> dict[str, Any]:
    """Return what a request's verification changes: its state, why, and what it may do about the alias.

    An alias that was moved to other files of the same digest is the new baseline; the approvals hold for it. An
    approval that no longer holds ends, so that a later one has its full time.
    """
    state = verdict.state if verdict.state == promotion.state else rules.move(promotion.state, verdict.state)
    changes: dict[str, Any] = {"state": state, "failure": {"code": verdict.code} if verdict.code else None}
    applying = state == "applying"
    if applying and promotion.state != "applying":
        changes |= {"alias_before": alias or "", "baseline": gathered.baseline}
    return changes | {"moving": applying} | ({"decided_at": None} if state == "in_review" else {})


def places(promotion: Promotion, baseline: Version | None, digest: str, alias: str | None) -> Places:
    """Return what the registry was found to say, beside what was approved and noted; no alias is the empty label."""
    return Places(
        approved_digest=promotion.manifest_digest,
        found_digest=digest,
        candidate=promotion.version.label,
        baseline=baseline.label if baseline else "",
        before=promotion.alias_before,
        alias=alias or "",
    )


def replace_failed_roll_back(current: Promotion, now: datetime) -> list[Promotion]:
    """End the roll-back that could not be applied there, so that another can take its place; return what ended."""
    failed = Promotion.objects.filter(asset=current.asset, environment=current.environment, state="apply_failed")
    ended = list(failed.filter(kind=Promotion.Kind.ROLLBACK))
    for each in ended:
        advance(each, each.revision, state=rules.move(each.state, "withdrawn"), ended_at=now)
    return ended


def open_roll_back(current: Promotion, before: Promotion, person: UUID, now: datetime) -> Promotion:
    """Open the request that brings back what `before` had put in place of `current`, under the policy of `before`."""
    promotion = draft(before.version, before.policy, person, now)
    promotion.kind, promotion.reverses = Promotion.Kind.ROLLBACK, current
    promotion.purpose, promotion.state = before.purpose, "in_review"
    return open_request(promotion, gather(before.version, current.environment, before.policy, now, narrow=True), now)


def entry(actor: Actor, promotion: Promotion, action: str, now: datetime, **about: object) -> dict[str, Any]:
    """Return the log's entry about a request, for `log.append`."""
    return {
        "actor": actor,
        "action": action,
        "at": now,
        "scope_id": promotion.scope_id,
        "subjects": [
            f"promotion:{promotion.pk}",
            f"model_version:{promotion.version_id}",
            f"asset:{promotion.asset_id}",
        ],
        "about": {
            "key": promotion.key,
            "state": promotion.state,
            "revision": promotion.revision,
            "environment": promotion.environment.name,
            "subject_digest": promotion.subject_digest,
            **about,
        },
    }
