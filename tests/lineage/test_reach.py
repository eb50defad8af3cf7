"""Where a column goes, and by which way."""

import pytest

from lineage.graph import Budget
from lineage.reach import Move, Spot, Way, follow
from tests.lineage.conftest import post

CLEAR, MASKED = Way(masked=False, whole=False), Way(masked=True, whole=False)


def walked(moves, start=("a", 1), most=100, depth=100):
    steps = [Move(Spot(m[0], m[1]), Spot(m[2], m[3]), m[4] if len(m) > 4 else False, 0) for m in moves]
    return follow(Spot(*start), lambda spots: [m for m in steps if m.start in spots], Budget(depth, most))


def test_a_column_is_followed_to_its_end():
    found = walked([(1, "x", 2, "y"), (2, "y", 3, "z"), (2, "other", 4, "z")], (1, "x"))
    assert found.ways == {Spot(1, "x"): CLEAR, Spot(2, "y"): CLEAR, Spot(3, "z"): CLEAR}


def test_masking_stays_with_what_lies_beyond():
    found = walked([(1, "x", 2, "y", True), (2, "y", 3, "z")], (1, "x"))
    assert found.ways[Spot(3, "z")] == MASKED


def test_a_longer_way_without_masking_counts_more():
    moves = [(1, "x", 3, "z", True), (3, "z", 4, "z"), (1, "x", 2, "y"), (2, "y", 5, "y"), (5, "y", 3, "z")]
    found = walked(moves, (1, "x"))
    assert found.ways[Spot(3, "z")] == found.ways[Spot(4, "z")] == CLEAR


def test_a_circle_ends():
    assert len(walked([(1, "x", 2, "y"), (2, "y", 1, "x")], (1, "x")).ways) == 2


@pytest.mark.parametrize("budget", [{"most": 2}, {"depth": 1}])
def test_what_was_not_followed_is_said(budget):
    found = walked([(1, "x", 2, "y"), (2, "y", 3, "z")], (1, "x"), **budget)
    assert (found.frontier, Spot(3, "z") in found.ways) == ({2}, False)


def written(name, **columns):
    """A dataset whose columns were made from others: `mail=("/raw", "mail", masking)`."""
    fields = {
        column: {
            "inputFields": [
                {
                    "namespace": "file",
                    "name": source,
                    "field": field,
                    "transformations": [{"type": "DIRECT", "masking": masking}],
                }
            ]
        }
        for column, (source, field, masking) in columns.items()
    }
    schema = {"fields": [{"name": column} for column in columns]}
    return {"namespace": "file", "name": name, "facets": {"columnLineage": {"fields": fields}, "schema": schema}}


@pytest.fixture
def spread(producer, say):
    """`mail` of /raw goes clear to /clean and its model `fraud`, masked to /safe and its model `churn`."""
    clear = written("/clean", mail=("/raw", "mail", False), age=("/raw", "age", False))
    safe = written("/safe", mail=("/raw", "mail", True), age=("/raw", "age", False))
    for event in (
        say("clean", ["/raw"], [clear]),
        say("hide", ["/raw"], [safe]),
        say("train", ["/clean"], ["models:/fraud@1"]),
        say("leave", ["/safe"], ["models:/churn@1"]),
    ):
        assert post(producer, event).status_code == 201


def reach(who, column):
    from jobs.selectors import now
    from lineage.reach import reach_of

    return reach_of(who.actor, ("file", "/raw"), column, now())


def test_models_are_reached_through_datasets_and_masking_is_said(spread, people):
    found = {node.name: way for node, way in reach(people.vera, "mail").models()}
    assert found == {"models:/fraud": Way(masked=False, whole=True), "models:/churn": Way(masked=True, whole=True)}


def test_another_column_takes_its_own_way(spread, people):
    assert {way.masked for _, way in reach(people.vera, "age").models()} == {False}


def test_every_step_names_its_columns_and_job(spread, people):
    step = next(one for one in reach(people.vera, "mail").steps if one.end.name == "/safe")
    assert (step.column, step.to_column, step.masking, step.job.name) == ("mail", "mail", True, "hide")


def test_without_a_column_the_whole_dataset_is_followed(spread, people):
    assert len(reach(people.vera, "").models()) == 2


def test_a_column_that_no_step_names_goes_nowhere_that_others_are_named_to_go(spread, people):
    assert reach(people.vera, "salary").reached == []


def test_what_may_not_be_seen_is_a_stub_and_the_way_through_it_stays(spread, people, founded):
    from lineage.models import Dataset, Job

    Dataset.objects.filter(name="/clean").update(scope_id=founded.pk)
    Job.objects.filter(name="clean").update(scope_id=founded.pk)
    found = reach(people.ann, "mail")
    assert found.hidden_nodes == 1
    assert "models:/fraud" in {node.name for node, _ in found.models()}
    (step,) = [one for one in found.steps if one.end.type == "hidden"]
    assert (step.end.name, step.to_column, step.job) == ("", "", None)
    assert "/clean" not in str(found.as_json())
