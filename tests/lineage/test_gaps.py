"""What is missing or odd in what was told, behind a version and in the workspace."""

import pytest

from lineage.models import Dataset, Job
from tests.lineage.conftest import post
from tests.lineage.test_changes import table

REST = "/api/v1/lineage/gaps"
FRAUD = {"namespace": "mlflow://127.0.0.1:5001", "name": "fraud"}


def gaps(who, **asked):
    answer = who.api.get(REST, asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


def names(found, kind):
    return [one["name"] for one in found["results"] if one["kind"] == kind]


def at(event, time, run, kind="COMPLETE"):
    return event | {"eventTime": time, "eventType": kind, "run": {"runId": f"00000000-0000-7000-8000-{run:012}"}}


@pytest.fixture
def odd(producer, say):
    """Version 1 of `fraud` from clean data; version 2 from data without a maker, read too early, in other columns, that
    failed a check, by a run that was told late; and a run that never ended.
    """
    failed = {"dataQualityAssertions": {"assertions": [
        {"assertion": "not_null", "column": "id", "success": False, "expected": "0", "actual": "7"},
        {"assertion": "unique", "column": "id", "success": True},
    ]}}  # fmt: skip
    before, after = table("/features", {"id": "int", "age": "int"}), table("/features", {"id": "int", "mail": "text"})
    for event in (
        at(say("derive", [], [before]), "2026-11-01T08:00:00Z", 1, "START"),
        at(say("derive", [], [before]), "2026-11-01T09:00:00Z", 1),
        at(say("train", [before], []), "2026-11-01T10:00:00Z", 2, "START"),
        at(say("train", [before], ["models:/fraud@1"]), "2026-11-01T11:00:00Z", 2),
        at(say("derive", [], [after]), "2026-11-02T08:00:00Z", 3, "START"),
        at(say("train", [after, "/orphan"], []), "2026-11-02T09:00:00Z", 4, "START"),
        at(say("derive", [], [after]), "2026-11-02T10:00:00Z", 3),
        at(say("train", [after | {"inputFacets": failed}, "/orphan"], ["models:/fraud@2"]), "2026-11-02T11:00:00Z", 4),
        at(say("forever", ["/orphan"], []), "2026-11-03T08:00:00Z", 5, "START"),
    ):
        assert post(producer, event).status_code == 201


def test_each_gap_behind_a_version_is_told(odd, people):
    found = gaps(people.vera, **FRAUD, version="2")
    assert names(found, "no_producer") == ["/orphan"]
    assert names(found, "late") == ["/features"]
    assert names(found, "drift") == ["/features"]
    assert names(found, "failed_check") == ["/features"]
    assert names(found, "no_end") == []
    assert len([one for one in found["results"] if one["kind"] == "told_late"]) > 0
    assert found["hidden"] == {"datasets": 0, "runs": 0}


def test_the_version_before_has_none_of_them(odd, people):
    found = gaps(people.vera, **FRAUD, version="1")
    assert {one["kind"] for one in found["results"]} <= {"told_late"}


def test_what_changed_and_what_failed_is_told_exactly(odd, people):
    found = {one["kind"]: one for one in gaps(people.vera, **FRAUD, version="2")["results"]}
    assert found["drift"]["columns"] == {"added": ["mail"], "removed": ["age"], "retyped": []}
    check = found["failed_check"]
    assert (check["check"], check["column"], check["expected"], check["actual"]) == ("not_null", "id", "0", "7")
    assert check["run"]["job"]["name"] == "train"


def test_the_workspace_is_looked_at_too(odd, people):
    found = gaps(people.vera)
    assert names(found, "no_end") == ["forever"]
    assert names(found, "no_producer") == ["/orphan"]
    assert names(found, "failed_check") == ["/features"]
    assert found["hidden"] is None


def test_an_open_run_is_no_gap_before_a_day_has_passed(odd, people):
    assert names(gaps(people.vera, as_of="2026-11-03T20:00:00Z"), "no_end") == []
    assert names(gaps(people.vera, as_of="2026-11-04T20:00:00Z"), "no_end") == ["forever"]


def test_one_kind_comes_in_pages(odd, people):
    seen, cursor = [], ""
    while cursor is not None:
        found = gaps(people.vera, kind="told_late", limit="2", **({"cursor": cursor} if cursor else {}))
        seen += [one["event"] for one in found["results"]]
        cursor = found["next"]
    assert len(seen) == len(set(seen)) == 9


def test_what_was_written_under_another_name_has_a_producer(odd, producer, say, people):
    other = {"namespace": "file", "name": "/orphan.parquet", "facets": {"symlinks": {"identifiers": [
        {"namespace": "file", "name": "/orphan", "type": "TABLE"}]}}}  # fmt: skip
    assert post(producer, say("export", [], [other])).status_code == 201
    assert names(gaps(people.vera), "no_producer") == []


def test_what_may_not_be_seen_is_counted_and_not_named(odd, people, founded):
    Dataset.objects.filter(name="/orphan").update(scope_id=founded.pk)
    Job.objects.filter(name="forever").update(scope_id=founded.pk)
    answer = people.ann.api.get(REST, {**FRAUD, "version": "2"})
    assert answer.json()["hidden"]["datasets"] == 1
    assert "/orphan" not in answer.content.decode()
    assert "forever" not in people.ann.api.get(REST).content.decode()


def test_a_stranger_learns_nothing(odd, people):
    assert people.eve.api.get(REST, {**FRAUD, "version": "2"}).status_code == 404
    assert gaps(people.eve)["results"] == []


def test_what_is_asked_wrongly_is_said(odd, people):
    for asked in ({"kind": "zzz"}, FRAUD, {"kind": "late", "limit": "0"}, {"as_of": "soon"}):
        assert people.vera.api.get(REST, asked).status_code == 400
    assert people.vera.api.get(REST, {**FRAUD, "version": "9"}).status_code == 404


def test_the_page_says_it_in_words(odd, people):
    text = people.vera.client.get("/lineage/gaps", {**FRAUD, "version": "2"}).content.decode()
    for words in ("nothing is known to have made", "/orphan", "not_null", "mail", "still being written"):
        assert words in text
    assert "style=" not in text
    one = people.vera.client.get("/lineage/gaps", {"kind": "no_end"}).content.decode()
    assert "forever" in one and "not_null" not in one


def test_an_empty_house_misses_nothing(people):
    assert "Nothing is missing" in people.vera.client.get("/lineage/gaps").content.decode()
