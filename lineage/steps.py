"""Reads of the steps between datasets as of a time: which of them hold, and under which names.

What JobEvents and DatasetEvents declare holds until a later one says otherwise. A dataset is looked up under its other
names too (symlinks), one name further.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import eq
from typing import Any, NamedTuple, cast

from lineage import many
from lineage.graph import Direction, Triple
from lineage.known import Known
from lineage.models import Alias, Dataset, Edge

_IO, _RENAMED = int(Edge.Kind.IO), int(Edge.Kind.RENAMED)
_STRONG = f"kind IN ({int(Edge.Kind.COLUMN)}, {int(Edge.Kind.EXPLICIT)})"
_NEAR = ("src_id", "dst_id")
"""Where a step touches the datasets asked about: where it begins, and (up) where it ends."""
_STEP = f"src_id, dst_id, CASE WHEN kind = {_IO} AND NOT declared {{}} THEN job_id ELSE -1 - job_id END"
"""A step; its job is below 0 where it is known otherwise than from what a run read and wrote."""
CHUNK = 500
"""How many ids one look-up through the ORM asks about."""


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
    """Fetches the steps at a set of datasets as of a time, a few statements for all of them.

    With `kept` the time is now, and what is known of the graph is not read again.
    """

    as_of: datetime
    kept: Known | None = None
    aliases: bool = field(default_factory=lambda: bool(many.rows("1", "alias", "TRUE LIMIT 1")))

    def __call__(self, ids: Sequence[int], way: Direction) -> list[Triple]:
        """Return the steps that end (up) or begin (down) at any of `ids`, the same each time in the same order."""
        # under another name a dataset has its steps by whom it is asked with
        if self.kept is None or self.aliases:
            return self._read(ids, way)[0]
        known = self.kept.steps[way]
        loose = self._learn([pk for pk in ids if pk not in known], way, known)
        if loose:
            return [step for pk in ids for step in (loose[pk] if pk in loose else known[pk])]
        return list(chain.from_iterable(map(known.__getitem__, ids)))

    def _learn(
        self, ids: Sequence[int], way: Direction, known: dict[int, tuple[Triple, ...]]
    ) -> dict[int, list[Triple]]:
        """Read the steps at datasets and remember them; returns those that time alone may change."""
        at: dict[int, list[Triple]] = {pk: [] for pk in ids}
        steps, loose = self._read(ids, way) if ids else ([], set[int]())
        for step in steps:
            at[step[1 if way is Direction.UP else 0]].append(step)
        known.update((pk, tuple(steps)) for pk, steps in at.items() if pk not in loose)
        return {pk: at[pk] for pk in loose}

    def _read(self, ids: Sequence[int], way: Direction) -> tuple[list[Triple], set[int]]:
        """Return the steps as the tables say them, and the datasets of which time may change what is said.

        Nearly all steps are what runs read and wrote, and those are taken as they come, without a look at each.
        """
        up = way is Direction.UP
        under = self._names(ids)
        every = [*ids, *under]
        found, drawn, loose = self._edges(every, up=up)
        alone, stated = ends_at(every, "out" if up else "in", self.as_of, drawn)
        found += [(0, pk, job) if up else (pk, 0, job) for pk, job in sorted(alone)]
        if under:
            found = [(under.get(s[0], s[0]), under.get(s[1], s[1]), s[2]) for s in found]
        return found, loose | stated

    def _edges(self, pks: Sequence[int], *, up: bool) -> tuple[list[Triple], set[tuple[int, int]], set[int]]:
        """Return the steps at datasets; which jobs are at which of them, also by steps that are not shown; and the
        datasets at which something is known otherwise than from what runs read and wrote by then.
        """
        near = 1 if up else 0
        found = self._plain(pks, up=up)
        ends = tuple(zip(*found, strict=True)) or ((), (), ())
        odd = {step[near] for step in found if step[2] < 0} if min(ends[2], default=0) < 0 else set[int]()
        if not up and found and (better := self._known_better(ends[1])):
            odd |= {step[0] for step in found if step[1] in better}
        drawn = set(zip(ends[near], ends[2], strict=True))
        if odd:
            found = [step for step in found if step[near] not in odd]
            drawn = {end for end in drawn if end[0] not in odd}
        if any(map(eq, ends[0], ends[1])):
            found = [step for step in found if step[0] != step[1]]
        if odd:
            edges = _edges(f"{_NEAR[up]} = ANY(%s)", odd, self.as_of)
            drawn |= {(edge[near], edge[2]) for edge in edges}
            found += sorted(self._shown(edges, up=up))
        return found, drawn, odd

    def _plain(self, pks: Sequence[int], *, up: bool) -> list[Triple]:
        """Return the steps at datasets by then, with a job below 0 where that is not all there is to say.

        What is remembered must also be true later: then steps that begin later are among them.
        """
        where, order = f"{_NEAR[up]} = ANY(%s)", f"{_NEAR[up]}, {_NEAR[not up]}, job_id"
        asked, at = many.ids(pks), many.time(self.as_of)
        if self.kept is None:
            return many.rows(_STEP.format(""), "edge", f"{where} AND first_seen <= %s", asked, at, order=order)
        return many.rows(_STEP.format("AND first_seen <= %s"), "edge", where, at, asked, order=order)

    def _known_better(self, made: Iterable[int]) -> set[int]:
        """Return those of what was made of which it is known better what they were made from."""
        return {pk for (pk,) in many.rows("dst_id", "edge", f"dst_id = ANY(%s) AND {_STRONG}", many.ids(set(made)))}

    def _names(self, ids: Sequence[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        for start in range(0, len(ids) if self.aliases else 0, CHUNK):
            found |= names(ids[start : start + CHUNK])
        own = set(ids)
        return {pk: one for pk, one in found.items() if pk not in own}

    def _shown(self, edges: list[many.Row], *, up: bool) -> list[Triple]:
        """Leave out what is known better, and what leads from a dataset to itself."""
        stated = edges if up else _edges(f"dst_id = ANY(%s) AND {_STRONG}", {edge[1] for edge in edges}, self.as_of)
        if all(edge[3] == _IO for edge in stated):
            return [edge[:3] for edge in edges if edge[0] != edge[1]]
        known = _strongest(map(_Edge._make, stated))
        shown: list[Triple] = []
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


def ends_at(
    datasets: Iterable[int], direction: str, as_of: datetime, beside: Set[tuple[int, int]]
) -> tuple[set[tuple[int, int]], set[int]]:
    """Return, as (dataset, job), which jobs read (`in`) or write (`out`) these datasets as of a time, whoever asks.

    Those in `beside` are known already and left out. And the datasets of which that may be otherwise later.
    """
    asked = many.ids(datasets), direction
    later = "CASE WHEN declared OR first_seen > %s THEN -job_id ELSE job_id END"
    where = "dataset_id = ANY(%s) AND direction = %s"
    rows = many.rows(f"dataset_id, {later}", "jobio", where, many.time(as_of), *asked)
    found = cast("set[tuple[int, int]]", set(rows)) - beside
    loose = {pk for pk, job in found if job < 0}
    if loose:
        stated = _ends(f"{where} AND declared", *asked, as_of=as_of)
        found = {end for end in found if end[1] > 0} | {end[:2] for end in stated} - beside
    return found, loose


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
