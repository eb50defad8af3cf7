"""Walking a graph outwards from a few nodes, in batches, within a budget.

The walk knows numbers only: who may see what, and where steps come from, is the caller's business. One step is one
thing made from another (`src` to `dst`) by a job (`via`, 0 for none); `src` or `dst` is 0 where a job only writes or
only reads.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Direction(StrEnum):
    """Which way a graph is asked for: what it was made from, what was made of it, or both."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


class Step(NamedTuple):
    """`dst` was made from `src` by the job `via`."""

    src: int
    dst: int
    via: int


@dataclass(frozen=True, slots=True)
class Budget:
    """How far a walk goes: `depth` steps from dataset to dataset, at most `nodes` datasets and jobs together, and no
    further step once `seconds` are over.
    """

    depth: int
    nodes: int
    seconds: float = 10.0


Triple = tuple[int, int, int]
"""A `Step` as a plain tuple, of which there may be very many."""
Fetch = Callable[[Sequence[int], Direction], Iterable[Triple]]
"""Returns the steps that end (up) or begin (down) at any of the datasets given."""


@dataclass(slots=True)
class Walk:
    """What a walk found. `depth` maps each dataset to its distance; `frontier` to how many neighbours were left out.

    A step that was met on both ways stands in `steps` twice.
    """

    depth: dict[int, int] = field(default_factory=dict)
    jobs: set[int] = field(default_factory=set)
    steps: list[Triple] = field(default_factory=list)
    frontier: dict[int, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many datasets and jobs there are."""
        return len(self.depth) + len(self.jobs)

    @property
    def truncated(self) -> bool:
        """Whether anything was left out for depth or budget."""
        return bool(self.frontier)


def walk(
    start: Sequence[int], direction: Direction, fetch: Fetch, budget: Budget, clock: Callable[[], float] = lambda: 0.0
) -> Walk:
    """Return what is reached from `start` within `budget`, breadth first; `clock` tells the seconds.

    Both directions means what it was made from and what was made of it, not the siblings in between. Nodes whose
    neighbours were left out are the frontier, so a reader always knows where to ask on. Cost grows with the steps
    touched.
    """
    found = Walk()
    ways = (Direction.UP, Direction.DOWN) if direction is Direction.BOTH else (direction,)
    end = clock() + budget.seconds
    for dataset in start[: max(budget.nodes, 1)]:
        found.depth[dataset] = 0
    for way in ways:
        _one_way(sorted(found.depth.keys() & set(start)), way, fetch, budget, found, lambda: clock() > end)
    return found


def _one_way(
    start: list[int], way: Direction, fetch: Fetch, budget: Budget, found: Walk, late: Callable[[], bool]
) -> None:
    seen = set(start)
    edge = start
    distance = 0
    while edge:
        if late():
            found.frontier |= {node: found.frontier.get(node, 0) + 1 for node in edge}
            return
        steps = list(fetch(edge, way))
        distance += 1
        fresh = _at_once(steps, way, distance, budget, found)
        edge = _hop(sorted(steps), way, distance, budget, found, seen) if fresh is None else sorted(fresh - seen)
        seen.update(edge)


def _at_once(steps: list[Triple], way: Direction, distance: int, budget: Budget, found: Walk) -> set[int] | None:
    """Take all steps of a hop together and return where they lead; None, and nothing taken, when the budget ends."""
    srcs, dsts, vias = zip(*steps, strict=True) if steps else ((), (), ())
    far = set(srcs if way is Direction.UP else dsts) - {0}
    jobs = set(vias) - {0}
    fresh, new = far - found.depth.keys(), len(jobs - found.jobs)
    if (fresh or new) and (distance > budget.depth or found.size + len(fresh) + new > budget.nodes):
        return None
    found.depth.update(dict.fromkeys(fresh, distance))
    found.jobs |= jobs
    found.steps += steps
    return far


def _hop(steps: list[Triple], way: Direction, distance: int, budget: Budget, found: Walk, seen: set[int]) -> list[int]:
    fresh: list[int] = []
    up, deep = way is Direction.UP, distance > budget.depth
    depth, jobs = found.depth, found.jobs
    for step in steps:
        src, dst, via = step
        near, far = (dst, src) if up else (src, dst)
        needed = (1 if far and far not in depth else 0) + (1 if via and via not in jobs else 0)
        if needed and (deep or len(depth) + len(jobs) + needed > budget.nodes):
            found.frontier[near] = found.frontier.get(near, 0) + 1
            continue
        if via:
            jobs.add(via)
        if far:
            depth.setdefault(far, distance)
            if far not in seen:
                seen.add(far)
                fresh.append(far)
        found.steps.append(step)
    return fresh


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks of the lineage graph.

    `type` is dataset, job or model; `depth` counts steps from dataset to dataset; `as_of` None means now. With
    `version` the question is about exactly the runs behind that version, and goes upstream whatever `direction` says.
    `through` asks to be told what each job made from what, which its edges alone do not say.
    """

    namespace: str
    name: str
    type: str = "dataset"
    direction: Direction = Direction.BOTH
    budget: Budget = Budget(10, 500)
    as_of: datetime | None = None
    columns: bool = False
    version: str = ""
    through: bool = False


class Node(NamedTuple):
    """One thing in an answer. `pk` is 0 and the names are empty for what the reader may not see."""

    id: str
    type: str
    namespace: str
    name: str
    pk: int = 0
    depth: int = 0


@dataclass(frozen=True, slots=True)
class ColumnStep:
    """The column `field` of `dataset` feeds `to_field` of `to_dataset`; both datasets are node ids."""

    dataset: str
    field: str
    to_dataset: str
    to_field: str
    masking: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """The answer to a question; edges are pairs of node ids and run with the data.

    `beyond` says of nodes in the frontier how many steps beside them were left out, `through` of jobs which of their
    outputs were made from which of their inputs, where that was asked for.
    """

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    as_of: datetime
    frontier: tuple[str, ...] = ()
    hidden_nodes: int = 0
    focus: str = ""
    column_edges: tuple[ColumnStep, ...] | None = None
    beyond: Mapping[str, int] = field(default_factory=dict)
    through: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)

    @property
    def truncated(self) -> bool:
        """Whether anything was left out for depth or budget."""
        return bool(self.frontier)

    def as_json(self) -> dict[str, Any]:
        """Return the answer in the shape that the outside relies on."""
        nodes = [
            {"id": n.id, "type": n.type, "namespace": n.namespace, "name": n.name, "depth": n.depth} for n in self.nodes
        ]
        return {"nodes": nodes, "edges": [{"from": one, "to": other} for one, other in self.edges], **self.aside()}

    def aside(self) -> dict[str, Any]:
        """Return what an answer says beside nodes and edges."""
        answer: dict[str, Any] = {
            "as_of": self.as_of.isoformat(),
            "truncated": self.truncated,
            "frontier": list(self.frontier),
            "hidden_nodes": self.hidden_nodes,
        }
        if self.column_edges is not None:
            answer["column_edges"] = [
                {
                    "from": {"dataset": one.dataset, "field": one.field},
                    "to": {"dataset": one.to_dataset, "field": one.to_field},
                    "masking": one.masking,
                }
                for one in self.column_edges
            ]
        return answer


def nearest(graph: Graph, most: int) -> Graph:
    """Return the `most` nodes nearest above the focus and what lies between; the frontier says where there is more."""
    if len(graph.nodes) <= most:
        return graph
    above: dict[str, list[str]] = {}
    for one, other in graph.edges:
        above.setdefault(other, []).append(one)
    kept, turn = {graph.focus: 0}, [graph.focus]
    for node in turn:
        for further in above.get(node, ()):
            if further not in kept and len(kept) < most:
                kept[further] = kept[node] + 1
                turn.append(further)
    edges = tuple(edge for edge in graph.edges if kept.keys() >= set(edge))
    beyond = dict(sorted(Counter(other for one, other in graph.edges if other in kept and one not in kept).items()))
    nodes = tuple(n for n in graph.nodes if n.id in kept)
    return replace(graph, nodes=nodes, edges=edges, frontier=tuple(beyond), beyond=beyond)
