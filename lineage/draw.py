"""A layered drawing of a graph: left to right, with the data.

Four steps, after K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system
structures" (1981): turn back edges round, rank by longest path, order each rank by barycentre sweeps with dummy
nodes for long edges, then give coordinates. The same graph always gives the same bytes.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Edge = tuple[str, str]
SWEEPS = 8
WIDTH, HEIGHT, GAP_X, GAP_Y, DUMMY, MARGIN = 196, 44, 72, 18, 10, 12
"""Sizes in SVG user units (CSS pixels at 100 %)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything goes: the upper left corner of each node, the bends of each edge, and the size of the whole."""

    at: dict[str, tuple[float, float]]
    bends: dict[Edge, tuple[tuple[float, float], ...]]
    width: float
    height: float


def lay_out(
    nodes: Sequence[str], edges: Iterable[Edge], heights: Mapping[str, float] | None = None, aside: float = 0
) -> Layout:
    """Return places for `nodes` (ids, in an order that breaks ties) and `edges` between them.

    Unknown ends are ignored. `heights` holds those of nodes that are taller than `HEIGHT`: edges meet them as far below
    their top as they meet others. `aside` is room to leave on either side.
    """
    known = set(nodes)
    given = sorted({(one, other) for one, other in edges if one in known and other in known and one != other})
    forward = _acyclic(nodes, given)
    rank = _ranks(nodes, forward)
    chains, layers = _layers(nodes, forward, rank)
    _order(layers, chains)
    half = {node: height / 2 for node, height in (heights or {}).items()}
    y = _heights(layers, chains, half)
    tops = {node: y[node] - half.get(node, HEIGHT / 2) for node in rank}
    lows = [y[node] + half.get(node, HEIGHT / 2) for node in rank]
    top = min([*tops.values(), *(y[node] for node in y if node not in rank)], default=0.0)
    low = max([*lows, *(y[node] for node in y if node not in rank)], default=0.0)
    shift = {node: round(tops.get(node, middle - HEIGHT / 2) - top + MARGIN, 1) for node, middle in y.items()}
    return _places(given, rank, chains, shift, (aside, low - top))


def _acyclic(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[Edge, Edge]:
    """Map each edge to itself, or to its reverse where it closes a cycle."""
    out: dict[str, list[str]] = {node: [] for node in nodes}
    for one, other in edges:
        out[one].append(other)
    turned: dict[Edge, Edge] = {edge: edge for edge in edges}
    state: dict[str, int] = {}
    for root in nodes:
        stack = [(root, iter(out[root]))] if root not in state else []
        state.setdefault(root, 1)
        while stack:
            node, rest = stack[-1]
            follower = next(rest, None)
            if follower is None:
                state[node] = 2
                stack.pop()
            elif state.get(follower) == 1:
                turned[node, follower] = (follower, node)
            elif follower not in state:
                state[follower] = 1
                stack.append((follower, iter(out[follower])))
    return turned


def _ranks(nodes: Sequence[str], forward: dict[Edge, Edge]) -> dict[str, int]:
    """Give each node the length of the longest path to it.

    A node that nothing leads to moves next to its first reader.
    """
    followers: dict[str, list[str]] = {node: [] for node in nodes}
    waits = dict.fromkeys(nodes, 0)
    for one, other in sorted(set(forward.values())):
        followers[one].append(other)
        waits[other] += 1
    roots = [node for node in nodes if not waits[node]]
    rank = dict.fromkeys(nodes, 0)
    ready = list(roots)
    for node in ready:
        for follower in followers[node]:
            rank[follower] = max(rank[follower], rank[node] + 1)
            waits[follower] -= 1
            if not waits[follower]:
                ready.append(follower)
    for root in roots:
        if followers[root]:
            rank[root] = min(rank[follower] for follower in followers[root]) - 1
    return rank


def _layers(
    nodes: Sequence[str], forward: dict[Edge, Edge], rank: dict[str, int]
) -> tuple[dict[Edge, list[str]], list[list[str]]]:
    """Split long edges with a dummy node per rank. Dummies have ids that begin with NUL, which no node id has."""
    layers: list[list[str]] = [[] for _ in range(max(rank.values(), default=0) + 1)]
    for node in nodes:
        layers[rank[node]].append(node)
    chains: dict[Edge, list[str]] = {}
    for number, edge in enumerate(sorted(set(forward.values()))):
        one, other = edge
        chain = [one]
        for level in range(rank[one] + 1, rank[other]):
            dummy = f"\x00{number}.{level}"
            layers[level].append(dummy)
            chain.append(dummy)
        chains[edge] = [*chain, other]
    return chains, layers


def _order(layers: list[list[str]], chains: dict[Edge, list[str]]) -> None:
    """Sort each layer by the mean place of its neighbours in the layer before, and after on the way back."""
    before, after = _neighbours(chains)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        beside = before if down else after
        sequence = range(1, len(layers)) if down else range(len(layers) - 2, -1, -1)
        for level in sequence:
            fixed = {node: at for at, node in enumerate(layers[level - 1 if down else level + 1])}
            place = {node: float(at) for at, node in enumerate(layers[level])}
            for node in layers[level]:
                near = [fixed[other] for other in beside.get(node, ())]
                if near:
                    place[node] = sum(near) / len(near)
            layers[level].sort(key=place.__getitem__)


def _neighbours(chains: dict[Edge, list[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for chain in chains.values():
        for one, other in itertools.pairwise(chain):
            after.setdefault(one, []).append(other)
            before.setdefault(other, []).append(one)
    return before, after


def _heights(layers: list[list[str]], chains: dict[Edge, list[str]], half: Mapping[str, float]) -> dict[str, float]:
    """Give each node its middle: near its neighbours, in the order found, without overlap."""
    before, after = _neighbours(chains)
    y: dict[str, float] = {}
    for layer in layers:
        _spread(layer, dict.fromkeys(layer, 0.0), y, half)
    for sweep in range(4):
        beside = before if sweep % 2 == 0 else after
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wish = {node: _mean([y[other] for other in beside.get(node, ())], y[node]) for node in layer}
            _spread(layer, wish, y, half)
    return y


def _spread(layer: list[str], wish: dict[str, float], y: dict[str, float], halves: Mapping[str, float]) -> None:
    """Place `layer` from top to bottom as wished, push overlaps apart, and centre what was pushed."""
    bottom = float("-inf")
    for node in layer:
        half = halves.get(node) or (DUMMY if node[0] == "\x00" else HEIGHT) / 2
        y[node] = max(wish[node], bottom + half + GAP_Y)
        bottom = y[node] + half
    if layer:
        shift = sum(wish[node] - y[node] for node in layer) / len(layer)
        for node in layer:
            y[node] = round(y[node] + shift, 1)


def _places(
    given: Sequence[Edge], rank: dict[str, int], chains: dict[Edge, list[str]], top: dict[str, float],
    room: tuple[float, float],
) -> Layout:  # fmt: skip
    """Give coordinates; `top` is the upper end of each node, and of what a dummy would be as a node."""
    aside, height = room
    bends: dict[Edge, tuple[tuple[float, float], ...]] = {}
    for edge in given:
        back = edge not in chains
        points = _points(chains[edge[::-1] if back else edge], rank, top, aside)
        bends[edge] = tuple(reversed(points)) if back else tuple(points)
    width = _x(max(rank.values(), default=0)) + WIDTH + MARGIN + 2 * aside
    return Layout(
        {node: (_x(level) + aside, top[node]) for node, level in rank.items()},
        bends,
        width,
        round(height + 2 * MARGIN, 1),
    )


def _points(chain: list[str], rank: dict[str, int], top: dict[str, float], aside: float) -> list[tuple[float, float]]:
    first, half = rank[chain[0]], HEIGHT / 2
    points = [(_x(first) + aside + WIDTH, round(top[chain[0]] + half, 1))]
    for step, dummy in enumerate(chain[1:-1], 1):
        x, middle = _x(first + step) + aside, round(top[dummy] + half, 1)
        points += [(x, middle), (x + WIDTH, middle)]
    return [*points, (_x(first + len(chain) - 1) + aside, round(top[chain[-1]] + half, 1))]


def _x(level: int) -> float:
    return float(MARGIN + level * (WIDTH + GAP_X))


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default
