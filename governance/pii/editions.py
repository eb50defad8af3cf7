"""What people and the worker do about new rules: let them count, and with them what their trials said."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actor import Actor, Conflict, require
from governance.access.rules import Action
from governance.pii import records, selectors
from governance.pii.freshness import accepted_ruleset, current_ruleset
from governance.pii.models import Ruleset, Scan
from jobs.records import enqueue


@transaction.atomic(durable=True)
def accept_rules(*, actor: Actor, digest: str, now: datetime) -> Ruleset:
    """Let today's rules count: what their trials said becomes what is known, dataset after dataset.

    For those who may waive anywhere. Refused when the rules have changed since they looked, or count already.
    """
    require(actor, Action.WAIVE, None)
    rules_row = Ruleset.objects.filter(digest=digest).first()
    if digest != current_ruleset() or rules_row is None:
        raise Conflict("pii.moved")
    if (
        Ruleset.objects.filter(digest=digest, accepted_at=None).update(accepted_at=now, accepted_by=actor.principal_id)
        != 1
    ):
        raise Conflict("pii.rules_count_already")
    tried = list(Scan.objects.filter(trial=True, ruleset=digest, state=Scan.State.DONE).values_list("pk", flat=True))
    log.append(
        actor=actor, action="rules.accepted", subjects=[rules_row.subject], at=now,
        about={"ruleset": digest, "scans": len(tried), "parts": _keyed(rules_row.parts)},
    )  # fmt: skip
    for pk in tried:
        enqueue("pii.adopt", str(pk), dedupe_key=f"pii.adopt:{pk}")
    return Ruleset.objects.get(digest=digest)


def _keyed(parts: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): part for name, part in parts.items()}


@transaction.atomic(durable=True)
def adopt_trial(*, actor: Actor, scan_id: UUID, now: datetime) -> bool:
    """Let a trial count, since its rules do; false when it counts already, or a later scan speaks for the dataset."""
    scan = selectors.scan(scan_id)
    if scan is None or scan.dataset_id is None or scan.ruleset != accepted_ruleset():
        return False
    require(actor, Action.CLASSIFY, selectors.governed(scan))
    last = selectors.last_ended(scan.dataset_id)
    newer = last is not None and last.created_at > scan.created_at
    if newer or Scan.objects.filter(pk=scan.pk, trial=True).update(trial=False) != 1:
        return False
    fresh = records.keep_findings(scan, selectors.result_of(scan)["columns"], now)
    subjects = [scan.subject, selectors.governed(scan).subject]
    log.append(
        actor=actor, action="scan.adopted", subjects=subjects, scope_id=scan.scope_id, at=now,
        about={"verdict": scan.verdict, "ruleset": scan.ruleset, "new_findings": len(fresh)},
    )  # fmt: skip
    records.owe_reassessment(scan.dataset_id)
    return True
