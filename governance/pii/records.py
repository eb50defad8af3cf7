"""Writes this room makes inside its services' transactions, and the scan's own progress."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from audit.actor import Actor, Conflict
from governance.pii import choices, selectors
from governance.pii.chosen import Chosen
from governance.pii.downstream import Due
from governance.pii.freshness import current_ruleset, digest_of, parts_of
from governance.pii.models import Choices, ColumnVerdict, Finding, Flag, Ruleset, Scan
from jobs.records import enqueue

EVIDENCE = ("share", "low", "high", "hits", "passed", "tried", "base", "shape", "because")


def owe_reassessment(dataset_id: int | None) -> None:
    """Owe the promotions that rest on this dataset another look, and approved models downstream their flags.

    One waiting job of each is enough.
    """
    if dataset_id is not None:
        enqueue("promotions.reassess", str(dataset_id), dedupe_key=f"reassess:dataset:{dataset_id}")
        enqueue("promotions.flag", str(dataset_id), dedupe_key=f"flag:dataset:{dataset_id}")


def owe_scan(scan: Scan) -> None:
    """Owe the work of a scan; one waiting job is enough."""
    kind, key = selectors.work_of(scan)
    enqueue(kind, str(scan.pk), dedupe_key=key)


def start(scan: Scan, now: datetime) -> bool:
    """Note that the work began, or began again after a crash; false when the scan has ended."""
    with transaction.atomic():
        mine = Scan.objects.filter(pk=scan.pk, state__in=Scan.OPEN)
        return mine.update(state=Scan.State.RUNNING, started_at=now, progress=0, stage="", count=0) == 1


def tell(scan: Scan, progress: float, stage: str, count: int) -> None:
    """Show how far the scan is; nothing once it has ended."""
    running = Scan.objects.filter(pk=scan.pk, state=Scan.State.RUNNING)
    running.update(progress=progress, stage=stage[:20], count=count)


def note_ruleset(digest: str, now: datetime) -> None:
    """Note the rules that a scan followed; the first there are count at once, later ones when somebody accepts them."""
    if not digest or Ruleset.objects.filter(digest=digest).exists():
        return
    known = [each for each in (choices.today(), choices.counting()) if digest_of(each.chosen) == digest]
    parts = parts_of(known[0].chosen) if known else {}
    first = not Ruleset.objects.exists()
    new = Ruleset(digest=digest, parts=parts, seen_at=now, accepted_at=now if first else None)
    new.choices = known[0].number if known else 0
    Ruleset.objects.bulk_create([new], ignore_conflicts=True)


def keep_choices(chosen: Chosen, seen: int, actor: Actor, now: datetime) -> Ruleset:
    """Keep what was chosen next after the choices `seen`, and note the rules that it makes; refused when not next."""
    if seen != choices.today().number:
        raise Conflict("pii.moved")
    try:
        with transaction.atomic():
            kept = {**chosen.as_json(), "labels": choices.labels() | {own.entity: own.label for own in chosen.own}}
            Choices.objects.create(number=seen + 1, chosen=kept, made_by=actor.principal_id, made_at=now)
    except IntegrityError:
        raise Conflict("pii.moved") from None
    note_ruleset(current_ruleset(), now)
    return Ruleset.objects.get(digest=current_ruleset())


def keep_columns(scan: Scan, columns: Iterable[Mapping[str, Any]]) -> None:
    """Keep what the scan says of each column."""
    wanted = ("path", "verdict", "filled", "distinct", "examined", "bound", "found", "why")
    rows = [
        ColumnVerdict(scan=scan, position=at, **{name: column[name] for name in wanted})
        for at, column in enumerate(columns)
    ]
    ColumnVerdict.objects.bulk_create(rows, batch_size=500)


def keep_findings(scan: Scan, columns: Iterable[Mapping[str, Any]], now: datetime) -> list[Finding]:
    """Bring the dataset's findings up to date and return the new ones.

    What people said of a finding stays with it; a finding that a whole scan no longer sees is resolved, and one that
    comes back is new again unless it was disputed.
    """
    assert scan.dataset_id is not None, "findings belong to datasets"
    known = {(each.column, each.entity): each for each in Finding.objects.filter(dataset_id=scan.dataset_id)}
    gone = {key: each for key, each in known.items() if each.present}
    fresh = []
    for column in columns:
        for seen in column["found"]:
            key = (column["path"], seen["type"])
            evidence = {name: seen[name] for name in EVIDENCE}
            before = gone.pop(key, None)
            finding = known.get(key) or Finding(
                dataset_id=scan.dataset_id, column=key[0], entity=key[1], created_at=now, scope_id=scan.scope_id
            )
            for name, value in {**evidence, "scan": scan, "present": True}.items():
                setattr(finding, name, value)
            finding.save()
            if before is None and finding.state != Finding.State.DISPUTED:
                fresh.append(finding)
    if scan.verdict not in {"incomplete", "unreadable"}:
        Finding.objects.filter(pk__in=[each.pk for each in gone.values()]).update(present=False)
    return fresh


def keep_flags(dataset_id: int, due: Iterable[Due], now: datetime) -> tuple[list[Flag], list[Flag]]:
    """Bring the flags that a dataset's findings raise up to date; returns the new ones and those that are cleared."""
    open_ones = Flag.objects.filter(finding__dataset_id=dataset_id, cleared_at=None).select_related("finding", "asset")
    standing = {(each.finding_id, each.asset_id): each for each in open_ones}
    wanted = {(each.finding, each.model): each for each in due}
    raised = [
        Flag(finding_id=finding, asset_id=model, by_column=each.by_column, approved=list(each.approved), raised_at=now)
        for (finding, model), each in wanted.items()
        if (finding, model) not in standing
    ]
    Flag.objects.bulk_create(raised)
    cleared = [each for pair, each in standing.items() if pair not in wanted]
    Flag.objects.filter(pk__in=[each.pk for each in cleared]).update(cleared_at=now)
    fresh = Flag.objects.filter(pk__in=[each.pk for each in raised]).select_related("finding", "asset")
    return list(fresh), cleared
