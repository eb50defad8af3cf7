"""Reads of the steps between datasets as of a time: which of them hold, and under which names.

What JobEvents and DatasetEvents declare holds until a later one says otherwise. A dataset is looked up under its other
names too (symlinks), one name further.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from lineage import many
from lineage.graph import Direction, Triple
from lineage.models import Alias, Dataset, Edge

CHUNK = 500
"""How many ids one look-up through the ORM asks about."""
_IO, _RENAMED = int(Edge.Kind.IO), int(Edge.Kind.RENAMED)
_STRONG = f"kind IN ({int(Edge.Kind.COLUMN)}, {int(Edge.Kind.EXPLICIT)})"


class End(NamedTuple):
    """A job reads (`in`) or writes (`out`) a dataset."""

    dataset: int
    job: int
    direction: str
    declared: bool
    last: Any


class _Edge(NamedTuple):
    src: int
    dst: int
    job: int
    kind: int
    declared: bool
    last: Any


@dataclass(frozen=True, slots=True)
class Steps:
    """Fetches the steps at a set of datasets as of a time, a few statements for all of them."""

    as_of: datetime
    aliases: bool = field(default_factory=Alias.objects.exists)

    def __call__(self, ids: Sequence[int], way: Direction) -> list[Triple]:
        """Return the steps that end (up) or begin (down) at any of `ids`."""
        up = way is Direction.UP
        under = self._names(ids)
        every = [*ids, *under]
        edges = _edges("dst_id = ANY(%s)" if up else "src_id = ANY(%s)", every, self.as_of)
        found = self._shown(edges, up=up)
        drawn = {(edge[1] if up else edge[0], edge[2]) for edge in edges}
        alone = [end for end in ends_at(every, "out" if up else "in", self.as_of) if end[:2] not in drawn]
        found += [(0, end.dataset, end.job) if up else (end.dataset, 0, end.job) for end in alone]
        return [(under.get(src, src), under.get(dst, dst), job) for src, dst, job in found] if under else found

    def _names(self, ids: Sequence[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        for start in range(0, len(ids) if self.aliases else 0, CHUNK):
            found |= names(ids[start : start + CHUNK])
        return {pk: one for pk, one in found.items() if pk not in set(ids)} if found else found

    def _shown(self, edges: list[many.Row], *, up: bool) -> list[Triple]:
        """Leave out what is known better, and what leads from a dataset to itself."""
        stated = edges if up else _edges(f"dst_id = ANY(%s) AND {_STRONG}", {edge[1] for edge in edges}, self.as_of)
        if all(edge[3] == _IO for edge in stated):
            return [edge[:3] for edge in edges if edge[0] != edge[1]]
        known = _strongest(map(_Edge._make, stated))
        shown = []
        for edge in map(_Edge._make, edges):
            best, stated_at = known.get((edge.job, edge.dst), (edge.kind, edge.last))
            if edge.src != edge.dst and (edge.kind >= best or edge.last > stated_at):
                shown.append(edge[:3])
        return shown


def _edges(where: str, pks: Iterable[int], as_of: datetime) -> list[many.Row]:
    """Return the rows of edges that hold as of a time, in the order of `_Edge`."""
    columns = "src_id, dst_id, job_id, kind, declared, last_seen"
    asked = many.ids(pks), many.time(as_of)
    rows = many.rows(columns, "edge", f"{where} AND first_seen <= %s", *asked)
    said = _said({_speaker(job, dst) for _, dst, job, _, declared, _ in rows if declared}, as_of)
    return [e for e in rows if not e[4] or _holds(e[5], said, _speaker(e[2], e[1]))] if said else rows


def ends_at(datasets: Iterable[int], direction: str, as_of: datetime) -> list[End]:
    """Return which jobs read (`in`) or write (`out`) any of these datasets as of a time, whoever asks."""
    return _ends("dataset_id = ANY(%s) AND direction = %s", many.ids(datasets), direction, as_of=as_of)


def ends_of(job: int, as_of: datetime) -> list[End]:
    """Return what a job reads and writes as of a time, whoever asks."""
    return _ends("job_id = %s", job, as_of=as_of)


def _ends(where: str, *asked: Any, as_of: datetime) -> list[End]:
    columns = "dataset_id, job_id, direction, declared, last_seen"
    rows = many.rows(columns, "jobio", f"{where} AND first_seen <= %s", *asked, many.time(as_of))
    found = list(map(End._make, rows))
    said = _said({("job", end.job) for end in found if end.declared}, as_of)
    return [end for end in found if not end.declared or _holds(end.last, said, ("job", end.job))] if said else found


def columns(pks: Sequence[int], as_of: datetime) -> Iterator[tuple[int, str, int, str, bool]]:
    """Yield the column steps into datasets as of a time: source, its column, target, its column, masking."""
    asked = many.ids(pks), many.time(as_of)
    columns = "src_id, src_field, dst_id, dst_field, masking, job_id, declared, last_seen"
    found = many.rows(columns, "columnedge", "dst_id = ANY(%s) AND first_seen <= %s", *asked)
    said = _said({_speaker(job, dst) for _, _, dst, _, _, job, declared, _ in found if declared}, as_of)
    for src, column, dst, to_column, masking, job, declared, last in found:
        if not declared or _holds(last, said, _speaker(job, dst)):
            yield src, column, dst, to_column, bool(masking)


def columns_from(pks: Sequence[int], as_of: datetime) -> Iterator[tuple[int, str, int, str, bool, int]]:
    """Yield the column steps out of datasets, under any of their names, as of a time.

    Source, its column, target, its column, masking, job.
    """
    under: dict[int, int] = {}
    for start in range(0, len(pks), CHUNK):
        under |= names(pks[start : start + CHUNK])
    asked = many.ids({*pks, *under}), many.time(as_of)
    columns = "src_id, src_field, dst_id, dst_field, masking, job_id, declared, last_seen"
    found = many.rows(columns, "columnedge", "src_id = ANY(%s) AND first_seen <= %s", *asked)
    said = _said({_speaker(job, dst) for _, _, dst, _, _, job, declared, _ in found if declared}, as_of)
    for src, column, dst, to_column, masking, job, declared, last in found:
        if not declared or _holds(last, said, _speaker(job, dst)):
            yield _called(src, under), column, _called(dst, under), to_column, bool(masking), job


def _called(pk: int, under: dict[int, int]) -> int:
    return under.get(pk, pk)


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


def _said(speakers: set[Speaker], as_of: datetime) -> dict[Speaker, Any]:
    """Return when each of them last declared its lineage by then."""
    found: dict[Speaker, Any] = {}
    for about in ("job", "dataset"):
        pks = [pk for kind, pk in speakers if kind == about]
        where = "about = %s AND about_id = ANY(%s) AND at <= %s GROUP BY about_id"
        asked = about, many.ids(pks), many.time(as_of)
        rows = many.rows("about_id, max(at)", "declaration", where, *asked) if pks else []
        found |= {(about, pk): at for pk, at in rows}
    return found


def _holds(last: Any, said: dict[Speaker, Any], speaker: Speaker) -> bool:
    return speaker not in said or bool(last >= said[speaker])


def _strongest(edges: Iterable[_Edge]) -> dict[tuple[int, int], tuple[int, Any]]:
    """Return, per job and target, the best kind of knowledge and when it was last stated.

    Precedence: lineage facet, column lineage, inputs by outputs. Weaker knowledge counts only where it is newer.
    """
    best: dict[tuple[int, int], tuple[int, Any]] = {}
    for edge in edges:
        if edge.kind != _RENAMED:
            known = best.get((edge.job, edge.dst), (edge.kind, edge.last))
            best[edge.job, edge.dst] = max(known, (edge.kind, edge.last))
    return best
