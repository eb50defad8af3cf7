"""Drawing: every node has a place, nothing overlaps, the same graph gives the same picture."""

import time
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from lineage import draw, svg
from lineage.graph import Graph, Node

WORDS = {"dataset": "Dataset", "job": "Job", "model": "Model", "hidden": "Hidden", "more": "more beyond"}
EDGES = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=24)


@given(EDGES)
def test_nodes_never_overlap(edges):
    layout = draw.lay_out("abcdefgh", edges)
    places = list(layout.at.values())
    for at, (x, y) in enumerate(places):
        for other_x, other_y in places[at + 1 :]:
            assert abs(x - other_x) >= draw.WIDTH or abs(y - other_y) >= draw.HEIGHT
    assert all(0 <= x <= layout.width - draw.WIDTH and 0 <= y <= layout.height - draw.HEIGHT for x, y in places)


@given(EDGES)
def test_every_edge_is_drawn_from_its_source_to_its_target(edges):
    layout = draw.lay_out("abcdefgh", edges)
    assert set(layout.bends) == {(one, other) for one, other in edges if one != other}
    for (one, other), points in layout.bends.items():
        middles = {layout.at[one][1] + draw.HEIGHT / 2, layout.at[other][1] + draw.HEIGHT / 2}
        assert abs(points[0][1] - (layout.at[one][1] + draw.HEIGHT / 2)) < 0.2, middles
        assert abs(points[-1][1] - (layout.at[other][1] + draw.HEIGHT / 2)) < 0.2, middles


def test_data_runs_from_left_to_right():
    at = draw.lay_out("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("d", "c")]).at
    assert at["a"][0] < at["b"][0] == at["d"][0] < at["c"][0]


def test_a_cycle_is_drawn_too():
    assert len(draw.lay_out("ab", [("a", "b"), ("b", "a")]).bends) == 2


def graph(*nodes, edges=(), frontier=()):
    return Graph(tuple(nodes), tuple(edges), datetime(2026, 11, 20, tzinfo=UTC), tuple(frontier))


def test_the_picture_is_well_formed_links_and_escapes():
    nasty = '<script>alert("x")</script>&\x01\x0b\ufffe'
    one = Node("dataset:n:a", "dataset", "n", nasty, 7)
    other = Node("job:n:j", "job", "n", "j", 8)
    stub = Node("hidden:1", "hidden", "", "")
    drawn = svg.picture(
        graph(one, other, stub, edges=[(one.id, other.id), (other.id, stub.id)], frontier=[one.id]),
        link=lambda node: f"/x/{node.pk}?a=1&b=2" if node.pk else "",
        label='The "graph"',
        words=WORDS,
    )
    root = ET.fromstring(drawn)
    space = {"s": "http://www.w3.org/2000/svg"}
    assert [a.get("href") for a in root.iterfind(".//s:a", space)] == ["/x/7?a=1&b=2", "/x/8?a=1&b=2"]
    assert "<script" not in drawn and " style=" not in drawn
    assert "more beyond" in drawn


def test_a_link_that_leaves_the_house_is_not_drawn():
    one = Node("dataset:n:a", "dataset", "n", "a", 7)
    assert "<a " not in svg.picture(graph(one), link=lambda node: "javascript:alert(1)", label="x", words=WORDS)


def test_the_same_graph_gives_the_same_bytes():
    nodes = [Node(f"dataset:n:{i}", "dataset", "n", str(i), i) for i in range(30)]
    edges = [(nodes[i].id, nodes[(i * 7 + 3) % 30].id) for i in range(30)]
    first, again = (
        svg.picture(graph(*nodes, edges=e), link=lambda n: "", label="x", words=WORDS) for e in (edges, edges)
    )
    assert first == again


def test_five_hundred_nodes_are_laid_out_quickly():
    nodes = [f"n{i:03}" for i in range(500)]
    edges = [(f"n{i:03}", f"n{min(499, i + 1 + (i * 37) % 40):03}") for i in range(499)]
    began = time.perf_counter()
    draw.lay_out(nodes, edges)
    assert time.perf_counter() - began < 2
