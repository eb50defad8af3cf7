"""Reads of scans, findings and waivers, always as somebody or for datasets the caller may see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from audit.actor import Actor, Forbidden, NotSeen, home_scope, require, visible
from governance.access.models import User
from governance.access.rules import Action
from governance.catalog.models import Asset
from governance.catalog.selectors import asset_key, asset_of_dataset
from governance.pii import places
from governance.pii.freshness import Read, current_ruleset, ruleset_for, stale_because
from governance.pii.models import Anonymity, ColumnVerdict, Finding, Flag, RedactedCopy, Scan, Waiver
from governance.pii.rules import WORST_FIRST
from jobs.selectors import is_owed
from lineage.models import Dataset

WHOLE = ("clean_full", "clean_sampled", "findings")
MAY_ASK = (Action.EDIT, Action.CLASSIFY, Action.REGISTER)
"""Any of these lets somebody ask for a scan; the last is what a pipeline holds that registers models."""


@dataclass(frozen=True)
class Standing:
    """How a dataset stands now. `findings` holds (column, entity, waived until) of what is found and not disputed.

    `why` is the code that says why a scan is stale.
    """

    dataset_id: int
    name: str
    verdict: str
    scan_id: UUID | None = None
    ruleset: str = ""
    scanned_at: datetime | None = None
    findings: tuple[tuple[str, str, datetime | None], ...] = ()
    why: str = ""
    namespace: str = ""


def standing(
    dataset_pks: Iterable[int], now: datetime, reads: Mapping[int, Sequence[Read]] | None = None
) -> list[Standing]:
    """How each dataset stands by its last ended scan: `unscanned` without one, disputed findings left out.

    A scan of other bytes than those that `reads` tell of (than those there are now, where nothing is told), or by other
    rules than today's, is `stale`. Incomplete and unreadable stay so whatever is waived. For the caller to show only to
    those who may see them.
    """
    wanted = list(dict.fromkeys(dataset_pks))
    named = Dataset.objects.in_bulk(wanted)
    findings = Finding.objects.filter(dataset_id__in=wanted, present=True).exclude(state=Finding.State.DISPUTED)
    in_force = Q(waivers__state=Waiver.State.APPROVED, waivers__expires_at__gt=now)
    until = findings.annotate(until=Max("waivers__expires_at", filter=in_force)).order_by("column", "entity")
    held: dict[int, list[tuple[str, str, datetime | None]]] = {}
    for dataset_id, column, entity, waived in until.values_list("dataset_id", "column", "entity", "until"):
        held.setdefault(dataset_id, []).append((column, entity, waived))
    return [
        _stand(pk, named.get(pk) or Dataset(pk=pk), tuple(held.get(pk, ())), (reads or {}).get(pk, ())) for pk in wanted
    ]


def _stand(
    pk: int, dataset: Dataset, findings: tuple[tuple[str, str, datetime | None], ...], reads: Sequence[Read]
) -> Standing:
    scan, name = last_ended(pk), dataset.name
    if scan is None:
        return Standing(pk, name, "unscanned", namespace=dataset.namespace)
    verdict = scan.verdict
    why = stale_because(scan, reads) if scan.verdict not in ("incomplete", "unreadable") else ""
    if verdict == "findings" and not findings:
        verdict = "clean_sampled" if scan.columns.filter(bound__gt=0).exists() else "clean_full"
    elif verdict in {"clean_full", "clean_sampled"} and findings:
        verdict = "findings"
    return Standing(
        pk, name, "stale" if why else verdict, scan.pk, scan.ruleset, scan.ended_at, findings, why, dataset.namespace
    )


def last_ended(dataset_id: int) -> Scan | None:
    """The scan of a dataset that ended last, whoever asks."""
    ended = Scan.objects.filter(dataset_id=dataset_id, state__in=Scan.ENDED, trial=False)
    return ended.order_by("-ended_at", "-created_at").first()


def latest_scan(dataset_id: int) -> Scan | None:
    """The newest scan of a dataset, ended or not, whoever asks; trials aside."""
    return Scan.objects.filter(dataset_id=dataset_id, trial=False).order_by("-created_at").first()


def whole_before(row: Scan) -> Scan | None:
    """The last scan of the same place by its rules that looked at all of it: of the same bytes it still holds."""
    same = Scan.objects.filter(
        dataset_id=row.dataset_id, path=row.path, ruleset=ruleset_for(row), state=Scan.State.DONE
    )
    same = same if row.dataset_id is not None else same.filter(scope_id=row.scope_id)
    return same.filter(verdict__in=WHOLE).exclude(ruleset="").order_by("-ended_at").first()


def result_of(row: Scan) -> dict[str, Any]:
    """What a scan's process told when it ended, put together again."""
    wanted = ("path", "verdict", "filled", "distinct", "examined", "bound", "found", "why")
    columns = [{name: getattr(each, name) for name in wanted} for each in columns_of(row)]
    kept = {name: getattr(row, name) for name in ("verdict", "ruleset", "rows", "digest", "seed")}
    return {**kept, "gaps": row.why, "columns": columns, "same_as": row.same_as or row.pk}


def scan(pk: UUID | str) -> Scan | None:
    """The scan of that id, whoever asks; for the worker."""
    return Scan.objects.filter(pk=pk).first()


def abandoned(limit: int = 100) -> list[Scan]:
    """The open scans that no work is owed for any more, because it was given up."""
    open_ones = Scan.objects.filter(state__in=Scan.OPEN).order_by("created_at")
    return [each for each in open_ones if not is_owed(*work_of(each))][:limit]


def work_of(row: Scan) -> tuple[str, str]:
    """The kind and the key of the work that a scan is."""
    return "pii.scan", f"pii.scan:{row.pk}"


def outdated(limit: int = 20) -> list[Scan]:
    """The last scans of datasets that followed other rules than today's, none under way or tried again since."""
    now = current_ruleset()
    if not now:
        return []
    newer = Scan.objects.filter(dataset_id=OuterRef("dataset_id"), created_at__gt=OuterRef("created_at"))
    last = Scan.objects.filter(~Exists(newer), state=Scan.State.DONE, dataset_id__isnull=False)
    return list(last.exclude(ruleset__in=("", now)).order_by("ended_at")[:limit])


def flags_seen_by(actor: Actor) -> QuerySet[Flag]:
    """The flags, standing and cleared, of models that `actor` may see; order is the caller's."""
    seen = visible(actor).q(scope="asset__scope_id", pk="asset_id")
    return Flag.objects.filter(seen).select_related("finding", "asset")


def datasets_seen_by(actor: Actor, dataset_ids: Iterable[int]) -> dict[int, Asset]:
    """Those of some datasets that `actor` may see, as assets by the ids of lineage."""
    seen = visible(actor).q(scope="scope_id", pk="pk")
    rows = Asset.objects.filter(seen, lineage_dataset_id__in=set(dataset_ids)).select_related("scope")
    return {each.lineage_dataset_id: each for each in rows if each.lineage_dataset_id is not None}


def flags_standing(actor: Actor, dataset_id: int, column: str) -> dict[UUID, list[Flag]]:
    """The flags that findings of a column (of any, when empty) hold on models `actor` may see, by the model's id."""
    found: dict[UUID, list[Flag]] = {}
    standing_ones = flags_seen_by(actor).filter(finding__dataset_id=dataset_id, cleared_at=None)
    for each in standing_ones.order_by("raised_at", "pk"):
        if column in ("", each.finding.column):
            found.setdefault(each.asset_id, []).append(each)
    return found


def waiver(pk: UUID | str) -> Waiver | None:
    """The waiver of that id, whoever asks; for the worker."""
    return Waiver.objects.filter(pk=pk).select_related("finding").first()


def _seen(actor: Actor, dataset: str, scope: str) -> Q:
    """Rows of datasets they see, wherever those live now, and rows without a dataset in scopes they see."""
    seen = visible(actor)
    assets = Asset.objects.filter(seen.q(scope="scope_id", pk="pk"), kind=Asset.Kind.DATASET)
    mine = Q(**{f"{dataset}__in": assets.exclude(lineage_dataset_id=None).values("lineage_dataset_id")})
    return mine | (Q(**{f"{dataset}__isnull": True}) & seen.q(scope=scope))


def scans_seen_by(actor: Actor) -> QuerySet[Scan]:
    """The scans `actor` may see."""
    return Scan.objects.filter(_seen(actor, "dataset_id", "scope_id"))


def scans_for(actor: Actor, asset: Asset) -> QuerySet[Scan]:
    """The scans of a dataset the actor may see; order is the caller's."""
    return scans_seen_by(actor).filter(dataset_id=asset.lineage_dataset_id or 0)


def scan_seen_by(actor: Actor, pk: UUID) -> Scan:
    """The scan; refused when it does not exist or is not theirs to see."""
    found = scans_seen_by(actor).filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="scan")
    return found


def finding_seen_by(actor: Actor, pk: UUID) -> Finding:
    """The finding; refused when it does not exist or is not theirs to see."""
    found = Finding.objects.filter(_seen(actor, "dataset_id", "scope_id"), pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="finding")
    return found


def waivers_for(actor: Actor) -> QuerySet[Waiver]:
    """The waivers `actor` may see."""
    return Waiver.objects.filter(_seen(actor, "finding__dataset_id", "scope_id")).select_related("finding")


def waiver_seen_by(actor: Actor, pk: UUID) -> Waiver:
    """The waiver; refused when it does not exist or is not theirs to see."""
    found = waivers_for(actor).filter(pk=pk).first()
    if found is None:
        raise NotSeen("not_seen", what="waiver")
    return found


def governed(row: Scan | Finding | Waiver) -> Any:
    """What decides over a row: the asset of its dataset where it lives now, the row itself without one."""
    dataset_id = row.finding.dataset_id if isinstance(row, Waiver) else row.dataset_id
    return (asset_of_dataset(dataset_id) if dataset_id is not None else None) or row


def require_one(actor: Actor, actions: Sequence[str], row: Any) -> None:
    """Refuse unless one of the actions is theirs on the row."""
    if not may(actor, actions[:-1], row):
        require(actor, actions[-1], row)


def home(actor: Actor, actions: Sequence[str]) -> UUID:
    """The scope of their own grant for the first of the actions they hold; refused without any."""
    for action in actions[:-1]:
        try:
            return home_scope(actor, action)
        except Forbidden:
            continue
    return home_scope(actor, actions[-1])


def may(actor: Actor, actions: Sequence[str], row: Any) -> bool:
    """Whether any one of the actions is theirs on the row."""
    for action in actions:
        try:
            require(actor, action, row)
        except Forbidden:
            continue
        return True
    return False


def may_ask(actor: Actor, row: Any) -> bool:
    """Whether they may ask for scans of it."""
    return may(actor, MAY_ASK, row)


def dataset_named(actor: Actor, path: str) -> Asset | None:
    """The dataset whose file is at `path`, when `actor` may see it."""
    seen = visible(actor).q(scope="scope_id", pk="pk")
    files = Asset.objects.filter(seen, kind=Asset.Kind.DATASET, key=_key_of(path))
    return files.exclude(lineage_dataset_id=None).select_related("scope").first()


def is_somebodys(path: str) -> bool:
    """Whether the file at `path` is that of any dataset, whoever may see it."""
    return Asset.objects.filter(kind=Asset.Kind.DATASET, key=_key_of(path)).exists()


def _key_of(path: str) -> str:
    if not path.startswith("sql://"):
        return asset_key(Asset.Kind.DATASET, *places.dataset_at(path))
    every = Asset.objects.filter(kind=Asset.Kind.DATASET, namespace__startswith="postgres")
    found = (row for row in every if places.location(row.namespace, row.name, settings.SCAN_DATABASES) == path)
    return next((row.key for row in found), "")


def anonymity(pk: UUID | str) -> Anonymity | None:
    """The question of that id, whoever asks; for the worker."""
    return Anonymity.objects.filter(pk=pk).first()


def anonymity_of(asset: Asset) -> QuerySet[Anonymity]:
    """What was asked about the rows of a dataset the caller has seen; order is the caller's."""
    return Anonymity.objects.filter(dataset_id=asset.lineage_dataset_id or 0)


def redacted_copy(pk: UUID | str) -> RedactedCopy | None:
    """The copy of that id, whoever asks; for the worker."""
    return RedactedCopy.objects.filter(pk=pk).first()


def uncopied() -> list[RedactedCopy]:
    """The open copies that no work is owed for any more, because it was given up."""
    open_ones = RedactedCopy.objects.filter(state=RedactedCopy.State.QUEUED).order_by("created_at")[:100]
    return [each for each in open_ones if not is_owed("pii.copy", f"pii.copy:{each.pk}")]


def unmeasured() -> list[Anonymity]:
    """The open questions that no work is owed for any more, because it was given up."""
    open_ones = Anonymity.objects.filter(state=Anonymity.State.QUEUED).order_by("created_at")[:100]
    return [each for each in open_ones if not is_owed("pii.measure", f"pii.measure:{each.pk}")]


def columns_of(row: Scan) -> list[ColumnVerdict]:
    """What a scan the caller has seen says of each column, in the file's order."""
    return list(row.columns.order_by("position"))


def columns_named(dataset_id: int) -> list[str]:
    """The columns that the last scan of a dataset the caller has seen tells of, in the file's order."""
    last = last_ended(dataset_id)
    return [column.path for column in columns_of(last)] if last is not None else []


def worst(verdicts: Iterable[str]) -> str:
    """The worst of some verdicts."""
    seen = set(verdicts)
    return next((verdict for verdict in WORST_FIRST if verdict in seen), "unscanned")


def names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The names of some principals."""
    return {user.pk: str(user) for user in User.objects.filter(pk__in={pk for pk in ids if pk})}


def dataset_panel(actor: Actor, asset: Asset, now: datetime) -> dict[str, Any]:
    """What a dataset's page shows of its last ended scan, of one under way, and what the reader may do."""
    pk = asset.lineage_dataset_id
    ended = last_ended(pk) if pk is not None else None
    latest = latest_scan(pk) if pk is not None else None
    stand = standing([pk], now)[0] if pk is not None else None
    return _panel(actor, ended, asset, now) | {
        "under_way": latest if latest is not None and latest.is_open else None,
        "verdict": stand.verdict if stand else "unscanned",
        "stale_why": stand.why if stand else "",
        "found": len(stand.findings) if stand else 0,
        "waived": sum(1 for _column, _entity, until in stand.findings if until) if stand else 0,
        "may_scan": pk is not None and bool(table_of(asset)) and may(actor, MAY_ASK, asset),
    }


def table_of(asset: Asset) -> str:
    """Where a scan reads a dataset, as lineage names it; empty where it cannot."""
    return places.location(asset.namespace, asset.name, settings.SCAN_DATABASES)


def scan_panel(actor: Actor, row: Scan, now: datetime) -> dict[str, Any]:
    """What a scan's page shows: its own columns, with what people have said of their findings since."""
    return _panel(actor, row, governed(row), now) | {"verdict": row.verdict}


def _panel(actor: Actor, row: Scan | None, over: Any, now: datetime) -> dict[str, Any]:
    columns = columns_of(row) if row is not None else []
    findings = _findings(row.dataset_id) if row is not None and row.dataset_id is not None else {}
    held = _waivers(findings.values(), now)
    people = names(finding.judged_by for finding in findings.values())
    return {
        "scan": row,
        "columns": [{"column": each, "entities": _seen_in(each, findings, held, people)} for each in columns],
        "may_judge": may(actor, (Action.CLASSIFY,), over),
        "may_dispute": may(actor, (Action.WAIVE,), over),
        "may_propose": may(actor, (Action.EDIT, Action.REQUEST, Action.CLASSIFY), over),
        "may_read_pii": may(actor, (Action.READ_PII,), over),
    }


def _findings(dataset_id: int) -> dict[tuple[str, str], Finding]:
    return {(each.column, each.entity): each for each in Finding.objects.filter(dataset_id=dataset_id)}


def _waivers(findings: Iterable[Finding], now: datetime) -> dict[UUID, Waiver]:
    """For each finding the waiver to show: one in force before one that waits."""
    shown: dict[UUID, Waiver] = {}
    open_ones = Q(state=Waiver.State.PROPOSED) | Q(state=Waiver.State.APPROVED, expires_at__gt=now)
    rows = Waiver.objects.filter(open_ones, finding__in=[each.pk for each in findings])
    for each in rows.order_by("-state", "expires_at"):
        shown[each.finding_id] = each
    return shown


def _seen_in(
    column: ColumnVerdict, findings: dict[tuple[str, str], Finding], held: dict[UUID, Waiver], people: dict[UUID, str]
) -> list[dict[str, Any]]:
    found = [(one, findings.get((column.path, one["type"]))) for one in column.found]
    return [
        {
            "seen": one,
            "finding": finding,
            "waiver": held.get(finding.pk) if finding else None,
            "judge": people.get(finding.judged_by, "") if finding and finding.judged_by else "",
        }
        for one, finding in found
    ]
