"""Drawing: every node has a place, nothing overlaps, the same graph gives the same picture."""

import time
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from lineage import draw, svg
from lineage.graph import ColumnStep, Graph, Node

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


COLUMNS = [ColumnStep("dataset:n:a", "mail", "dataset:n:b", "mail", masking=True),
           ColumnStep("dataset:n:a", "age", "dataset:n:b", "", masking=False)]  # fmt: skip


def ported(columns=tuple(COLUMNS), **more):
    one, other = Node("dataset:n:a", "dataset", "n", "a", 7), Node("dataset:n:b", "dataset", "n", "b", 8)
    made = Graph((one, other), ((one.id, other.id),), datetime(2026, 11, 20, tzinfo=UTC), column_edges=columns, **more)
    return ET.fromstring(svg.picture(made, link=lambda node: "/x", label="x", words=WORDS))


def texts(root, kind):
    return [one.text for one in root.iter("{http://www.w3.org/2000/svg}text") if one.get("class") == kind]


def test_columns_are_ports_and_a_masked_step_is_dashed():
    root = ported()
    assert texts(root, "lineage__port") == ["age", "mail", "mail"]
    lines = [p for p in root.iter("{http://www.w3.org/2000/svg}path") if "lineage__column" in p.get("class", "")]
    assert sorted((line.get("stroke-dasharray") or "") for line in lines) == ["", "3 3"]


def test_many_columns_end_in_a_count():
    many = tuple(ColumnStep("dataset:n:a", f"c{n:02}", "dataset:n:b", "x", masking=False) for n in range(40))
    assert texts(ported(many), "lineage__port")[svg.PORTS - 1] == f"+{40 - svg.PORTS + 1}"


def test_what_was_left_out_beside_a_node_is_a_mark_on_its_side():
    root = ported(None, focus="dataset:n:b", frontier=("dataset:n:a", "dataset:n:b"),
                  beyond={"dataset:n:a": 37, "dataset:n:b": 2})  # fmt: skip
    marks = {t.text: float(t.get("x")) for t in root.iter("{http://www.w3.org/2000/svg}text") if t.text[0] == "+"}
    boxes = [
        float(b.get("x")) for b in root.iter("{http://www.w3.org/2000/svg}rect") if b.get("class") == "lineage__box"
    ]
    assert 0 < marks["+37"] < boxes[0] < boxes[1] + draw.WIDTH < marks["+2"] < float(root.get("width"))


@given(EDGES, st.dictionaries(st.sampled_from("abcdefgh"), st.integers(45, 300)))
def test_taller_nodes_do_not_overlap_either(edges, heights):
    layout = draw.lay_out("abcdefgh", edges, heights, aside=50)
    places = list(layout.at.items())
    for at, (node, (x, y)) in enumerate(places):
        assert 50 <= x <= layout.width - draw.WIDTH - 50
        assert y >= 0 and y + heights.get(node, draw.HEIGHT) <= layout.height
        for other, (other_x, other_y) in places[at + 1 :]:
            first, tall = (
                (y, heights.get(node, draw.HEIGHT)) if y < other_y else (other_y, heights.get(other, draw.HEIGHT))
            )
            assert x != other_x or abs(y - other_y) >= tall, (node, other, first)
