"""Reads of the steps between datasets as of a time: which of them hold, and under which names.

What JobEvents and DatasetEvents declare holds until a later one says otherwise. A dataset is looked up under its other
names too (symlinks), one name further.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db.models import Max

from lineage.graph import Direction, Step
from lineage.models import Alias, ColumnEdge, Dataset, Declaration, Edge, JobIO

CHUNK = 500
"""How many ids one look-up asks about."""
_STRONG = (Edge.Kind.COLUMN, Edge.Kind.EXPLICIT)


class End(NamedTuple):
    """A job reads (`in`) or writes (`out`) a dataset."""

    dataset: int
    job: int
    direction: str
    declared: bool
    last: datetime


class _Edge(NamedTuple):
    src: int
    dst: int
    job: int
    kind: int
    declared: bool
    last: datetime


@dataclass(frozen=True, slots=True)
class Steps:
    """Fetches the steps at a set of datasets as of a time, a few statements for all of them."""

    as_of: datetime
    aliases: bool = field(default_factory=Alias.objects.exists)

    def __call__(self, ids: Sequence[int], way: Direction) -> Iterator[Step]:
        """Yield the steps that end (up) or begin (down) at any of `ids`."""
        for start in range(0, len(ids), CHUNK):
            yield from self._at(ids[start : start + CHUNK], up=way is Direction.UP)

    def _at(self, ids: Sequence[int], *, up: bool) -> Iterator[Step]:
        under = names(ids) if self.aliases else {}
        every = [*ids, *under]
        edges = self._edges(dst_id__in=every) if up else self._edges(src_id__in=every)
        stated = edges if up else self._edges(dst_id__in={edge.dst for edge in edges}, kind__in=_STRONG)
        known = _strongest(stated)
        drawn = set()
        for edge in edges:
            best, stated_at = known.get((edge.job, edge.dst), (edge.kind, edge.last))
            drawn.add((edge.dst if up else edge.src, edge.job))
            if edge.src == edge.dst or not (edge.kind >= best or edge.last > stated_at):
                continue
            yield Step(under.get(edge.src, edge.src), under.get(edge.dst, edge.dst), edge.job)
        for end in ends(self.as_of, dataset_id__in=every, direction="out" if up else "in"):
            if (end.dataset, end.job) not in drawn:
                pk = under.get(end.dataset, end.dataset)
                yield Step(0, pk, end.job) if up else Step(pk, 0, end.job)

    def _edges(self, **where: object) -> list[_Edge]:
        rows = Edge.objects.filter(**where, first_seen__lte=self.as_of)
        edges = [_Edge(*row) for row in rows.values_list("src_id", "dst_id", "job_id", "kind", "declared", "last_seen")]
        said = _said({_speaker(edge.job, edge.dst) for edge in edges if edge.declared}, self.as_of)
        return [edge for edge in edges if not edge.declared or _holds(edge.last, said, _speaker(edge.job, edge.dst))]


def ends(as_of: datetime, **where: object) -> list[End]:
    """Return what jobs read and write as of a time, whoever asks; `where` filters."""
    rows = JobIO.objects.filter(**where, first_seen__lte=as_of)
    found = [End(*row) for row in rows.values_list("dataset_id", "job_id", "direction", "declared", "last_seen")]
    said = _said({("job", end.job) for end in found if end.declared}, as_of)
    return [end for end in found if not end.declared or _holds(end.last, said, ("job", end.job))]


def columns(pks: Sequence[int], as_of: datetime) -> Iterator[tuple[int, str, int, str, bool]]:
    """Yield the column steps into datasets as of a time: source, its column, target, its column, masking."""
    rows = ColumnEdge.objects.filter(dst_id__in=pks, first_seen__lte=as_of).values_list(
        "src_id", "src_field", "dst_id", "dst_field", "masking", "job_id", "declared", "last_seen"
    )
    found = list(rows)
    said = _said({_speaker(job, dst) for _, _, dst, _, _, job, declared, _ in found if declared}, as_of)
    for src, column, dst, to_column, masking, job, declared, last in found:
        if not declared or _holds(last, said, _speaker(job, dst)):
            yield src, column, dst, to_column, masking


def names(ids: Sequence[int]) -> dict[int, int]:
    """Return the datasets that are the same as one of `ids` under another name, and which one."""
    own = set(ids)
    said = dict(Alias.objects.filter(dataset_id__in=ids).values_list("other_key", "dataset_id"))
    found = {pk: said[key] for key, pk in Dataset.objects.filter(key__in=said).values_list("key", "pk")} if said else {}
    mine = Dataset.objects.filter(pk__in=ids, key__in=Alias.objects.values("other_key")).values_list("key", "pk")
    called = dict(mine)
    others = Alias.objects.filter(other_key__in=called).values_list("dataset_id", "other_key") if called else ()
    found |= {pk: called[key] for pk, key in others}
    return {pk: one for pk, one in found.items() if pk not in own}


Speaker = tuple[str, int]


def _speaker(job: int, dst: int) -> Speaker:
    """Return whose declaration an edge is: its job's, or where no job is named that of the dataset itself."""
    return ("job", job) if job else ("dataset", dst)


def _said(speakers: set[Speaker], as_of: datetime) -> dict[Speaker, datetime]:
    """Return when each of them last declared its lineage by then."""
    found: dict[Speaker, datetime] = {}
    for about in ("job", "dataset"):
        pks = sorted(pk for kind, pk in speakers if kind == about)
        for start in range(0, len(pks), CHUNK):
            rows = Declaration.objects.filter(about=about, about_id__in=pks[start : start + CHUNK], at__lte=as_of)
            found |= {(about, pk): at for pk, at in rows.values_list("about_id").annotate(Max("at"))}
    return found


def _holds(last: datetime, said: dict[Speaker, datetime], speaker: Speaker) -> bool:
    return speaker not in said or last >= said[speaker]


def _strongest(edges: Iterable[_Edge]) -> dict[tuple[int, int], tuple[int, datetime]]:
    """Return, per job and target, the best kind of knowledge and when it was last stated.

    Precedence: lineage facet, column lineage, inputs by outputs. Weaker knowledge counts only where it is newer.
    """
    best: dict[tuple[int, int], tuple[int, datetime]] = {}
    for edge in edges:
        if edge.kind != Edge.Kind.RENAMED:
            known = best.get((edge.job, edge.dst), (edge.kind, edge.last))
            best[edge.job, edge.dst] = max(known, (edge.kind, edge.last))
    return best
