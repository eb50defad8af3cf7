"""What a finding means further on: the columns and models that the values of a column reach without being masked.

Labels are read from the lineage as it is, never stored: an edge that is learnt tomorrow carries them tomorrow.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from governance.catalog.models import Asset
from governance.catalog.selectors import asset_key
from governance.pii.models import Finding, Waiver
from governance.pii.rules import ENDS
from lineage.graph import Budget, Direction, walk
from lineage.models import Dataset
from lineage.naming import model_name
from lineage.reach import FAR, Found, Moves, Spot, Way, follow
from lineage.selectors import dataset_named
from lineage.steps import Steps

UP = Budget(50, 2_000)
MOST_SPOTS = 200
SECONDS = 5.0


@dataclass(frozen=True)
class Label:
    """A column (all of the dataset, when empty) holds an entity: found in it, or in what it was made from."""

    column: str
    finding: Finding
    inherited: bool


@dataclass(frozen=True)
class Labels:
    """The labels of a dataset or model; `cut` when not everything upstream was looked at."""

    labels: tuple[Label, ...]
    cut: bool = False

    @property
    def inherited(self) -> list[Label]:
        """Those that came from elsewhere."""
        return [label for label in self.labels if label.inherited]


@dataclass(frozen=True)
class Learned:
    """A model that values of a column reach: whether only masked ones do, and whether the column itself is known to."""

    model: Asset | None
    dataset: Dataset
    masked: bool
    by_column: bool


@dataclass(frozen=True)
class Due:
    """A flag that a model shall carry for a finding; `approved` names the requests that let it run."""

    finding: UUID
    model: UUID
    by_column: bool
    approved: tuple[str, ...]


def counting(dataset_ids: Collection[int]) -> QuerySet[Finding]:
    """The findings of datasets that were seen last time and that nobody disputed, waived or not."""
    present = Finding.objects.filter(dataset_id__in=dataset_ids, present=True)
    return present.exclude(state=Finding.State.DISPUTED).order_by("dataset_id", "column", "entity")


def found_in(dataset_id: int) -> dict[str, set[str]]:
    """The columns in which findings count, and what is in each; the ends of a column in a file's footer are its own."""
    found: dict[str, set[str]] = {}
    for each in counting([dataset_id]):
        found.setdefault(each.column.removeprefix(ENDS), set()).add(each.entity)
    return found


def standing_out(dataset_id: int, now: datetime) -> QuerySet[Finding]:
    """The findings of a dataset that count now: not disputed, and no waiver in force."""
    waiver = Waiver.objects.filter(finding=OuterRef("pk"), state=Waiver.State.APPROVED, expires_at__gt=now)
    return counting([dataset_id]).filter(~Exists(waiver))


def labels_of(dataset_id: int, now: datetime) -> Labels:
    """The labels of a dataset or model by lineage: its own findings, and those that reach it without being masked."""
    above = walk([dataset_id], Direction.UP, Steps(now), UP, monotonic)
    findings = list(counting(list(above.depth)))
    own = [Label(each.column, each, inherited=False) for each in findings if each.dataset_id == dataset_id]
    spots: dict[Spot, list[Finding]] = {}
    for each in findings:
        if each.dataset_id != dataset_id:
            spots.setdefault(Spot(each.dataset_id, each.column), []).append(each)
    found: dict[tuple[str, UUID], Label] = {}
    followed = 0
    for spot, ways in _followed(list(spots)[:MOST_SPOTS], now):
        followed += 1
        for column in _columns_at(dataset_id, ways):
            for each in spots[spot]:
                found[column, each.pk] = Label(column, each, inherited=True)
    return Labels((*own, *found.values()), cut=above.truncated or followed < len(spots))


def place_of(asset: Asset) -> int:
    """The id in lineage of a dataset or model, which a registry may have named before lineage did; 0 without one."""
    if asset.lineage_dataset_id is not None:
        return asset.lineage_dataset_id
    known = dataset_named(asset.namespace, model_name(asset.namespace, asset.name)) if asset.kind == "model" else None
    return known.pk if known is not None else 0


def _columns_at(dataset_id: int, found: Found) -> list[str]:
    """Where in a dataset values arrive as they are: its columns, or the whole of it where no column is known."""
    here = [spot.column for spot, way in found.ways.items() if spot.dataset == dataset_id and not way.masked]
    return [column for column in here if column] or here


def _followed(spots: Iterable[Spot], now: datetime) -> Iterator[tuple[Spot, Found]]:
    """Follow columns until the time is over."""
    moves, end = Moves(Steps(now), now), monotonic() + SECONDS
    for spot in spots:
        if monotonic() > end:
            return
        yield spot, follow(spot, moves, FAR, lambda: monotonic() > end)


def learned_from(dataset_id: int, column: str, now: datetime) -> list[Learned]:
    """The models that learned from a column (from any of it, when empty), whoever asks; the nearest to it first."""
    return [one for _spot, found in _followed([Spot(dataset_id, column)], now) for one in _models(found)]


def _models(found: Found) -> Iterator[Learned]:
    best: dict[int, Way] = {}
    for spot, way in found.ways.items():
        best[spot.dataset] = min(way, best.get(spot.dataset, way))
    rows = Dataset.objects.filter(pk__in=best, type="MODEL")
    datasets = sorted(rows, key=lambda one: (best[one.pk], found.depth[one.pk], one.name))
    assets = models_of(datasets)
    for row in datasets:
        way = best[row.pk]
        yield Learned(assets.get(row.pk), row, way.masked, not way.whole)


def models_of(datasets: Sequence[Dataset]) -> dict[int, Asset]:
    """The catalog's models behind datasets of lineage, by the dataset's id."""
    keys = {asset_key(Asset.Kind.MODEL, row.namespace, row.name): row.pk for row in datasets}
    found: dict[int, Asset] = {}
    for asset in Asset.objects.filter(kind=Asset.Kind.MODEL, key__in=keys).select_related("scope"):
        found[keys[asset.key]] = asset
    return found


def flags_due(dataset_id: int, approved: Mapping[UUID, Sequence[str]], now: datetime) -> list[Due]:
    """The flags that findings of a dataset raise on approved models: those that unmasked values reach."""
    findings: dict[str, list[Finding]] = {}
    for each in standing_out(dataset_id, now):
        findings.setdefault(each.column, []).append(each)
    due: list[Due] = []
    for column, those in findings.items():
        for one in learned_from(dataset_id, column, now):
            if one.model is not None and not one.masked and one.model.pk in approved:
                keys = tuple(sorted(approved[one.model.pk]))
                due += [Due(each.pk, one.model.pk, one.by_column, keys) for each in those]
    return due
