"""Walking a graph: directions, depth, budget, frontier."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lineage.graph import Budget, Direction, Graph, Node, Step, nearest, walk

WIDE = Budget(depth=50, nodes=10_000)


def over(steps, calls=None):
    def fetch(ids, way):
        if calls is not None:
            calls.append(list(ids))
        side = (lambda one: one.dst) if way is Direction.UP else (lambda one: one.src)
        return [one for one in steps if side(one) in set(ids)]

    return fetch


CHAIN = [Step(1, 2, 101), Step(2, 3, 102), Step(3, 4, 103)]


def test_up_and_down_follow_the_data():
    assert set(walk([3], Direction.UP, over(CHAIN), WIDE).depth) == {1, 2, 3}
    assert set(walk([3], Direction.DOWN, over(CHAIN), WIDE).depth) == {3, 4}
    assert set(walk([2], Direction.BOTH, over(CHAIN), WIDE).depth) == {1, 2, 3, 4}


def test_both_leaves_siblings_out():
    steps = [Step(1, 2, 0), Step(1, 3, 0)]
    assert set(walk([2], Direction.BOTH, over(steps), WIDE).depth) == {1, 2}


def test_depth_stops_the_walk_and_says_where():
    found = walk([4], Direction.UP, over(CHAIN), Budget(depth=1, nodes=100))
    assert set(found.depth) == {4, 3}
    assert found.frontier == {3: 1}
    assert found.truncated
    assert not walk([4], Direction.UP, over(CHAIN), Budget(depth=3, nodes=100)).truncated


def test_the_budget_counts_jobs_too():
    found = walk([4], Direction.UP, over(CHAIN), Budget(depth=9, nodes=4))
    assert found.size <= 4
    assert found.truncated


def test_a_step_that_only_writes_adds_its_job():
    found = walk([2], Direction.UP, over([Step(0, 2, 7)]), WIDE)
    assert found.jobs == {7}
    assert set(found.depth) == {2}


def test_each_hop_is_one_look_up_however_deep_the_diamonds():
    ladder = [Step(a * 10 + i, (a + 1) * 10 + j, 0) for a in range(1, 17) for i in range(2) for j in range(2)]
    calls: list[list[int]] = []
    found = walk([170], Direction.UP, over(ladder, calls), WIDE)
    assert len(found.depth) == 33
    assert len(calls) == 17


def test_time_stops_the_walk_and_says_where():
    hours = iter(range(0, 100, 4))
    found = walk([4], Direction.UP, over(CHAIN), Budget(depth=9, nodes=100, seconds=9), lambda: next(hours))
    assert set(found.depth) == {4, 3, 2}
    assert found.frontier == {2: 1}


STEPS = st.lists(st.builds(Step, st.integers(0, 12), st.integers(1, 12), st.integers(0, 3)), max_size=40)


@given(STEPS, st.integers(1, 12))
def test_a_walk_reaches_exactly_what_there_is(steps, start):
    found = walk([start], Direction.UP, over(steps), WIDE)
    reached, todo = {start}, [start]
    while todo:
        node = todo.pop()
        fresh = {one.src for one in steps if one.dst == node and one.src} - reached
        reached |= fresh
        todo += fresh
    assert set(found.depth) == reached
    assert not found.truncated


@given(STEPS, st.integers(1, 12), st.integers(0, 3), st.integers(1, 8))
def test_a_cut_walk_always_says_so(steps, start, depth, nodes):
    whole = walk([start], Direction.DOWN, over(steps), WIDE)
    cut = walk([start], Direction.DOWN, over(steps), Budget(depth, nodes))
    assert cut.size <= max(nodes, 1)
    assert cut.truncated == (cut.steps != whole.steps)


def test_the_nearest_are_kept_and_the_cut_is_named():
    names = [*"abcdef"]
    edges = tuple(pairwise(names))
    graph = Graph(tuple(Node(n, "dataset", "file", n) for n in names), edges, datetime.now(UTC), focus="f")
    assert nearest(graph, 6) is graph
    cut = nearest(graph, 3)
    assert [node.id for node in cut.nodes] == ["d", "e", "f"]
    assert (cut.edges, cut.frontier, cut.truncated) == ((("d", "e"), ("e", "f")), ("d",), True)
