"""What people ask beyond scans of tables: how alike rows are, and what is noted beside a model version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, Invalid, require
from governance.access.rules import Action
from governance.catalog.models import Asset
from governance.catalog.selectors import asset_of_dataset, asset_seen_by, version_seen_by
from governance.pii import records, selectors
from governance.pii.models import Anonymity, Scan
from governance.pii.sandbox import Answer
from jobs.records import enqueue

MOST_QUASI, MOST_SENSITIVE, LONGEST = 10, 5, 300


@dataclass(frozen=True)
class Question:
    """Which columns together might tell who somebody is, and which of the others would harm them."""

    quasi: Sequence[str]
    sensitive: Sequence[str] = ()

    def check(self) -> None:
        """Refuse none or too many columns, and one that stands on both sides."""
        names = [*self.quasi, *self.sensitive]
        fits = 1 <= len(self.quasi) <= MOST_QUASI and len(self.sensitive) <= MOST_SENSITIVE
        if not fits or len(set(names)) != len(names) or not all(0 < len(name) <= LONGEST for name in names):
            raise Invalid("pii.bad_columns", quasi=str(MOST_QUASI), sensitive=str(MOST_SENSITIVE))


@transaction.atomic(durable=True)
def ask_anonymity(*, actor: Actor, asset_id: UUID, question: Question, now: datetime) -> Anonymity:
    """Owe a count of how many rows of a dataset are alike in some columns (k), and how diverse others are (l).

    For those who may ask for scans. Refused where a scan could not read the dataset.
    """
    asset = asset_seen_by(actor, asset_id, Asset.Kind.DATASET)
    selectors.require_one(actor, selectors.MAY_ASK, asset)
    question.check()
    path = selectors.table_of(asset)
    if not path or asset.lineage_dataset_id is None:
        raise Invalid("pii.not_a_file_dataset")
    row = Anonymity.objects.create(
        scope_id=asset.scope_id, dataset_id=asset.lineage_dataset_id, path=path, quasi=list(question.quasi),
        sensitive=list(question.sensitive), requested_by=actor.principal_id, created_at=now,
    )  # fmt: skip
    log.append(
        actor=actor, action="anonymity.requested", subjects=[row.subject, asset.subject], scope_id=row.scope_id, at=now,
        about={"quasi": len(row.quasi), "sensitive": len(row.sensitive)},
        private={"columns": " ".join([*row.quasi, *row.sensitive])},
    )  # fmt: skip
    enqueue("pii.measure", str(row.pk), dedupe_key=f"pii.measure:{row.pk}")
    return row


@transaction.atomic(durable=True)
def scan_version(*, actor: Actor, version_id: UUID, now: datetime) -> Scan:
    """Owe a scan of what is noted beside a model version: parameters, and what events tell of its run and data."""
    version = version_seen_by(actor, version_id)
    selectors.require_one(actor, selectors.MAY_ASK, version.asset)
    scan = Scan(
        scope_id=version.scope_id, path=f"version:{version.pk}", requested_by=actor.principal_id, created_at=now
    )
    scan.seed = str(scan.pk)
    scan.save(force_insert=True)
    log.append(
        actor=actor, action="scan.requested", subjects=[scan.subject, version.subject], scope_id=scan.scope_id, at=now,
        about={"scan": str(scan.pk), "beside": True},
    )  # fmt: skip
    records.owe_scan(scan)
    return scan


@transaction.atomic(durable=True)
def conclude_anonymity(*, actor: Actor, anonymity_id: UUID, answer: Answer, now: datetime) -> bool:
    """Keep the counts, once; what was not read whole says so and gives no k. False when it had ended."""
    row = Anonymity.objects.filter(pk=anonymity_id).first()
    asset = asset_of_dataset(row.dataset_id) if row is not None else None
    if row is None or asset is None:
        return False
    require(actor, Action.CLASSIFY, asset)
    kept = _kept(answer)
    still = Anonymity.objects.filter(pk=row.pk, state=Anonymity.State.QUEUED)
    if still.update(**kept, ended_at=now) != 1:
        return False
    log.append(
        actor=actor, action="anonymity.measured", subjects=[row.subject, asset.subject], scope_id=row.scope_id, at=now,
        about={"state": str(kept["state"]), "k": kept["k"] or 0, "rows": kept["rows"] or 0, "why": sorted(kept["why"])},
    )  # fmt: skip
    return True


def _kept(answer: Answer) -> dict[str, Any]:
    """What to write down: counts of everything, or why there are none."""
    told = answer.result
    failed: dict[str, Any] = {
        "state": Anonymity.State.FAILED,
        "k": None,
        "groups": None,
        "rows": None,
        "below": {},
        "diversity": {},
    }
    if told is None:
        return failed | {"why": {answer.why: 1}, "digest": ""}
    why = dict(told["gaps"]) | ({} if told["rows"] else {"pii.no_rows": 1})
    if why:
        return failed | {"why": why, "rows": told["rows"], "digest": told["digest"]}
    counts = {name: told[name] for name in ("k", "groups", "rows", "below", "diversity", "digest")}
    return {"state": Anonymity.State.DONE, "why": {}, **counts}
