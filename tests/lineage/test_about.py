"""What is known of one thing: by REST and on its page, as far as the reader may see it."""

from uuid import UUID

import pytest

from lineage.models import Dataset
from tests.lineage.conftest import post
from tests.lineage.test_projection import story

pytestmark = pytest.mark.django_db
RUN = str(UUID(int=7))


@pytest.fixture
def told(producer, say):
    for event in story(say):
        assert post(producer, event).status_code == 201


def details(who, **asked):
    return who.api.get("/api/v1/lineage/details", asked)


def test_a_dataset_is_told_with_all_that_was_said_of_it(told, people):
    known = details(people.ann, namespace="file", name="/clean").json()
    assert (known["dataset_type"], known["last_change"]) == ("TABLE", "RENAME")
    assert known["schema"]["fields"] == [{"name": "a"}]
    assert [one["version"] for one in known["versions"]] == ["v1"]
    assert known["also_known_as"] == [{"namespace": "hive", "name": "db.clean", "kind": "TABLE"}]
    assert [(one["change"], one["previous_name"]) for one in known["changes"]] == [("RENAME", "/before")]
    assert known["owners"] == []
    assert {(one["field"], one["name"], one["value"]) for one in known["tags"]} == {
        ("a", "pii", "true"),
        ("", "x", "y"),
    }
    assert {"schema", "symlinks", "tags", "version"} <= set(known["facets"])
    assert known["facets"]["version"]["value"] == {"datasetVersion": "v1"}
    assert known["facets"]["columnLineage"]["value"] is None


def test_owners_are_those_of_the_latest_facet(producer, people, say):
    for hour, name in ((9, "team:new"), (8, "team:old")):
        owned = {"ownership": {"owners": [{"name": name, "type": "OWNER"}]}}
        dataset = {"namespace": "file", "name": "/x", "facets": owned}
        post(producer, {"eventTime": f"2026-11-20T{hour:02}:00:00Z", "dataset": dataset})
    known = details(people.ann, namespace="file", name="/x").json()
    assert known["owners"] == [{"name": "team:new", "kind": "OWNER"}]


def test_a_job_is_told_with_its_kind_its_versions_and_other_jobs(told, people):
    own = details(people.ann, type="job", namespace="jobs", name="own").json()
    assert (own["processing"], [(one["kind"], one["name"]) for one in own["links"]]) == ("BATCH", [("BEFORE", "first")])
    clean = details(people.ann, type="job", namespace="jobs", name="clean").json()
    assert {(one["kind"], one["name"]) for one in clean["links"]} == {("PARENT", "dag"), ("ROOT", "top")}
    assert (len(clean["versions"]), len(clean["runs"])) == (2, 2)


def test_a_run_is_told_with_what_it_read_and_wrote(told, people):
    known = details(people.ann, run=RUN).json()
    assert (known["parent_run"], known["root_run"]) == (str(UUID(int=8)), str(UUID(int=9)))
    assert (known["state"], known["started_at"]) == ("COMPLETE", "2026-11-20T09:00:00+00:00")
    raw = next(one for one in known["reads"] if one["name"] == "/raw")
    assert (raw["rows"], raw["facets"]["subset"]["value"]) == (3, {"inputCondition": {"type": "location"}})
    assert {(one["name"], one["success"]) for one in known["checks"]} == {("t", True), ("not_null", False)}
    assert known["facets"]["parent"]["event"].startswith("sha256:")


def test_numbers_are_told_per_column(told, people):
    known = details(people.ann, namespace="file", name="/raw").json()
    assert {(one["column"], one["name"], one["value"]) for one in known["metrics"]} == {
        ("", "rowCount", 3.0), ("a", "nullCount", 0.0), ("a", "quantile 0.5", 2.5),
    }  # fmt: skip
    assert [(one["name"], one["column"], one["success"]) for one in known["checks"]] == [("not_null", "a", False)]


def test_what_may_not_be_seen_is_the_same_as_what_is_not_there(told, people):
    for asked in (
        {"namespace": "file", "name": "/clean"},
        {"type": "job", "namespace": "jobs", "name": "own"},
        {"run": RUN},
    ):
        assert details(people.eve, **asked).status_code == 404
    assert details(people.ann, run=str(UUID(int=1))).status_code == 404
    assert details(people.ann, run="x").json()["code"] == "lineage.bad_parameter"


def test_what_a_run_read_elsewhere_is_counted_and_not_named(told, people, person, founded, payments):
    from governance.access import records

    elsewhere = records.place(founded, "team", "elsewhere")
    Dataset.objects.filter(name="/raw").update(scope_id=elsewhere.pk)
    reader = person("Rita", "viewer", payments)
    known = details(reader, run=RUN)
    assert (known.json()["hidden"], b"/raw" in known.content) == (1, False)
    assert b"/raw" not in details(reader, namespace="file", name="/clean").content


def test_the_page_says_it_too(told, people):
    page = people.ann.client.get("/lineage", {"namespace": "file", "name": "/clean"}).content.decode()
    for words in ("What is known of it", "db.clean", "RENAME", "pii", "TABLE", "columnLineage"):
        assert words in page
    job = people.ann.client.get("/lineage", {"type": "job", "namespace": "jobs", "name": "clean"}).content.decode()
    assert "dag (parent)" in job


def test_asking_about_a_run_costs_the_same_however_much_it_read(producer, people, say):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost(count):
        event = say(f"join {count}", [noted(f"/in-{count}-{n}") for n in range(count)], [noted(f"/out-{count}")])
        assert post(producer, event).status_code == 201
        with CaptureQueriesContext(connection) as asked:
            found = people.vera.api.get("/api/v1/lineage/details", {"run": event["run"]["runId"]}).json()
        assert [one["facets"]["inputStatistics"]["value"]["rowCount"] for one in found["reads"]] == [7] * count
        return len(asked)

    assert cost(2) == cost(12)


def noted(name):
    return {"namespace": "file", "name": name, "inputFacets": {"inputStatistics": {"rowCount": 7}}}
