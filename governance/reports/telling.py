"""Who is downstream and must be told: everybody who answers for what was made of a thing, and what nobody does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from audit.actor import Actor
from governance.catalog.models import Asset
from governance.registries import selectors as registries
from governance.reports.reaching import assets_of, owners_of
from lineage.about import owners_said
from lineage.graph import Budget, Direction, Graph, Node, Question
from lineage.selectors import graph_for

FAR = Budget(100, 5_000)
HEADER = ("name", "email", "kind", "source", "thing_type", "thing_namespace", "thing_name", "steps_away", "live_as")


@dataclass(frozen=True, order=True)
class Person:
    """Somebody to tell: known here (`portal`, with an address) or only named by a producer (`producer`)."""

    name: str
    email: str
    source: str


@dataclass(frozen=True)
class Thing:
    """Something downstream, who answers for it and as what, and under which aliases it runs."""

    node: Node
    asset: Asset | None
    owners: tuple[tuple[Person, str], ...]
    live: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it for the outside."""
        return {
            "id": self.node.id,
            "type": self.node.type,
            "namespace": self.node.namespace,
            "name": self.node.name,
            "depth": self.node.depth,
            "owners": [_person(one, kind) for one, kind in self.owners],
            "live": list(self.live),
        }


@dataclass(frozen=True)
class Circle:
    """All that lies downstream, nearest first, as far as the reader may see it."""

    graph: Graph
    things: tuple[Thing, ...]

    @property
    def people(self) -> list[tuple[Person, list[Thing]]]:
        """Everybody once, by name, with what they answer for."""
        found: dict[Person, dict[str, Thing]] = {}
        for thing in self.things:
            for person, _ in thing.owners:
                found.setdefault(person, {})[thing.node.id] = thing
        return [(person, list(found[person].values())) for person in sorted(found)]

    @property
    def unowned(self) -> list[Thing]:
        """What nobody answers for."""
        return [thing for thing in self.things if not thing.owners]

    @property
    def addresses(self) -> str:
        """The addresses of all who have one, as a message takes them."""
        return ", ".join(sorted({person.email for person, _ in self.people if person.email}))

    def as_json(self) -> dict[str, Any]:
        """Return it for the outside."""
        graph = self.graph.aside()
        return {
            "people": [
                {**_person(person), "things": [thing.node.id for thing in things]} for person, things in self.people
            ],
            "things": [thing.as_json() for thing in self.things],
            "unowned": [thing.node.id for thing in self.unowned],
            **{name: graph[name] for name in ("as_of", "truncated", "frontier", "hidden_nodes")},
        }

    def lines(self) -> Iterator[Sequence[Any]]:
        """Yield a row per thing and owner, in the order of `HEADER`; what nobody answers for has empty ones."""
        for thing in self.things:
            node, live = thing.node, " ".join(thing.live)
            for person, kind in thing.owners or ((Person("", "", ""), ""),):
                said = (person.name, person.email, kind, person.source)
                yield (*said, node.type, node.namespace, node.name, node.depth, live)


def circle_of(actor: Actor, question: Question) -> Circle:
    """Return what lies downstream of what `question` names, and who answers for it, as `actor` may see it.

    Refused when they cannot see where it starts.
    """
    asked = Question(question.namespace, question.name, question.type, Direction.DOWN, question.budget, question.as_of)
    graph = graph_for(actor, asked)
    nodes = _placed(graph)
    assets = assets_of(actor, nodes)
    known = owners_of(actor, assets.values())
    said = {
        kind: owners_said(kind, [node.pk for node in nodes if (node.type == "job") == (kind == "job")])
        for kind in ("dataset", "job")
    }
    live: dict[Any, list[str]] = {}
    for row in registries.last_seen([asset.pk for asset in assets.values() if asset.kind == "model"], graph.as_of):
        live.setdefault(row.asset_id, []).extend([row.alias] if row.version_label else [])
    things = []
    for node in nodes:
        asset = assets.get(node.id)
        owners = [(Person(one["name"] or "", one["email"] or "", "portal"), "") for one in known.get(_pk(asset), [])]
        named = said["job" if node.type == "job" else "dataset"].get(node.pk, [])
        owners += [(Person(name, "", "producer"), kind) for name, kind in named]
        things.append(Thing(node, asset, tuple(owners), tuple(live.get(_pk(asset), ()))))
    return Circle(graph, tuple(sorted(things, key=lambda one: (one.node.depth, one.node.type != "job", one.node.id))))


def _placed(graph: Graph) -> list[Node]:
    """Return what is downstream and may be named; a job is one step beyond the nearest of what it reads."""
    depth = {node.id: node.depth for node in graph.nodes}
    jobs: dict[str, int] = {}
    for read, job in graph.edges:
        jobs[job] = min(jobs.get(job, depth[read] + 1), depth[read] + 1)
    nodes = [node for node in graph.nodes if node.id != graph.focus and node.type != "hidden"]
    return [node._replace(depth=jobs.get(node.id, 0)) if node.type == "job" else node for node in nodes]


def _pk(asset: Asset | None) -> Any:
    return asset.pk if asset else None


def _person(person: Person, kind: str = "") -> dict[str, str | None]:
    told = {"name": person.name, "email": person.email or None, "source": person.source}
    return told | ({"kind": kind} if kind else {})
