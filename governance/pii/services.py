"""What people and the worker do about personal data: ask for scans, conclude them, judge findings, waive them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from audit import log
from audit.actor import Actor, Conflict, Invalid, NotSeen, require
from governance.access import selectors as access
from governance.access.rules import Action
from governance.catalog.models import Asset
from governance.catalog.selectors import asset_of_dataset, asset_seen_by
from governance.pii import choices, places, records, rules, selectors
from governance.pii.downstream import Due, standing_out
from governance.pii.freshness import accepted_ruleset, current_ruleset
from governance.pii.models import Finding, Flag, Scan, Waiver
from governance.pii.sandbox import Answer
from governance.pii.selectors import MAY_ASK
from jobs.records import enqueue

MOST_IN_LOG = 100
JUDGED: dict[str, str] = {Finding.State.CONFIRMED: "finding.confirmed", Finding.State.DISPUTED: "finding.disputed"}
UNREADABLE = frozenset({
    "pii.no_such_file", "pii.cannot_open", "pii.not_a_file", "pii.empty_file", "pii.not_text", "pii.unknown_format",
    "pii.not_that_format", "pii.extra_missing",
    "pii.no_such_table", "pii.unknown_database", "pii.broken_file", "pii.outside_roots", "pii.path_not_absolute",
})  # fmt: skip


@transaction.atomic(durable=True)
def request_scan(*, actor: Actor, asset_id: UUID, now: datetime, path: str = "") -> Scan:
    """Owe a scan of a dataset's file; while one is waiting or at work, that one is returned.

    The file is the one that lineage names. Another `path` may be given only by those who waive, since a scan of the
    wrong file would speak for this dataset. Refused outside the folders that scans may read.
    """
    asset = asset_seen_by(actor, asset_id, Asset.Kind.DATASET)
    selectors.require_one(actor, MAY_ASK, asset)
    own = selectors.table_of(asset)
    if path and path != own:
        require(actor, Action.WAIVE, asset)
    wanted = path or own
    if not wanted:
        raise Invalid("pii.not_a_file_dataset")
    _expect(wanted)
    wish = Scan(scope_id=asset.scope_id, dataset_id=asset.lineage_dataset_id, path=wanted)
    scan, fresh = _reserve(actor, wish, now)
    if fresh:
        log.append(actor=actor, action="scan.requested", at=now, **_asked(scan))
    records.owe_scan(scan)
    return scan


@transaction.atomic(durable=True)
def request_path_scan(*, actor: Actor, path: str, now: datetime) -> Scan:
    """Owe a scan of a file on the server; where it is a dataset's file, the scan speaks for that dataset.

    A file nobody knows is scanned in the asker's own scope; the file of a dataset they cannot see is not there for
    them. Refused outside the folders that scans may read.
    """
    path = path if "://" in path else str(PurePath(path))
    _expect(path)
    asset = selectors.dataset_named(actor, path)
    if asset is None and selectors.is_somebodys(path):
        raise NotSeen("not_seen", what="dataset")
    scope_id = asset.scope_id if asset else selectors.home(actor, MAY_ASK)
    scan = Scan(scope_id=scope_id, dataset_id=asset.lineage_dataset_id if asset else None, path=path)
    selectors.require_one(actor, MAY_ASK, asset or scan)
    scan, fresh = _reserve(actor, scan, now)
    if fresh:
        log.append(actor=actor, action="scan.requested", at=now, **_asked(scan))
    records.owe_scan(scan)
    return scan


@transaction.atomic(durable=True)
def scan_again(*, actor: Actor, scan_id: UUID, now: datetime) -> Scan | None:
    """Owe a scan of the same file once more, because the rules have changed; `None` when there is nothing to repeat.

    While other rules are the ones that count, it is a trial.
    """
    before = selectors.scan(scan_id)
    if before is None or before.dataset_id is None:
        return None
    require(actor, Action.CLASSIFY, selectors.governed(before))
    wish = Scan(scope_id=before.scope_id, dataset_id=before.dataset_id, path=before.path)
    wish.trial = accepted_ruleset() not in ("", current_ruleset())
    scan, fresh = _reserve(actor, wish, now)
    if fresh:
        log.append(actor=actor, action="scan.requested", at=now, **_asked(scan))
    records.owe_scan(scan)
    return scan


@transaction.atomic(durable=True)
def try_rules(*, actor: Actor, asset_id: UUID, now: datetime) -> Scan:
    """Owe a scan of a dataset by today's rules while they do not count, where the last one looked; a trial.

    Refused while today's rules count, and for a dataset that was never scanned.
    """
    asset = asset_seen_by(actor, asset_id, Asset.Kind.DATASET)
    require(actor, Action.WAIVE, asset)
    if accepted_ruleset() in ("", current_ruleset()):
        raise Conflict("pii.nothing_to_try")
    last = selectors.last_ended(asset.lineage_dataset_id or 0)
    if last is None:
        raise Invalid("pii.never_scanned")
    wish = Scan(scope_id=asset.scope_id, dataset_id=asset.lineage_dataset_id, path=last.path, trial=True)
    scan, fresh = _reserve(actor, wish, now)
    if fresh:
        log.append(actor=actor, action="scan.requested", at=now, **_asked(scan))
    records.owe_scan(scan)
    return scan


def _reserve(actor: Actor, scan: Scan, now: datetime) -> tuple[Scan, bool]:
    """Keep the wanted scan, or find the one of the same dataset that is under way; and whether it is new."""
    waiting = Scan.objects.filter(dataset_id=scan.dataset_id, state__in=Scan.OPEN).first() if scan.dataset_id else None
    if waiting is not None:
        if waiting.trial and not scan.trial:
            _let_count(waiting)
        return waiting, False
    scan.requested_by, scan.created_at, scan.seed = actor.principal_id, now, str(scan.pk)
    try:
        with transaction.atomic():
            scan.save(force_insert=True)
    except IntegrityError:
        raise Conflict("pii.scan_under_way") from None
    return scan, True


def _let_count(waiting: Scan) -> None:
    """Let a waiting trial count; one at work that follows choices which do not count stays a trial."""
    states = [Scan.State.QUEUED] if choices.pending() else Scan.OPEN
    if not Scan.objects.filter(pk=waiting.pk, state__in=states).update(trial=False) and choices.pending():
        raise Conflict("pii.scan_under_way")


def _asked(scan: Scan) -> dict[str, Any]:
    return {
        "subjects": _subjects(scan),
        "scope_id": scan.scope_id,
        "about": {"scan": str(scan.pk), **({"trial": True} if scan.trial else {})},
        "private": {"path": scan.path},
    }


def _expect(path: str) -> None:
    """Refuse what no worker would open."""
    if path.startswith("sql://"):
        places.expect_table(path, settings.SCAN_DATABASES)
    elif "://" in path:
        places.expect_remote(path, settings.SCAN_STORES)
    else:
        places.expect(path, settings.SCAN_ROOTS)


def _subjects(row: Scan | Finding | Waiver) -> list[str]:
    asset = selectors.governed(row)
    return [row.subject, *([asset.subject] if isinstance(asset, Asset) else [])]


@transaction.atomic(durable=True)
def conclude_scan(*, actor: Actor, scan_id: UUID, answer: Answer, now: datetime) -> Scan | None:
    """Keep a scan's result, all of it or nothing, once: a second worker's answer to the same scan is dropped.

    Whatever it says, promotions that rest on the dataset are owed another look in the same transaction; a trial changes
    nothing but what it says itself.
    """
    scan = selectors.scan(scan_id)
    if scan is None:
        return None
    require(actor, Action.CLASSIFY, selectors.governed(scan))
    if not _close(scan, answer, now):
        return None
    columns = answer.result["columns"] if answer.result else []
    records.keep_columns(scan, columns)
    counts = scan.dataset_id is not None and not scan.trial
    fresh = records.keep_findings(scan, columns, now) if counts else []
    records.note_ruleset(scan.ruleset, now)
    told = [(column["path"], one) for column in columns for one in column["found"]][:MOST_IN_LOG]
    action = "scan.tried" if scan.trial else "scan.concluded"
    log.append(
        actor=actor, action=action, subjects=_subjects(scan), scope_id=scan.scope_id, at=now,
        about={
            "verdict": scan.verdict, "ruleset": scan.ruleset, "rows": scan.rows or 0, "digest": scan.digest,
            "why": sorted(scan.why), "columns": len(columns), "new_findings": len(fresh),
            "findings": [{"entity": one["type"], "share": f"{one['share']:.4f}"} for _path, one in told],
        },
        private={"columns": json.dumps([path for path, _one in told])} if told else {},
    )  # fmt: skip
    records.owe_reassessment(scan.dataset_id if counts else None)
    return scan


def _close(scan: Scan, answer: Answer, now: datetime) -> bool:
    """End the scan by compare-and-set; false when it had ended."""
    if answer.result is not None:
        told = answer.result
        scan.state, scan.verdict, scan.why = Scan.State.DONE, told["verdict"], told["gaps"]
        scan.ruleset, scan.rows, scan.digest = told["ruleset"], told["rows"], told["digest"]
        scan.same_as, scan.seed = told.get("same_as"), told.get("seed", scan.seed)
    else:
        scan.state, scan.why = Scan.State.FAILED, {answer.why: 1}
        scan.verdict = "unreadable" if answer.why in UNREADABLE else "incomplete"
    scan.progress, scan.ended_at = 1.0, now
    changed = ("state", "verdict", "why", "ruleset", "rows", "digest", "progress", "ended_at", "same_as", "seed")
    still = Scan.objects.filter(pk=scan.pk, state__in=Scan.OPEN)
    return still.update(**{name: getattr(scan, name) for name in changed}) == 1


@transaction.atomic(durable=True)
def flag_models(*, actor: Actor, dataset_id: int, due: Sequence[Due], now: datetime) -> list[Flag]:
    """Flag the approved models that learned from personal columns of a dataset, and clear the flags that are over.

    What stopped counting since `due` was worked out raises nothing. Returns the new flags.
    """
    asset = asset_of_dataset(dataset_id)
    if asset is None:
        return []
    require(actor, Action.CLASSIFY, asset)
    still = set(standing_out(dataset_id, now).values_list("pk", flat=True))
    raised, cleared = records.keep_flags(dataset_id, [each for each in due if each.finding in still], now)
    for model, flags in _by_model(raised):
        log.append(actor=actor, action="model.flagged", at=now, **_told(model, asset, flags))
    for model, flags in _by_model(cleared):
        log.append(actor=actor, action="model.unflagged", at=now, **_told(model, asset, flags))
    return raised


def _by_model(flags: Sequence[Flag]) -> list[tuple[Asset, list[Flag]]]:
    models = dict.fromkeys(each.asset for each in flags)
    return [(model, [each for each in flags if each.asset_id == model.pk]) for model in models]


def _told(model: Asset, source: Asset, flags: Sequence[Flag]) -> dict[str, Any]:
    """What an entry says of the flags that findings in `source` raise on a model."""
    return {
        "subjects": [model.subject, source.subject],
        "scope_id": model.scope_id,
        "about": {
            "entities": sorted({each.finding.entity for each in flags}),
            "findings": sorted(str(each.finding_id) for each in flags)[:MOST_IN_LOG],
            "requests": sorted({key for each in flags for key in each.approved}),
        },
        "private": {"columns": json.dumps(sorted({each.finding.column for each in flags})[:MOST_IN_LOG])},
    }


@dataclass(frozen=True)
class Judgement:
    """What somebody says of a finding: `confirmed` or `disputed`, with the revision they looked at and why."""

    state: str
    revision: int
    reason: str = ""


@transaction.atomic(durable=True)
def judge_finding(*, actor: Actor, finding_id: UUID, judgement: Judgement, now: datetime) -> Finding:
    """Confirm a finding, or dispute it as a false alarm, which needs a reason and makes it stop counting.

    Because a disputed finding blocks nothing any more, disputing takes who may waive; confirming, who may classify.
    """
    finding = selectors.finding_seen_by(actor, finding_id)
    disputed = judgement.state == Finding.State.DISPUTED
    require(actor, Action.WAIVE if disputed else Action.CLASSIFY, selectors.governed(finding))
    state, reason = rules.check_judgement(judgement.state, judgement.reason, finding.state)
    same = Finding.objects.filter(pk=finding.pk, revision=judgement.revision)
    change = {"state": state, "judged_by": actor.principal_id, "judged_at": now, "revision": judgement.revision + 1}
    if same.update(**change) != 1:
        raise Conflict("pii.moved")
    log.append(
        actor=actor, action=JUDGED[state], subjects=_subjects(finding), scope_id=finding.scope_id, at=now,
        about={"entity": finding.entity},
        private={"column": finding.column} | ({"reason": reason} if reason else {}),
    )  # fmt: skip
    records.owe_reassessment(finding.dataset_id)
    return selectors.finding_seen_by(actor, finding_id)


@transaction.atomic(durable=True)
def propose_waiver(*, actor: Actor, finding_id: UUID, reason: str, expires_at: datetime, now: datetime) -> Waiver:
    """Ask for leave to use a column in spite of a finding, until a date at most a year ahead.

    Refused for a finding that does not count now, and while another proposal for it waits.
    """
    finding = selectors.finding_seen_by(actor, finding_id)
    selectors.require_one(actor, (Action.EDIT, Action.REQUEST, Action.CLASSIFY), selectors.governed(finding))
    rules.check_waiver(reason, expires_at, now)
    if not finding.present or finding.state == Finding.State.DISPUTED:
        raise Invalid("pii.nothing_to_waive")
    if finding.waivers.filter(state=Waiver.State.PROPOSED).exists():
        raise Conflict("pii.waiver_waits_already")
    waiver = Waiver.objects.create(
        finding=finding, scope_id=finding.scope_id, reason=reason.strip(), proposer_id=actor.principal_id,
        proposer_owner_id=_owner_of(actor), expires_at=expires_at, created_at=now,
    )  # fmt: skip
    log.append(
        actor=actor, action="waiver.proposed", subjects=_subjects(waiver), scope_id=waiver.scope_id, at=now,
        about={"entity": finding.entity, "expires_at": expires_at.isoformat()},
        private={"column": finding.column, "reason": waiver.reason},
    )  # fmt: skip
    return waiver


def _owner_of(actor: Actor) -> UUID | None:
    """Who stands behind the actor: the owner of a service account, or the person it acts for."""
    principal = access.user(actor.principal_id)
    return actor.on_behalf_of or (principal.owner_id if principal is not None else None)


@dataclass(frozen=True)
class Ruling:
    """The decision on a waiver, with the revision they looked at."""

    approve: bool
    revision: int
    reason: str = ""


@transaction.atomic(durable=True)
def decide_waiver(*, actor: Actor, waiver_id: UUID, ruling: Ruling, now: datetime) -> Waiver:
    """Approve or refuse a proposed waiver: a compliance officer, a person, other than the one who proposed it."""
    waiver = selectors.waiver_seen_by(actor, waiver_id)
    require(actor, Action.WAIVE, selectors.governed(waiver))
    behind = (actor.principal_id, actor.on_behalf_of)
    rules.check_decider({waiver.proposer_id, waiver.proposer_owner_id}, behind, actor.kind)
    if ruling.approve:
        rules.check_waiver(waiver.reason, waiver.expires_at, now)
    state = Waiver.State.APPROVED if ruling.approve else Waiver.State.REFUSED
    same = Waiver.objects.filter(pk=waiver.pk, revision=ruling.revision, state=Waiver.State.PROPOSED)
    next_one = ruling.revision + 1
    if same.update(state=state, decider_id=actor.principal_id, decided_at=now, revision=next_one) != 1:
        raise Conflict("pii.moved")
    log.append(
        actor=actor, action="waiver.decided", subjects=_subjects(waiver), scope_id=waiver.scope_id, at=now,
        about={"state": str(state), "expires_at": waiver.expires_at.isoformat()},
        private={"reason": ruling.reason} if ruling.reason else {},
    )  # fmt: skip
    if ruling.approve:
        enqueue("pii.expire", str(waiver.pk), run_after=waiver.expires_at)
        records.owe_reassessment(waiver.finding.dataset_id)
    return selectors.waiver_seen_by(actor, waiver_id)


@transaction.atomic(durable=True)
def withdraw_waiver(*, actor: Actor, waiver_id: UUID, revision: int, now: datetime) -> Waiver:
    """Take back a proposal or an approved waiver: its proposer, or a compliance officer. The finding counts again."""
    waiver = selectors.waiver_seen_by(actor, waiver_id)
    if actor.principal_id != waiver.proposer_id:
        require(actor, Action.WAIVE, selectors.governed(waiver))
    was = waiver.state
    same = Waiver.objects.filter(pk=waiver.pk, revision=revision, state__in=["proposed", "approved"])
    if same.update(state=Waiver.State.WITHDRAWN, revision=revision + 1) != 1:
        raise Conflict("pii.moved")
    log.append(
        actor=actor, action="waiver.withdrawn", subjects=_subjects(waiver), scope_id=waiver.scope_id, at=now,
        about={"was": was},
    )  # fmt: skip
    records.owe_reassessment(waiver.finding.dataset_id)
    return selectors.waiver_seen_by(actor, waiver_id)


@transaction.atomic(durable=True)
def expire_waiver(*, actor: Actor, waiver_id: UUID, now: datetime) -> bool:
    """Note that a waiver has run out, so that what rested on it is looked at again; nothing before its time."""
    waiver = selectors.waiver(waiver_id)
    if waiver is None:
        return False
    require(actor, Action.CLASSIFY, selectors.governed(waiver))
    due = Waiver.objects.filter(pk=waiver.pk, state=Waiver.State.APPROVED, expires_at__lte=now)
    if due.update(state=Waiver.State.EXPIRED, revision=waiver.revision + 1) != 1:
        return False
    log.append(actor=actor, action="waiver.expired", subjects=_subjects(waiver), scope_id=waiver.scope_id, at=now)
    records.owe_reassessment(waiver.finding.dataset_id)
    return True
