"""How datasets stood as of a past time, read from what each scan kept: later scans and judgements change nothing."""

from collections.abc import Iterable
from datetime import datetime

from governance.pii.models import Finding, Scan, Waiver
from governance.pii.rules import CLEAN
from governance.pii.selectors import Standing
from lineage.models import Dataset

Held = dict[tuple[str, str], datetime | None]


def standing_as_of(dataset_pks: Iterable[int], as_of: datetime) -> list[Standing]:
    """How each dataset stood then by the scan that had ended last: disputes and waivers made by then, and no others.

    A waiver that was withdrawn counts as never given, since when it was withdrawn is only in the log.
    """
    wanted = list(dict.fromkeys(dataset_pks))
    names = dict(Dataset.objects.filter(pk__in=wanted).values_list("pk", "name"))
    return [_stood(pk, names.get(pk, ""), as_of) for pk in wanted]


def _stood(pk: int, name: str, as_of: datetime) -> Standing:
    ended = Scan.objects.filter(dataset_id=pk, state__in=Scan.ENDED, ended_at__lte=as_of)
    scan = ended.order_by("-ended_at", "-created_at").first()
    if scan is None:
        return Standing(pk, name, "unscanned")
    found = _found(scan, pk, as_of)
    verdict = scan.verdict
    if verdict == "findings" and not found and scan.columns.exists():
        verdict = "clean_sampled" if scan.columns.filter(bound__gt=0).exists() else "clean_full"
    elif verdict in CLEAN and found:
        verdict = "findings"
    return Standing(
        pk, name, verdict, scan.pk, scan.ruleset, scan.ended_at, tuple((*key, found[key]) for key in sorted(found))
    )


def _found(scan: Scan, dataset_id: int, as_of: datetime) -> Held:
    """What the scan saw and nobody had disputed by then, with the end of a waiver in force then."""
    seen = {(path, one["type"]) for path, found in scan.columns.values_list("path", "found") for one in found}
    findings = Finding.objects.filter(dataset_id=dataset_id)
    disputed = findings.filter(state=Finding.State.DISPUTED, judged_at__lte=as_of)
    held: Held = dict.fromkeys(seen - set(disputed.values_list("column", "entity")))
    given = Waiver.objects.filter(
        finding__in=findings,
        state__in=(Waiver.State.APPROVED, Waiver.State.EXPIRED),
        decided_at__lte=as_of,
        expires_at__gt=as_of,
    )
    for column, entity, until in given.values_list("finding__column", "finding__entity", "expires_at"):
        if (column, entity) in held:
            held[column, entity] = max(held[column, entity] or until, until)
    return held
