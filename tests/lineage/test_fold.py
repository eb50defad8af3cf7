"""Graphs made smaller: without jobs, with many nodes as one, and the way to one node."""

from datetime import UTC, datetime

import pytest

from lineage import fold
from lineage.graph import Graph, Node
from tests.lineage.conftest import post


def data(name, namespace="n"):
    return Node(f"dataset:{namespace}:{name}", "dataset", namespace, name, 1)


def job(name):
    return Node(f"job:jobs:{name}", "job", "jobs", name, 2)


def graph(nodes, edges, focus="", **more):
    names = {node.name: node.id for node in nodes}
    pairs = tuple((names[one], names[other]) for one, other in edges)
    return Graph(tuple(nodes), pairs, datetime(2026, 11, 20, tzinfo=UTC), focus=names.get(focus, ""), **more)


def named(found):
    names = {node.id: node.name for node in found.nodes}
    return {(names[one], names[other]) for one, other in found.edges}


STEPS = graph(
    [data("a"), data("b"), data("c"), data("d"), job("j"), job("k")],
    [("a", "j"), ("b", "j"), ("j", "c"), ("c", "k"), ("k", "d")],
    focus="c",
)


class TestWithoutJobs:
    def test_what_was_read_leads_straight_to_what_was_written(self):
        assert named(fold.without_jobs(STEPS)) == {("a", "c"), ("b", "c"), ("c", "d")}

    def test_what_was_not_made_from_each_other_is_not_joined(self):
        ends = {"job:jobs:j": [("dataset:n:a", "dataset:n:c"), ("dataset:n:b", "dataset:n:d")]}
        edges = [("a", "j"), ("b", "j"), ("j", "c"), ("j", "d")]
        one = graph([data("a"), data("b"), data("c"), data("d"), job("j")], edges, through=ends)
        assert named(fold.without_jobs(one)) == {("a", "c"), ("b", "d")}

    def test_a_job_that_only_reads_stays(self):
        found = fold.without_jobs(graph([data("a"), job("j")], [("a", "j")]))
        assert named(found) == {("a", "j")}

    def test_the_job_in_the_middle_stays(self):
        found = fold.without_jobs(graph([data("a"), job("j"), data("b")], [("a", "j"), ("j", "b")], focus="j"))
        assert named(found) == {("a", "j"), ("j", "b")}

    def test_a_job_that_joins_much_with_much_stays(self):
        ends = [data(f"a{n}") for n in range(30)], [data(f"b{n}") for n in range(30)]
        edges = [*((one.name, "j") for one in ends[0]), *(("j", one.name) for one in ends[1])]
        assert len(fold.without_jobs(graph([*ends[0], *ends[1], job("j")], edges)).edges) == 60


class TestFolded:
    def test_a_namespace_becomes_one_node_and_the_focus_stays(self):
        found = fold.folded(STEPS, fold.by_namespace(STEPS))
        assert {node.name for node in found.nodes} == {"c", "n (3)", "jobs (2)"}
        assert named(found) == {("n (3)", "jobs (2)"), ("jobs (2)", "c"), ("c", "jobs (2)"), ("jobs (2)", "n (3)")}

    def test_nothing_stands_for_itself_alone(self):
        one = graph([data("a"), data("b", "other")], [("a", "b")], focus="b")
        assert fold.folded(one, fold.by_namespace(one)) == one

    def test_a_hidden_node_stays_hidden(self):
        stub = Node("hidden:1", "hidden", "", "")
        one = graph([data("a"), data("b"), data("c"), stub], [("a", "c")], focus="c", hidden_nodes=1)
        assert stub in fold.folded(one, fold.by_namespace(one)).nodes

    def test_what_is_beyond_its_members_is_beyond_it(self):
        one = graph(
            [data("a"), data("b"), data("c")],
            [("a", "c"), ("b", "c")],
            focus="c",
            frontier=("dataset:n:a", "dataset:n:b"),
            beyond={"dataset:n:a": 2, "dataset:n:b": 3},
        )
        found = fold.folded(one, fold.by_namespace(one))
        assert (found.frontier, found.beyond) == (("group:n",), {"group:n": 5})


class TestTheWay:
    def test_all_ways_between_the_middle_and_a_node(self):
        assert fold.between(STEPS, "dataset:n:a") == {"dataset:n:a", "job:jobs:j", "dataset:n:c"}
        assert fold.between(STEPS, "dataset:n:d") == {"dataset:n:c", "job:jobs:k", "dataset:n:d"}

    def test_there_is_none_to_what_is_not_there(self):
        assert fold.between(STEPS, "dataset:n:zzz") == set()

    def test_up_and_down(self):
        assert fold.upstream(STEPS) == {"dataset:n:a", "dataset:n:b", "job:jobs:j"}
        assert fold.downstream(STEPS) == {"dataset:n:d", "job:jobs:k"}


@pytest.fixture
def tasks(producer, say):
    """Two tasks of one parent, and the model that was trained on what they made."""
    dag = {"run": {"runId": "00000000-0000-7000-8000-000000000009"}, "job": {"namespace": "jobs", "name": "dag"}}
    for name, read, written in (("one", "/a", "/b"), ("two", "/b", "/c")):
        event = say(name, [read], [written])
        event["run"] = event["run"] | {"facets": {"parent": dag}}
        assert post(producer, event).status_code == 201
    assert post(producer, say("train", ["/c"], ["models:/fraud@1"])).status_code == 201


ASKED = {"namespace": "file", "name": "/c"}


def ids(who, **more):
    answer = who.api.get("/api/v1/lineage", ASKED | more)
    assert answer.status_code == 200, answer.content
    return {node["id"] for node in answer.json()["nodes"]}


def test_tasks_of_one_parent_are_drawn_as_it(tasks, people):
    assert ids(people.vera, group="parent") == ids(people.vera) - {"job:jobs:one", "job:jobs:two"} | {"job:jobs:dag"}


def test_rest_leaves_jobs_out_and_folds_namespaces(tasks, people):
    assert not [one for one in ids(people.vera, group="jobs") if one.startswith("job:")]
    assert "group:jobs" in ids(people.vera, group="namespace")


def test_two_runs_of_one_job_are_not_mixed(producer, say, people):
    for month, run in (("08", 1), ("09", 2)):
        event = say("clean", [f"/raw-{month}"], [f"/clean-{month}"])
        event["run"] = {"runId": f"00000000-0000-7000-8000-{run:012}"}
        assert post(producer, event).status_code == 201
    asked = {"namespace": "file", "name": "/clean-08", "group": "jobs"}
    found = people.vera.api.get("/api/v1/lineage", asked).json()
    assert [(one["from"], one["to"]) for one in found["edges"]] == [("dataset:file:/raw-08", "dataset:file:/clean-08")]
    other = people.vera.api.get("/api/v1/lineage", asked | {"name": "/raw-09", "type": "dataset"}).json()
    assert {one["name"] for one in other["nodes"]} == {"/raw-09", "/clean-09"}


def test_another_way_to_fold_is_refused(tasks, people):
    assert people.vera.api.get("/api/v1/lineage", ASKED | {"group": "zzz"}).status_code == 400
    assert people.vera.client.get("/lineage", ASKED | {"group": "zzz"}).status_code == 200


def test_events_to_send_again_are_never_folded(tasks, people):
    answer = people.vera.api.get("/api/v1/lineage", ASKED | {"group": "namespace", "format": "ndjson"})
    assert b'"one"' in answer.content and b"group:" not in answer.content


def test_the_page_shows_the_way_and_counts_what_is_around(tasks, people):
    text = people.vera.client.get("/lineage", ASKED | {"way": "dataset:file:/a"}).content.decode()
    assert "Data it was made from: 2. Data made of it: 1, of which models: 1." in text
    pale = [part for part in text.split("<g class=")[1:] if 'opacity="0.3"' in part.split(">")[0]]
    assert len(pale) == 2
    assert '<option value="dataset:file:/a" selected>' in text
