"""A graph made smaller for the eye: without its jobs, or with many of its nodes folded into one.

Folding changes what is drawn and listed, never what was found: frontier, hidden nodes and column steps stay as they
are, under the ids of the nodes that stand for theirs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product

from lineage.graph import Graph, Node

PAIRS = 400
"""A job with more ways through it than this stays in the picture: without it there would be more lines, not fewer."""
Ways = dict[str, list[str]]


def without_jobs(graph: Graph) -> Graph:
    """Return `graph` with its jobs left out: what a job read leads straight to what it made from that.

    A job stays where it is the focus, where it only reads or only writes, and where it joins too much with too much.
    """
    before, after = neighbours(graph.edges)
    shown = {node.id for node in graph.nodes}
    straight: dict[str, list[tuple[str, str]]] = {}
    for node in graph.nodes:
        if node.type == "job" and node.id != graph.focus:
            read, written = before.get(node.id, []), after.get(node.id, [])
            pairs = graph.through.get(node.id) or (product(read, written) if len(read) * len(written) <= PAIRS else ())
            straight[node.id] = [pair for pair in pairs if shown.issuperset(pair)]
    gone = {job for job, pairs in straight.items() if pairs}
    edges = dict.fromkeys(edge for edge in graph.edges if not gone & set(edge))
    for job in sorted(gone):
        edges |= dict.fromkeys((one, other) for one, other in straight[job] if one != other)
    nodes = tuple(node for node in graph.nodes if node.id not in gone)
    return replace(graph, nodes=nodes, edges=tuple(edges))


def folded(graph: Graph, into: Mapping[str, Node]) -> Graph:
    """Return `graph` with each node in `into` replaced by the one that stands for it and others.

    The focus stays as it is, and so does a node that would stand for itself alone.
    """
    members: dict[str, int] = {}
    for node in graph.nodes:
        if node.id in into and node.id != graph.focus:
            members[into[node.id].id] = members.get(into[node.id].id, 0) + 1
    known = {node.id for node in graph.nodes}
    many = {key for key, count in members.items() if count > 1 or key in known}
    now = {key: node for key, node in into.items() if node.id in many and key != graph.focus}
    nodes: dict[str, Node] = {}
    for node in graph.nodes:
        shown = now.get(node.id, node)
        if shown is node or shown.id not in nodes:
            nodes[shown.id] = shown._replace(depth=node.depth)
    name = {key: node.id for key, node in now.items()}
    edges = ((name.get(one, one), name.get(other, other)) for one, other in graph.edges)
    beyond: dict[str, int] = {}
    for key, count in graph.beyond.items():
        beyond[name.get(key, key)] = beyond.get(name.get(key, key), 0) + count
    return replace(
        graph,
        nodes=tuple(nodes.values()),
        edges=tuple(dict.fromkeys(edge for edge in edges if edge[0] != edge[1])),
        frontier=tuple(sorted({name.get(key, key) for key in graph.frontier})),
        beyond=beyond,
        column_edges=None
        if graph.column_edges is None
        else tuple(step for step in graph.column_edges if step.dataset not in name and step.to_dataset not in name),
    )


def by_namespace(graph: Graph) -> dict[str, Node]:
    """Return for each node the one that stands for its namespace; hidden ones stand for themselves."""
    count: dict[str, int] = {}
    for node in graph.nodes:
        count[node.namespace] = count.get(node.namespace, 0) + (node.id != graph.focus)
    return {
        node.id: Node(f"group:{node.namespace}", "group", node.namespace, f"{node.namespace} ({count[node.namespace]})")
        for node in graph.nodes
        if node.type != "hidden"
    }


def between(graph: Graph, node: str) -> set[str]:
    """Return the nodes on any way between the focus and `node`, both included; nothing when there is no way."""
    before, after = neighbours(graph.edges)
    for up, down in ((before, after), (after, before)):
        behind = _reached(graph.focus, up)
        if node in behind:
            return behind & _reached(node, down)
    return set()


def upstream(graph: Graph) -> set[str]:
    """Return what the focus was made from, without itself."""
    return _reached(graph.focus, neighbours(graph.edges)[0]) - {graph.focus}


def downstream(graph: Graph) -> set[str]:
    """Return what was made of the focus, without itself."""
    return _reached(graph.focus, neighbours(graph.edges)[1]) - {graph.focus}


def neighbours(edges: Iterable[tuple[str, str]]) -> tuple[Ways, Ways]:
    """Return what leads to each node, and where each leads."""
    before, after = _Lists(), _Lists()
    for one, other in edges:
        after[one].append(other)
        before[other].append(one)
    return before, after


class _Lists(dict[str, list[str]]):
    def __missing__(self, key: str) -> list[str]:
        return self.setdefault(key, [])


def _reached(start: str, ways: Ways) -> set[str]:
    found, turn = {start}, [start]
    for node in turn:
        fresh = [other for other in ways.get(node, ()) if other not in found]
        found.update(fresh)
        turn += fresh
    return found
