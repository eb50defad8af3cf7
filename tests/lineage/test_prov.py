"""PROV-JSON of a story: nothing is generated twice, and no relation is told twice."""

from datetime import UTC, datetime

from lineage.graph import Graph
from lineage.prov import as_prov
from lineage.story import Story

AT = "2026-11-20T10:00:00+00:00"


def run(number, reads, writes):
    return {
        "run": f"00000000-0000-4000-8000-00000000000{number}",
        "job": {"namespace": "n", "name": "load"},
        "state": "COMPLETE",
        "started_at": AT,
        "ended_at": None,
        "reads": [{"namespace": "file", "name": name, "version": None} for name in reads],
        "writes": [{"namespace": "file", "name": name, "version": version} for name, version in writes],
    }


def told(*runs, people=()):
    return as_prov(Story(Graph((), (), datetime(2026, 11, 20, tzinfo=UTC)), list(runs)), people)


def test_what_two_runs_wrote_is_two_entities_and_a_general_one():
    document = told(run(1, ["/a"], [("/b", None)]), run(2, ["/a"], [("/b", None)]), run(3, ["/b"], [("/c", "1")]))
    made = [one["prov:entity"] for one in document["wasGeneratedBy"].values()]
    assert len(made) == len(set(made)) == 3
    general = {one["prov:generalEntity"] for one in document["specializationOf"].values()}
    read = {one["prov:entity"] for one in document["used"].values() if one["prov:activity"].endswith("3")}
    assert general == read and len(document["specializationOf"]) == 2
    assert len(document["agent"]) == 1 and len(document["entity"]) == 5


def test_a_version_is_an_entity_of_its_own():
    document = told(run(1, [], [("/b", "1")]), run(2, [], [("/b", "2")]))
    assert {one["attestry:version"] for one in document["entity"].values()} == {"1", "2"}
    assert "specializationOf" not in document


def test_whoever_answers_for_data_is_an_agent():
    document = told(run(1, [], [("/b", None)]), people=[({"namespace": "file", "name": "/b"}, ["p"])] * 2)
    assert [one["prov:agent"] for one in document["wasAttributedTo"].values()] == ["attestry:person-p"]


def test_a_time_that_nobody_told_is_left_out():
    assert "prov:endTime" not in next(iter(told(run(1, [], []))["activity"].values()))
