"""What people do about copies without what is personal: ask for one, and keep what came of it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, Invalid, require
from governance.access.rules import Action
from governance.catalog.models import Asset
from governance.catalog.selectors import asset_of_dataset, asset_seen_by
from governance.pii import selectors
from governance.pii.copies import Kept
from governance.pii.downstream import found_in
from governance.pii.models import RedactedCopy
from jobs.records import enqueue

ACTIONS = ("mask", "token", "drop")
MOST = 500


@transaction.atomic(durable=True)
def ask_copy(*, actor: Actor, asset_id: UUID, changes: Mapping[str, str], now: datetime) -> RedactedCopy:
    """Owe a copy of a dataset in which columns are masked, replaced by tokens, or left out.

    A column in which personal data was found and of which nothing is said is masked. Refused when nothing is to be
    changed, and where a scan could not read the dataset.
    """
    asset = asset_seen_by(actor, asset_id, Asset.Kind.DATASET)
    selectors.require_one(actor, (Action.EDIT, Action.CLASSIFY), asset)
    path = selectors.table_of(asset)
    if not path or asset.lineage_dataset_id is None:
        raise Invalid("pii.not_a_file_dataset")
    if any(action not in ACTIONS for action in changes.values()) or len(changes) > MOST:
        raise Invalid("pii.bad_changes", possible=", ".join(ACTIONS))
    wanted = dict.fromkeys(found_in(asset.lineage_dataset_id), "mask") | dict(changes)
    if not wanted:
        raise Invalid("pii.nothing_to_change")
    row = RedactedCopy.objects.create(
        scope_id=asset.scope_id, dataset_id=asset.lineage_dataset_id, source=path, changes=wanted,
        requested_by=actor.principal_id, created_at=now,
    )  # fmt: skip
    log.append(
        actor=actor, action="copy.requested", subjects=[row.subject, asset.subject], scope_id=row.scope_id, at=now,
        about={action: sum(each == action for each in wanted.values()) for action in ACTIONS},
        private={"columns": " ".join(sorted(wanted))},
    )  # fmt: skip
    enqueue("pii.copy", str(row.pk), dedupe_key=f"pii.copy:{row.pk}")
    return row


@transaction.atomic(durable=True)
def conclude_copy(*, actor: Actor, copy_id: UUID, kept: Kept, now: datetime) -> bool:
    """Note where a copy lies, or why there is none, once; false when it had ended."""
    row = RedactedCopy.objects.filter(pk=copy_id).first()
    asset = asset_of_dataset(row.dataset_id) if row is not None else None
    if row is None or asset is None:
        return False
    require(actor, Action.CLASSIFY, asset)
    state = RedactedCopy.State.DONE if kept.path else RedactedCopy.State.FAILED
    still = RedactedCopy.objects.filter(pk=row.pk, state=RedactedCopy.State.QUEUED)
    told = {"state": state, "path": kept.path, "rows": kept.rows, "digest": kept.digest, "why": kept.why}
    if still.update(**told, ended_at=now) != 1:
        return False
    log.append(
        actor=actor, action="copy.made", subjects=[row.subject, asset.subject], scope_id=row.scope_id, at=now,
        outcome="success" if kept.path else "failure",
        about={"rows": kept.rows or 0, "digest": kept.digest, "why": sorted(kept.why)},
    )  # fmt: skip
    return True
