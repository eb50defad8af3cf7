"""Taking a graph away: CSV that no spreadsheet runs, NDJSON that can be sent again, Marquez's shape."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lineage import formats, prov
from lineage.event import understand
from lineage.graph import ColumnStep, Graph, Node

RAW = Node("dataset:file:/raw", "dataset", "file", "/raw", 1)
MODEL = Node("dataset:mlflow://h:models:/m", "model", "mlflow://h", "models:/m", 2)
JOB = Node("job:n:train", "job", "n", "train", 3)
STUB = Node("hidden:1", "hidden", "", "")
GRAPH = Graph(
    (RAW, JOB, MODEL, STUB),
    ((RAW.id, JOB.id), (JOB.id, MODEL.id), (STUB.id, JOB.id)),
    datetime(2026, 11, 20, tzinfo=UTC),
    frontier=(RAW.id,),
    hidden_nodes=1,
    column_edges=(ColumnStep(RAW.id, "a", MODEL.id, "b", masking=True),),
)


def test_the_json_shape_is_what_the_outside_relies_on():
    answer = GRAPH.as_json()
    assert answer["edges"][0] == {"from": RAW.id, "to": JOB.id}
    assert (answer["truncated"], answer["frontier"], answer["hidden_nodes"]) == (True, [RAW.id], 1)
    assert answer["column_edges"][0]["to"] == {"dataset": MODEL.id, "field": "b"}
    assert answer["nodes"][1]["type"] == "job"


def test_the_csv_has_a_line_per_edge():
    rows = list(csv.DictReader(io.StringIO(formats.as_csv(GRAPH))))
    assert len(rows) == 4
    assert (rows[0]["from_name"], rows[0]["to_name"]) == ("/raw", "train")
    assert (rows[3]["from_column"], rows[3]["to_column"], rows[3]["masking"]) == ("a", "b", "true")


def test_a_name_that_looks_like_a_formula_is_only_text():
    for start in "=+-@\t\r\n":
        assert formats.guarded(f"{start}cmd|x") == f"'{start}cmd|x"
    evil = Graph((Node("dataset:n:=1", "dataset", "n", "=1+1", 1),), (), GRAPH.as_of)
    assert "'=1+1" in formats.as_csv(evil)


def test_the_ndjson_can_be_understood_again_and_holds_nothing_hidden():
    events = [understand(json.loads(line)) for line in formats.as_ndjson(GRAPH).splitlines()]
    assert [(e.kind, [i.name for i in e.inputs], [o.name for o in e.outputs]) for e in events] == [
        ("job", ["/raw"], ["models:/m"])
    ]
    assert not events[0].warnings


def test_the_marquez_shape_links_both_ways():
    answer = formats.as_marquez(GRAPH)["graph"]
    job = next(node for node in answer if node["id"] == JOB.id)
    assert job["type"] == "JOB"
    assert job["inEdges"] == [{"origin": RAW.id, "destination": JOB.id}]
    assert job["outEdges"] == [{"origin": JOB.id, "destination": MODEL.id}]
    assert all(node["id"] != STUB.id for node in answer)


def test_the_provenance_of_a_graph_has_a_job_as_one_activity_and_holds_nothing_hidden():
    direct = Node("dataset:file:/copy", "dataset", "file", "/copy", 4)
    graph = replace(GRAPH, nodes=(*GRAPH.nodes, direct), edges=(*GRAPH.edges, (RAW.id, direct.id)))
    told = prov.graph_as_prov(graph)
    names = {name: about["prov:label"] for kind in ("entity", "activity") for name, about in told[kind].items()}
    assert sorted(names.values()) == ["/copy", "/raw", "models:/m", "train"]
    assert [{end: names[name] for end, name in one.items()} for one in told["used"].values()] == [
        {"prov:activity": "train", "prov:entity": "/raw"}
    ]
    assert [{end: names[name] for end, name in one.items()} for one in told["wasGeneratedBy"].values()] == [
        {"prov:entity": "models:/m", "prov:activity": "train"}
    ]
    assert [names[one["prov:generatedEntity"]] for one in told["wasDerivedFrom"].values()] == ["/copy"]


@given(st.lists(st.tuples(st.text(), st.text()), unique=True, max_size=8), st.booleans())
def test_the_text_of_a_graph_says_what_its_json_says(names, columns):
    nodes = tuple(Node(f"dataset:{space}:{name}", "dataset", space, name, 1, 2) for space, name in names)
    edges = tuple((one.id, other.id) for one, other in pairwise(nodes))
    steps = tuple(ColumnStep(one, "a", other, "", masking=True) for one, other in edges) if columns else None
    graph = Graph((*nodes, Node("hidden:1", "hidden", "", "")), edges, GRAPH.as_of, ("x",), 1, "f", steps)
    assert json.loads(formats.as_json(graph)) == graph.as_json()
