"""Reads of lineage: graphs as somebody, and what a model version was made from."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import itemgetter, neg
from sys import intern
from time import monotonic
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.actor import Actor, Malformed, NotSeen, scopes_seen, visible
from jobs import selectors as clock
from lineage import known, many, naming, steps
from lineage.ancestry import RUNS, Ancestry, Used, Wanted, trace
from lineage.graph import ColumnStep, Direction, Graph, Node, Question, Step, Triple, Walk, walk
from lineage.known import Known
from lineage.models import Dataset, Job, RunIO
from lineage.steps import CHUNK, Steps

COLUMN_STEPS = 20_000
"""At most this many column steps are shown in one answer."""


def dataset(pk: int) -> Dataset | None:
    """Return the dataset of that id, whoever asks."""
    return Dataset.objects.filter(pk=pk).first()


def datasets(pks: Iterable[int]) -> dict[int, Dataset]:
    """Return datasets by their ids, whoever asks."""
    return Dataset.objects.in_bulk(list(pks))


def dataset_named(namespace: str, name: str) -> Dataset | None:
    """Return the dataset (or model) of that name in any of its spellings, whoever asks."""
    return Dataset.objects.filter(key=naming.key("dataset", namespace, name)).first()


def dataset_seen_by(actor: Actor, namespace: str, name: str) -> Dataset:
    """Return the dataset or model that `actor` means; unknown and unseen are the same refusal."""
    found = Dataset.objects.filter(visible(actor).q(), key=naming.key("dataset", namespace, name)).first()
    if found is None:
        raise NotSeen("not_seen", what="dataset")
    return found


def job_seen_by(actor: Actor, namespace: str, name: str) -> Job:
    """Return the job that `actor` means; unknown and unseen are the same refusal."""
    found = Job.objects.filter(visible(actor).q(), key=naming.key("job", namespace, name)).first()
    if found is None:
        raise NotSeen("not_seen", what="job")
    return found


def matching(actor: Actor, text: str, limit: int = 20) -> list[Dataset | Job]:
    """Return datasets, models and jobs whose names contain `text` and that `actor` may see, last seen first."""
    seen = Q(name__icontains=text) & visible(actor).q()
    datasets = Dataset.objects.filter(seen).order_by("-last_seen", "pk")[:limit]
    return [*datasets, *Job.objects.filter(seen).order_by("-last_seen", "pk")[: max(0, limit - len(datasets))]]


def graph_for(actor: Actor, question: Question) -> Graph:
    """Return the graph that `actor` asks for.

    What they may not see stands in it as an opaque stub, so that the path through it stays connected; what was left out
    for depth or budget is named in the frontier. Refused when they cannot see where it starts.
    """
    kept = known.look() if question.as_of is None else None
    as_of = question.as_of or clock.now()
    seen = scopes_seen(actor)
    pk, focus = _start(seen, question)
    fetch = Steps(as_of, kept)
    if question.type == "job":
        found = _around_job(pk, question, fetch)
    else:
        found = walk([pk], question.direction, fetch, question.budget, monotonic)
    return _answer(seen, question, found, fetch, focus)


def _start(seen: Collection[UUID], question: Question) -> tuple[int, str]:
    """Return the id of what is asked about, and that of its node; refused when it belongs to no scope in `seen`.

    Without a namespace it must be the only one of its name.
    """
    kind = "job" if question.type == "job" else "dataset"
    model = question.type == "model"
    if question.namespace or kind == "job":
        name = naming.model_name(question.namespace, question.name) if model else question.name
        where, asked = "key = %s", [naming.key(kind, question.namespace, name)]
    else:
        asked = [question.name, f"models:/{question.name}" if model else question.name]
        where = "name IN (%s, %s)"
    mine = f"{where} AND scope_id = ANY(%s) ORDER BY id LIMIT 2"
    rows = many.rows("id, namespace, name", kind, mine, *asked, many.scopes(seen))
    if not rows:
        raise NotSeen("not_seen", what=kind)
    if len(rows) > 1:
        raise Malformed("lineage.namespace_needed", name=question.name)
    pk, space, name = rows[0]
    return pk, naming.node_id(kind, space, name)


def _around_job(job: int, question: Question, fetch: Steps) -> Walk:
    """Walk up from what the job reads and down from what it writes; the job itself joins the two."""
    io = steps.ends_of(job, fetch.as_of)
    found = Walk(jobs={job})
    for way, side in ((Direction.UP, "in"), (Direction.DOWN, "out")):
        ends = sorted({end.dataset for end in io if end.direction == side})
        if question.direction not in {way, Direction.BOTH} or not ends:
            continue
        part = walk(ends, way, fetch, question.budget, monotonic)
        found.depth = part.depth | found.depth
        found.jobs |= part.jobs
        found.frontier |= part.frontier
        found.steps += part.steps
        found.steps += [Step(pk, 0, job) if side == "in" else Step(0, pk, job) for pk in ends]
    return found


def _answer(seen: Collection[UUID], question: Question, found: Walk, fetch: Steps, focus: str) -> Graph:
    datasets = nodes_of("dataset", seen, found.depth, fetch.kept)
    jobs = nodes_of("job", seen, dict.fromkeys(found.jobs, 0), fetch.kept)
    stubs = Stubs()
    hidden = {pk: stubs.name("d", pk) for pk in sorted(found.depth.keys() - datasets.keys())}
    hidden |= {-pk: stubs.name("j", pk) for pk in sorted(found.jobs - jobs.keys())}
    near = sorted(sorted(datasets.values()), key=itemgetter(5))
    first = bisect_right(near, 0, key=itemgetter(5))
    shown = (*near[:first], *sorted(jobs.values()), *near[first:])
    ids = dict(zip(datasets, map(itemgetter(0), datasets.values()), strict=True)) | hidden
    ids |= zip(map(neg, jobs), map(itemgetter(0), jobs.values()), strict=True)
    return Graph(
        nodes=(*shown, *stubs.nodes()),
        edges=tuple(_edges(found.steps, ids)),
        as_of=fetch.as_of,
        frontier=tuple(sorted(ids[pk] for pk in found.frontier)),
        hidden_nodes=len(stubs.seen),
        focus=focus,
        column_edges=_columns(datasets, fetch.as_of) if question.columns else None,
        beyond={ids[pk]: count for pk, count in found.frontier.items()},
        through=_through(found.steps, ids) if question.through else {},
    )


def _edges(steps: Sequence[Triple], ids: dict[int, str]) -> list[tuple[str, str]]:
    """Return each edge between nodes once, in the order of the walk; `ids` has jobs under their negative numbers."""
    if not steps:
        return []
    srcs, dsts, vias = zip(*steps, strict=True)
    jobs = list(map(neg, vias))
    pairs = list(dict.fromkeys(zip(srcs, jobs, strict=True)))
    pairs += dict.fromkeys(zip(jobs, dsts, strict=True))
    if not (all(srcs) and all(dsts) and all(vias)):
        pairs = [pair for pair in pairs if all(pair)]
        pairs += dict.fromkeys(step[:2] for step in steps if not step[2])
    starts, ends = zip(*pairs, strict=True)
    return list(zip(map(ids.__getitem__, starts), map(ids.__getitem__, ends), strict=True))


def _through(steps: Sequence[Triple], ids: dict[int, str]) -> dict[str, list[tuple[str, str]]]:
    """Return by job what it made from what."""
    found: dict[str, list[tuple[str, str]]] = {}
    for src, dst, via in dict.fromkeys(steps):
        if src and dst and via:
            found.setdefault(ids[-via], []).append((ids[src], ids[dst]))
    return found


class Stubs:
    """Stands in for what may not be seen: numbered in each answer anew, so that answers cannot be joined by them."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, int], str] = {}

    def name(self, kind: str, pk: int) -> str:
        """Return the id of the stub for a dataset (`d`) or job (`j`)."""
        return self.seen.setdefault((kind, pk), f"hidden:{len(self.seen) + 1}")

    def nodes(self) -> list[Node]:
        """Return every stub that was needed."""
        return [Node(name, "hidden", "", "") for name in self.seen.values()]


def nodes_of(kind: str, seen: Collection[UUID], depths: dict[int, int], kept: Known | None = None) -> dict[int, Node]:
    """Return those datasets or jobs that belong to a scope in `seen`, as nodes; `depths` maps their ids."""
    held = kept.things[kind] if kept else {}
    fresh = [pk for pk in depths if pk not in held]
    new = partial(tuple.__new__, Node)
    rows = many.rows("id, scope_id, type, namespace, name", kind, "id = ANY(%s)", many.ids(fresh)) if fresh else []
    for pk, scope, type_, space, name in rows:
        what = KIND.get(type_, kind) if kind == "dataset" else kind
        held[pk] = (
            intern(scope if isinstance(scope, str) else scope.hex),
            new((f"{kind}:{space}:{name}", what, intern(space), name, pk, 0)),
        )
    mine = {pk.hex for pk in seen}
    shown = [(one[1], depth) for pk, depth in depths.items() if (one := held.get(pk)) and one[0] in mine]
    return {node[4]: new((*node[:5], depth)) if depth else node for node, depth in shown}


KIND = {"MODEL": "model"}


def _columns(datasets: dict[int, Node], as_of: datetime) -> tuple[ColumnStep, ...]:
    """Return the column steps between datasets that are shown."""
    found: dict[tuple[int, str, int, str], bool] = {}
    for src, field, dst, to_field, masking in steps.columns(sorted(datasets), as_of):
        if src in datasets:
            key = (src, field, dst, to_field)
            found[key] = masking and found.get(key, True)
    drawn = (ColumnStep(datasets[s].id, f, datasets[d].id, t, m) for (s, f, d, t), m in found.items())
    return tuple(sorted(drawn, key=lambda one: (one.dataset, one.field, one.to_dataset, one.to_field)))[:COLUMN_STEPS]


def parents_of(jobs: dict[int, str]) -> dict[str, Node]:
    """Return the parent that jobs name, as their latest event says; `jobs` maps ids to node ids, whoever asks."""
    found: dict[str, Node] = {}
    rows = many.rows(
        "job_id, namespace, name, last_seen", "joblink", "job_id = ANY(%s) AND kind = 'PARENT'", many.ids(jobs)
    )
    for pk, space, name, _ in sorted(rows, key=itemgetter(3, 1, 2)):
        found[jobs[pk]] = Node(naming.node_id("job", space, name), "job", space, name)
    return found


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether a model version can be followed back to sources; `gaps` says in words where it cannot."""

    complete: bool
    sources: list[Dataset]
    gaps: list[str]


def ancestry_of(
    namespace: str, name: str, version: str, as_of: datetime | None = None, most: int = RUNS
) -> Ancestry | None:
    """Return the runs behind a version of a model or dataset, at most `most` of them, whoever asks.

    None when no run is known to have written it.
    """
    runs = _written(namespace, name, as_of).filter(version=version).values_list("run_id", flat=True)
    start = sorted(set(runs))
    return trace(start, _Producers(as_of), _Uses(as_of), most) if start else None


def inputs_of_model(namespace: str, name: str, version: str, as_of: datetime | None = None) -> list[Dataset]:
    """Return the datasets that the runs which wrote this version read, by name; empty when no such run is known."""
    runs = _written(namespace, name, as_of).filter(version=version).values("run_id")
    read = RunIO.objects.filter(run__in=runs, direction="in")
    return list(Dataset.objects.filter(pk__in=read.values("dataset_id")).order_by("namespace", "name"))


def completeness(namespace: str, name: str, version: str, as_of: datetime | None = None) -> Completeness:
    """Return whether every dataset upstream of the version has a run that made it or is a source.

    A source is a dataset that is only read, or that a run wrote without reading anything.
    """
    found = ancestry_of(namespace, name, version, as_of)
    if found is None:
        return Completeness(complete=False, sources=[], gaps=[_unknown(namespace, name, version, as_of)])
    gaps = []
    if found.blind:
        gaps.append(f"{len(found.blind)} run(s) that wrote version {version} of {name} did not say what they read.")
    if found.truncated:
        gaps.append(
            f"More than {len(found.runs)} runs lie behind version {version} of {name}; the rest was not followed."
        )
    sources = Dataset.objects.filter(pk__in=sources_of(found)).order_by("namespace", "name")
    return Completeness(complete=not gaps, sources=list(sources), gaps=gaps)


def sources_of(found: Ancestry) -> set[int]:
    """Return the datasets where an ancestry ends: nothing wrote them, or a run that read nothing did."""
    reading = {one.run for one in found.used if one.direction == "in"}
    read = {one.dataset for one in found.used if one.direction == "in"}
    made = {one.dataset for one in found.used if one.direction == "out" and one.run not in reading}
    return found.sources | (made & read)


def _unknown(namespace: str, name: str, version: str, as_of: datetime | None) -> str:
    if _written(namespace, name, as_of).exists():
        return f"No run is recorded that wrote version {version} of {name}, although runs wrote other states of it."
    return f"No run is recorded that wrote {name}."


def _written(namespace: str, name: str, as_of: datetime | None) -> QuerySet[RunIO]:
    key = naming.key("dataset", namespace, naming.model_name(namespace, name))
    io = RunIO.objects.filter(dataset__key=key, direction="out")
    return io.filter(first_seen__lte=as_of) if as_of else io


_USED = ("run_id", "dataset_id", "direction", "version", "first_seen", "last_seen")


@dataclass(frozen=True, slots=True)
class _Uses:
    """Finds what runs read and wrote, as of a time."""

    as_of: datetime | None

    def __call__(self, runs: Sequence[int]) -> Iterator[Used]:
        for start in range(0, len(runs), CHUNK):
            io = RunIO.objects.filter(run_id__in=runs[start : start + CHUNK])
            io = io.filter(first_seen__lte=self.as_of) if self.as_of else io
            yield from (Used(*row) for row in io.values_list(*_USED))


@dataclass(frozen=True, slots=True)
class _Producers:
    """Finds what wrote a dataset: in the version that was read, or else last before it was read."""

    as_of: datetime | None

    def __call__(self, wanted: Sequence[Wanted]) -> Iterator[Used]:
        same: dict[int, list[int]] = {}
        for other, called in steps.names(sorted({one.dataset for one in wanted})).items():
            same.setdefault(called, []).append(other)
        exact: dict[tuple[int, str], list[Used]] = {}
        named = [one for one in wanted if one.version]
        for start in range(0, len(named), CHUNK):
            part = named[start : start + CHUNK]
            pks = {pk for one in part for pk in (one.dataset, *same.get(one.dataset, ()))}
            io = self._out().filter(dataset_id__in=pks, version__in={one.version for one in part})
            for row in io.values_list(*_USED):
                exact.setdefault((row[1], row[3]), []).append(Used(*row))
        for one in wanted:
            pks = {one.dataset, *same.get(one.dataset, ())}
            made = [used for pk in sorted(pks) for used in exact.get((pk, one.version), ())]
            for used in made or self._last(one, pks):
                yield replace(used, dataset=one.dataset)

    def _last(self, one: Wanted, pks: set[int]) -> Iterator[Used]:
        io = self._out().filter(dataset_id__in=pks, first_seen__lte=one.at).order_by("-first_seen", "-run_id")
        yield from (Used(*row) for row in io.values_list(*_USED)[:1])

    def _out(self) -> QuerySet[RunIO]:
        io = RunIO.objects.filter(direction="out")
        return io.filter(first_seen__lte=self.as_of) if self.as_of else io
