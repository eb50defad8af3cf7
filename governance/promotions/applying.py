"""What Attestry does on its own with an approved or applied request; each service is a step of an errand in `tasks.py`.

Whoever sets the alias holds `moving` on their request, which the database gives to one at a time for a model and
environment: a request being applied, or a live one being put back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, require
from governance.catalog.rules import VersionState
from governance.promotions import records, rules, selectors
from governance.promotions.gather import gather
from governance.promotions.models import Promotion
from governance.registries import records as registries
from jobs.records import enqueue

ENDED: dict[str, str] = {"superseded": "promotion.superseded", "rolled_back": "promotion.rolled_back"}
"""The action that ends what was live before, by the state it ends in."""


@dataclass(frozen=True)
class Found:
    """What an errand found in the registry: the digest of the version's files, and where the alias points."""

    digest: str
    alias: str | None


@transaction.atomic(durable=True)
def begin(*, actor: Actor, promotion_id: UUID, found: Found, now: datetime) -> Promotion:
    """Verify everything once more and note where the alias points, before it is moved; repeating it does no harm.

    Returns the request `applying` when the alias may be moved now. Changed files, and an alias that cannot be
    compared, end in `apply_failed`; a quorum, eligibility or baseline that no longer holds sends it back to review.
    Refused (`promotions.alias_busy`) while another request moves this alias.
    """
    promotion = selectors.by_id(promotion_id)
    require(actor, "register", promotion.asset)
    if promotion.state not in rules.APPLICABLE:
        return promotion
    was, narrow = promotion.state, promotion.kind == Promotion.Kind.ROLLBACK
    records.note_alias(actor, promotion, found.alias or "", now)
    gathered = gather(promotion.version, promotion.environment, promotion.policy, now, narrow=narrow)
    case = replace(selectors.standing(promotion, now).case, failing=gathered.failing)
    places = records.places(promotion, gathered.baseline, found.digest, found.alias)
    verdict = rules.verify(case, gathered.subject, places)
    failure = {"code": verdict.code} if verdict.code else None
    if (verdict.state, failure) == (was, promotion.failure):
        return promotion
    records.advance(promotion, promotion.revision, **records.verified(promotion, verdict, gathered, found.alias))
    about: dict[str, object] = {"before": was, "alias": found.alias or "", "code": verdict.code}
    if verdict.state == "applying":
        about["approvers"] = rules.counted(replace(case, subject=gathered.subject))
    log.append(**records.entry(actor, promotion, "promotion.applying", now, **about))
    if verdict.state == "in_review":
        enqueue("promotions.reassess", str(promotion.pk), dedupe_key=f"promotions.reassess:{promotion.pk}")
    return promotion


@transaction.atomic(durable=True)
def finish(*, actor: Actor, promotion_id: UUID, kept: bool, now: datetime) -> Promotion:
    """Note that the alias was moved and read back (`kept`), exactly once; or that the registry did not keep it.

    What was live there before is superseded, or rolled back, in the same transaction.
    """
    promotion = selectors.by_id(promotion_id)
    require(actor, "register", promotion.asset)
    if promotion.state != "applying":
        return promotion
    if not kept:
        code = "promotions.alias_not_kept"
        records.advance(promotion, promotion.revision, state="apply_failed", failure={"code": code}, moving=False)
        log.append(**records.entry(actor, promotion, "promotion.apply_failed", now, code=code))
        return promotion
    for ended, state in records.supersede(promotion, now):
        log.append(**records.entry(actor, ended, ENDED[state], now, by=promotion.key))
    records.advance(promotion, promotion.revision, state="applied", applied_at=now, failure=None, moving=False)
    records.note_alias(actor, promotion, promotion.version.label, now)
    registries.expect_alias(promotion.asset, promotion.alias, promotion.version, promotion.pk, now, promotion.key)
    log.append(
        **records.entry(
            actor,
            promotion,
            "promotion.applied",
            now,
            alias=promotion.alias,
            before=promotion.alias_before or "",
            after=promotion.version.label,
            manifest_digest=promotion.manifest_digest,
        )
    )
    return promotion


@transaction.atomic(durable=True)
def give_up(*, actor: Actor, promotion_id: UUID, failure: Mapping[str, object], now: datetime) -> Promotion:
    """Note that a request cannot be applied or put back as things are, and why (a refusal's code and parameters).

    An approved request ends in `apply_failed`, where it can be tried again; a live one stays live and says why. The
    files are looked at again, so that a version that is gone or changed is known as that everywhere.
    """
    promotion = selectors.by_id(promotion_id)
    require(actor, "register", promotion.asset)
    applied = promotion.state in rules.PLACED
    if not applied and promotion.state not in rules.APPLICABLE:
        return promotion
    state = promotion.state if applied else "apply_failed"
    if (state, dict(failure), False) == (promotion.state, promotion.failure, promotion.moving):
        return promotion
    records.advance(promotion, promotion.revision, state=state, failure=dict(failure), moving=False)
    action = "promotion.put_back_failed" if applied else "promotion.apply_failed"
    log.append(**records.entry(actor, promotion, action, now, code=failure["code"]))
    registries.owe_digest(promotion.version_id)
    return promotion


@transaction.atomic(durable=True)
def begin_put_back(*, actor: Actor, promotion_id: UUID, found: Found, now: datetime) -> Promotion:
    """Look once more at what the live request put there, and take the right to move the alias.

    Returns the request with `moving` when its alias may be put back now. Changed files are a failure people see.
    Refused (`promotions.alias_busy`) while another request moves this alias.
    """
    promotion = selectors.by_id(promotion_id)
    require(actor, "register", promotion.asset)
    records.note_alias(actor, promotion, found.alias or "", now)
    code = rules.not_to_put_back(promotion.state, promotion.version.state, promotion.manifest_digest, found.digest)
    away = found.alias != promotion.version.label
    moving, failure = away and not code, {"code": code} if code else None
    if (moving, failure) == (promotion.moving, promotion.failure):
        return promotion
    records.advance(promotion, promotion.revision, moving=moving, failure=failure)
    action = "promotion.put_back_failed" if code else "promotion.putting_back" if moving else "promotion.put_back"
    log.append(**records.entry(actor, promotion, action, now, alias=found.alias or "", code=code))
    if code == "promotions.files_changed":
        registries.owe_digest(promotion.version_id)
    return promotion


@transaction.atomic(durable=True)
def finish_put_back(*, actor: Actor, promotion_id: UUID, kept: bool, found: Found, now: datetime) -> Promotion:
    """Note that the alias points where the live request put it again, or that the registry did not keep it."""
    promotion = selectors.by_id(promotion_id)
    require(actor, "register", promotion.asset)
    if not promotion.moving or promotion.state not in rules.PLACED:
        return promotion
    failure = None if kept else {"code": "promotions.alias_not_kept"}
    records.advance(promotion, promotion.revision, moving=False, failure=failure)
    if kept:
        records.note_alias(actor, promotion, promotion.version.label, now)
    places = {"before": found.alias or "", "after": promotion.version.label}
    action = "promotion.put_back" if kept else "promotion.put_back_failed"
    log.append(**records.entry(actor, promotion, action, now, **places))
    return promotion


@transaction.atomic(durable=True)
def compromise(*, actor: Actor, promotion_id: UUID, now: datetime) -> Promotion:
    """Mark an applied request whose version's files were changed in the registry; somebody has to act on it."""
    promotion = selectors.by_id(promotion_id)
    require(actor, "register", promotion.asset)
    if promotion.state not in rules.CAN_BE_COMPROMISED or promotion.version.state != VersionState.COMPROMISED:
        return promotion
    state = rules.move(promotion.state, "compromised")
    records.advance(promotion, promotion.revision, state=state)
    log.append(**records.entry(actor, promotion, "promotion.compromised", now))
    return promotion
