"""Where a column goes: every dataset and model that its values reach, step by step, as somebody may see it.

Where a step says which column was made from which, that is followed. Where it only says which datasets it read and
wrote, as training does, all that it wrote counts as reached, as a whole. A step that masks ends what is known of the
column: what lies beyond it is reached by masked values only, and said to be.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, NamedTuple

from audit.actor import Actor, scopes_seen
from lineage import steps
from lineage.graph import Budget, Direction, Node
from lineage.models import Dataset, Schema
from lineage.selectors import Stubs, dataset_seen_by, nodes_of
from lineage.steps import Steps

FAR = Budget(100, 5_000)
MOVES = 20_000
"""At most this many steps from column to column are followed."""


class Way(NamedTuple):
    """How a column gets somewhere; the least of several is the one that counts.

    `masked` when a step on the way masks, `whole` when some step only says which datasets took part.
    """

    masked: bool
    whole: bool


class Spot(NamedTuple):
    """A column of a dataset; an empty `column` is the dataset as a whole."""

    dataset: int
    column: str


class Move(NamedTuple):
    """A column was made from another by a job (0 for none)."""

    start: Spot
    end: Spot
    masking: bool
    job: int


Fetch = Callable[[Sequence[Spot]], Iterable[Move]]
"""Returns the moves that begin at any of the spots given."""


@dataclass(slots=True)
class Found:
    """Where a column gets and how, the moves it makes, and the datasets from which nobody looked on."""

    ways: dict[Spot, Way] = field(default_factory=dict)
    depth: dict[int, int] = field(default_factory=dict)
    moves: dict[Move, None] = field(default_factory=dict)
    frontier: set[int] = field(default_factory=set)


def follow(start: Spot, fetch: Fetch, budget: Budget, late: Callable[[], bool] = lambda: False) -> Found:
    """Follow a column forward, breadth first, at most `budget.nodes` datasets and `budget.depth` steps far.

    A spot that is found again by a better way is followed again, so what is said last of it is the best there is.
    """
    found = Found({start: Way(masked=False, whole=not start.column)}, {start.dataset: 0})
    turn, distance = [start], 0
    while turn:
        if late():
            found.frontier.update(spot.dataset for spot in turn)
            break
        moves = sorted(fetch(sorted(turn)))
        if distance >= budget.depth:
            found.frontier.update(move.start.dataset for move in moves if move not in found.moves)
            break
        distance += 1
        turn = list(dict.fromkeys(move.end for move in moves if _take(found, move, budget.nodes, distance)))
    return found


def _take(found: Found, move: Move, most: int, distance: int) -> bool:
    """Note a move; say whether it leads somewhere new, or by a better way than was known."""
    full = move.end.dataset not in found.depth and len(found.depth) >= most
    if full or len(found.moves) >= MOVES:
        found.frontier.add(move.start.dataset)
        return False
    found.moves[move] = None
    found.depth.setdefault(move.end.dataset, distance)
    masked, whole = found.ways[move.start]
    way = Way(masked or move.masking, whole or not move.end.column)
    if move.end in found.ways and way >= found.ways[move.end]:
        return False
    found.ways[move.end] = way
    return True


@dataclass(frozen=True, slots=True)
class Moves:
    """Fetches moves as of a time: column steps, and for steps without any the dataset as a whole."""

    steps: Steps
    as_of: datetime

    def __call__(self, spots: Sequence[Spot]) -> list[Move]:
        """Return the moves that begin at any of `spots`."""
        pks = sorted({spot.dataset for spot in spots})
        columns = list(steps.columns_from(pks, self.as_of))
        told = {(src, dst, job) for src, _, dst, _, _, job in columns}
        wanted = set(spots)
        found = [
            Move(Spot(src, column), Spot(dst, to_column), masking, job)
            for src, column, dst, to_column, masking, job in columns
            if Spot(src, column) in wanted
        ]
        at: dict[int, list[Spot]] = {}
        for spot in spots:
            at.setdefault(spot.dataset, []).append(spot)
        for src, dst, job in self.steps(pks, Direction.DOWN):
            for spot in at.get(src, ()) if dst else ():
                if not spot.column or (src, dst, job) not in told:
                    found.append(Move(spot, Spot(dst, ""), masking=False, job=job))
        return found


@dataclass(frozen=True, slots=True)
class Shown:
    """A step as its reader may see it; `job` None where no job is known, or not to them."""

    start: Node
    column: str
    end: Node
    to_column: str
    masking: bool
    job: Node | None

    def as_json(self) -> dict[str, Any]:
        """Return it in the shape of a graph's column edges."""
        return {
            "from": {"dataset": self.start.id, "field": self.column},
            "to": {"dataset": self.end.id, "field": self.to_column},
            "masking": self.masking,
            "job": {"namespace": self.job.namespace, "name": self.job.name} if self.job else None,
        }


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a column goes, as somebody may see it, nearest first: what may not be seen is a stub without columns."""

    start: Node
    column: str
    as_of: datetime
    reached: list[tuple[Node, Way]]
    steps: list[Shown]
    hidden_nodes: int
    frontier: list[str]

    def models(self) -> list[tuple[Node, Way]]:
        """Return the models that are reached."""
        return [(node, way) for node, way in self.reached if node.type == "model"]

    def as_json(self) -> dict[str, Any]:
        """Return all of it but what runs where, which whoever knows that tells."""
        return {
            "namespace": self.start.namespace,
            "name": self.start.name,
            "column": self.column or None,
            "as_of": self.as_of.isoformat(),
            "reached": [told(node, way) for node, way in self.reached],
            "column_edges": [step.as_json() for step in self.steps],
            "truncated": bool(self.frontier),
            "frontier": self.frontier,
            "hidden_nodes": self.hidden_nodes,
        }


def told(node: Node, way: Way) -> dict[str, Any]:
    """Return a node that is reached, and how: by masked values only, and whether we know of the column itself."""
    named = {"id": node.id, "type": node.type, "namespace": node.namespace, "name": node.name, "depth": node.depth}
    return {**named, "masked": way.masked, "by_column": not way.whole}


def reach_of(actor: Actor, start: tuple[str, str], column: str, as_of: datetime, budget: Budget = FAR) -> Reach:
    """Return where `column` of a dataset (all of it, when empty) goes, as of a time and as `actor` may see it.

    Refused when they cannot see the dataset. A column that no step names goes where steps name no columns at all.
    """
    row = dataset_seen_by(actor, *start)
    end = monotonic() + budget.seconds
    found = follow(Spot(row.pk, column), Moves(Steps(as_of), as_of), budget, lambda: monotonic() > end)
    seen = scopes_seen(actor)
    shown = nodes_of("dataset", seen, found.depth)
    jobs = nodes_of("job", seen, dict.fromkeys({move.job for move in found.moves}, 0))
    stubs, nodes = Stubs(), dict[int, Node]()
    for pk in sorted(found.depth, key=lambda pk: (found.depth[pk], pk)):
        nodes[pk] = shown.get(pk) or Node(stubs.name("d", pk), "hidden", "", "", 0, found.depth[pk])
    ways: dict[int, Way] = {}
    for spot, way in found.ways.items():
        ways[spot.dataset] = min(way, ways.get(spot.dataset, way))
    moves = sorted(found.moves, key=lambda one: (found.depth[one.end.dataset], one))
    return Reach(
        start=nodes[row.pk],
        column=column,
        as_of=as_of,
        reached=[(node, ways[pk]) for pk, node in nodes.items() if pk != row.pk],
        steps=[_shown(move, nodes, jobs) for move in moves],
        hidden_nodes=len(stubs.seen),
        frontier=sorted(nodes[pk].id for pk in found.frontier),
    )


def columns_known(row: Dataset, as_of: datetime) -> list[str]:
    """Return the columns of a dataset that its schema or any step names, in the order of the schema."""
    schema = Schema.objects.filter(pk=row.schema).first() if row.schema else None
    fields = [str(one.get("name", "")) for one in (schema.fields if schema else [])]
    used = sorted(column for _, column, *_ in steps.columns_from([row.pk], as_of))
    return list(dict.fromkeys(name for name in (*fields, *used) if name))


def _shown(move: Move, nodes: dict[int, Node], jobs: dict[int, Node]) -> Shown:
    start, end = nodes[move.start.dataset], nodes[move.end.dataset]
    return Shown(
        start,
        "" if start.type == "hidden" else move.start.column,
        end,
        "" if end.type == "hidden" else move.end.column,
        move.masking,
        jobs.get(move.job),
    )
