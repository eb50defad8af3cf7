"""What changed behind two versions of a model."""

import pytest

from tests.lineage.conftest import post

SERVER = "mlflow://127.0.0.1:5001"
ASKED = {"namespace": SERVER, "name": "fraud", "before": "1", "after": "2"}


def table(name, columns, rows=None):
    """A dataset with columns, and how many rows of it were read."""
    fields = [{"name": column, "type": kind} for column, kind in columns.items()]
    found = {"namespace": "file", "name": name, "facets": {"schema": {"fields": fields}}}
    return found | ({"inputFacets": {"inputStatistics": {"rowCount": rows}}} if rows is not None else {})


def training(say, version, read, commit, run):
    event = say("train", read, [f"models:/fraud@{version}"])
    event["run"] = {"runId": run}
    event["job"]["facets"] = {"sourceCodeLocation": {"type": "git", "url": "https://git/x", "version": commit}}
    return event


@pytest.fixture
def versions(producer, say):
    """Version 1 of `fraud` was made from /a and /old, version 2 from other columns of /a, and from /new."""
    first = [table("/a", {"id": "int", "age": "int"}, 100), "/old"]
    second = [table("/a", {"id": "text", "mail": "text"}, 250), "/new"]
    for event in (
        training(say, "1", first, "abc", "00000000-0000-7000-8000-000000000001"),
        training(say, "2", second, "def", "00000000-0000-7000-8000-000000000002"),
    ):
        assert post(producer, event).status_code == 201


def test_data_columns_rows_and_code_are_compared(versions, people):
    found = people.vera.api.get("/api/v1/lineage/changes", ASKED).json()
    told = {one["name"]: one for one in found["datasets"]}
    assert {name: one["change"] for name, one in told.items()} == {"/a": "kept", "/old": "removed", "/new": "added"}
    assert told["/a"]["columns"] == {"added": ["mail"], "removed": ["age"], "retyped": ["id"]}
    assert told["/a"]["rows"] == {"before": 100, "after": 250}
    (job,) = found["jobs"]
    assert (job["code"]["before"]["version"], job["code"]["after"]["version"]) == ("abc", "def")


def test_a_version_beside_itself_has_not_changed(versions, people):
    found = people.vera.api.get("/api/v1/lineage/changes", ASKED | {"after": "1"}).json()
    assert (found["datasets"], found["jobs"]) == ([], [])


def test_the_page_says_it_in_words(versions, people):
    page = people.vera.client.get("/lineage/changes", ASKED).content.decode()
    for words in ("No longer used", "/new", "100 → 250", "mail", "abc", "def"):
        assert words in page
    assert "style=" not in page


def test_without_versions_it_asks_which_are_meant(people):
    assert "two of its versions" in people.vera.client.get("/lineage/changes").content.decode()


def test_what_nobody_wrote_is_not_compared(versions, people):
    assert people.vera.api.get("/api/v1/lineage/changes", ASKED | {"after": "9"}).status_code == 404
    assert "9" in people.vera.client.get("/lineage/changes", ASKED | {"after": "9"}).content.decode()


def test_a_stranger_learns_nothing(versions, people):
    assert people.eve.api.get("/api/v1/lineage/changes", ASKED).status_code == 404
    assert "250" not in people.eve.client.get("/lineage/changes", ASKED).content.decode()


@pytest.mark.parametrize("missing", sorted(ASKED))
def test_a_missing_parameter_is_named(versions, people, missing):
    answer = people.vera.api.get("/api/v1/lineage/changes", {k: v for k, v in ASKED.items() if k != missing})
    assert (answer.status_code, answer.json()["code"]) == (400, "lineage.bad_parameter")
