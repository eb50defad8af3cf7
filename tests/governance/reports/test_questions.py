"""What officers ask of lineage: what trained this version, which live models a column reaches, who must be told."""

import csv
import io

import pytest

from governance.catalog.models import Asset, Owner, Version
from governance.policies.models import Environment
from governance.registries.models import AliasSeen, Registry
from lineage.models import Dataset, Job

MODEL = {"namespace": "mlflow://h:5001", "name": "fraud"}
RAW = {"namespace": "file", "name": "/raw"}
MORE = {"namespace": "file", "name": "/more"}
REST = "/api/v1/lineage"


@pytest.fixture
def live(told, run_jobs, payments, people, now):
    """Version 2 of `fraud`, which Olga answers for, runs in production."""
    run_jobs()
    model = Asset.objects.get(kind="model")
    Registry.objects.create(name="r", uri="http://127.0.0.1:9/r", namespace="mlflow://h:5001", scope=payments)
    for label in ("1", "2"):
        Version.objects.create(
            asset=model, label=label, created_at=now, seen_at=now, code_commit=f"c{label}", params={"depth": label}
        )
    moved(model, "2", now)
    Owner.objects.create(asset=model, user=people.olga.user)
    Owner.objects.create(asset=Asset.objects.get(name="/features"), user=people.ann.user)
    return model


def moved(model, label, now):
    """The alias of production was seen at that version; nowhere, when it is empty."""
    alias = Environment.objects.get(name="production").alias
    AliasSeen.objects.create(
        registry=Registry.objects.get(), asset=model, alias=alias, version_label=label, seen_at=now
    )


def get(who, what, **asked):
    answer = who.api.get(f"{REST}/{what}", asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


def page(who, what, **asked):
    answer = who.client.get(f"/lineage/{what}", asked)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert " style=" not in text
    return text


class TestWhatTrainedThisVersion:
    def test_what_was_read_then_not_what_has_the_name_now(self, live, people):
        first = {one["name"] for one in get(people.vera, "trained", **MODEL, version="1")["datasets"]}
        second = {one["name"] for one in get(people.vera, "trained", **MODEL, version="2")["datasets"]}
        assert (first, second) == ({"/raw", "/features"}, {"/raw", "/more", "/features"})

    def test_the_training_data_stands_apart_from_what_it_was_made_from(self, live, people):
        found = get(people.vera, "trained", **MODEL, version="2")["datasets"]
        assert {one["name"] for one in found if one["trained_on"]} == {"/features"}

    def test_owners_scans_code_and_parameters_are_told(self, live, people):
        found = get(people.vera, "trained", **MODEL, version="2")
        features = next(one for one in found["datasets"] if one["name"] == "/features")
        assert (features["owners"][0]["name"], features["pii"]["verdict"]) == ("Ann", "unscanned")
        assert (found["registered"]["code_commit"], found["registered"]["parameters"]) == ("c2", {"depth": "2"})
        assert {run["code"]["version"] for run in found["runs"]} == {"abc123"}

    def test_a_version_that_nobody_knows_is_not_found(self, live, people):
        assert people.vera.api.get(f"{REST}/trained", {**MODEL, "version": "9"}).status_code == 404

    def test_what_belongs_elsewhere_is_counted_and_not_named(self, live, people, founded):
        Dataset.objects.filter(name="/more").update(scope_id=founded.pk)
        answer = people.ann.api.get(f"{REST}/trained", {**MODEL, "version": "2"})
        assert answer.json()["hidden"]["datasets"] == 1
        assert "/more" not in answer.content.decode()

    def test_the_page_says_it_in_words(self, live, people):
        text = page(people.vera, "trained", **MODEL, version="2")
        for words in ("The training itself read", "/features", "Not scanned", "abc123", "derive", "Ann"):
            assert words in text
        assert "one of its versions" in page(people.vera, "trained")


class TestWhichLiveModelsAColumnReaches:
    def test_what_runs_is_named_with_its_place_version_and_owner(self, live, people):
        (found,) = get(people.vera, "reaches", **RAW, column="id")["models"]
        assert (found["name"], found["owners"][0]["email"]) == ("models:/fraud", "olga@example.org")
        (running,) = found["live"]
        assert (running["environment"], running["version"]["label"]) == ("production", "2")
        assert running["made_with_it"] is True

    def test_a_version_whose_runs_did_not_read_it_is_said_to_be_clear(self, live, people, now):
        moved(live, "1", now)
        (found,) = get(people.vera, "reaches", **MORE)["models"]
        assert [one["made_with_it"] for one in found["live"]] == [False]

    def test_a_model_that_runs_nowhere_is_told_apart(self, live, people, now):
        moved(live, "", now)
        (found,) = get(people.vera, "reaches", **RAW, column="id")["models"]
        assert found["live"] == []
        assert "reaches no model that runs anywhere" in page(people.vera, "reaches", **RAW, column="id")

    def test_a_model_of_another_scope_is_a_stub(self, live, people, founded):
        Dataset.objects.filter(name="models:/fraud").update(scope_id=founded.pk)
        Asset.objects.filter(kind="model").update(scope=founded)
        answer = people.ann.api.get(f"{REST}/reaches", {**RAW, "column": "id"})
        assert (answer.json()["models"], answer.json()["hidden_nodes"]) == ([], 1)
        assert "fraud" not in answer.content.decode()

    def test_a_column_that_nobody_knows_is_not_found(self, live, people):
        assert people.vera.api.get(f"{REST}/reaches", {**RAW, "column": "zzz"}).status_code == 404
        assert "zzz" in page(people.vera, "reaches", **RAW, column="zzz")

    def test_the_page_shows_the_models_and_the_way(self, live, people):
        text = page(people.vera, "reaches", **RAW, column="id")
        for words in ("It reaches 1 model that runs somewhere", "version 2", "its runs read this dataset", "derive"):
            assert words in text

    def test_a_spreadsheet_can_read_it(self, live, people):
        answer = people.vera.api.get(f"{REST}/reaches", {**RAW, "column": "id", "format": "csv"})
        (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
        assert (row["model"], row["environment"], row["version"]) == ("models:/fraud", "production", "2")


class TestWhoMustBeTold:
    def test_everybody_downstream_is_named_once_with_what_they_answer_for(self, live, people):
        found = get(people.vera, "tell", **RAW)
        assert {one["name"]: one["things"] for one in found["people"]} == {
            "Ann": ["dataset:file:/features"],
            "Olga": ["dataset:mlflow://h:5001:models:/fraud"],
        }
        model = next(one for one in found["things"] if one["type"] == "model")
        assert model["live"] == [Environment.objects.get(name="production").alias]

    def test_owners_that_producers_name_are_told_too(self, live, people, producing):
        producing("derive", {"ownership": {"owners": [{"name": "team:features", "type": "MAINTAINER"}]}})
        found = get(people.vera, "tell", **RAW)
        (team,) = [one for one in found["people"] if one["source"] == "producer"]
        assert (team["name"], team["things"], team["email"]) == ("team:features", ["job:jobs:derive"], None)

    def test_a_job_is_a_step_beyond_what_it_reads_and_stands_before_what_it_makes(self, live, people):
        found = [(one["name"], one["depth"]) for one in get(people.vera, "tell", **RAW)["things"]]
        assert found == [
            ("derive", 1), ("/features", 1), ("train", 2), ("models:/fraud", 2), ("score", 3), ("/scores", 3),
        ]  # fmt: skip

    def test_what_nobody_answers_for_is_named(self, live, people):
        assert "job:jobs:train" in get(people.vera, "tell", **RAW)["unowned"]

    def test_what_may_not_be_seen_is_counted(self, live, people, founded):
        Dataset.objects.filter(name="/scores").update(scope_id=founded.pk)
        Job.objects.filter(name="score").update(scope_id=founded.pk)
        found = get(people.ann, "tell", **RAW)
        assert found["hidden_nodes"] == 2
        assert not [one for one in found["things"] if "score" in one["name"]]

    def test_a_spreadsheet_can_read_it_and_runs_no_formula(self, live, people, producing):
        producing("train", {"ownership": {"owners": [{"name": "=cmd()", "type": "X"}]}})
        answer = people.vera.api.get(f"{REST}/tell", {**RAW, "format": "csv"})
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        assert {row["thing_name"]: row["name"] for row in rows if row["thing_name"] in {"train", "/features"}} == {
            "train": "'=cmd()",
            "/features": "Ann",
        }

    def test_the_page_has_the_addresses_to_copy(self, live, people):
        text = page(people.vera, "tell", **RAW)
        assert 'data-copy="ann@example.org, olga@example.org"' in text
        assert "Nobody answers for" in text

    def test_a_thing_without_followers_says_so(self, live, people):
        assert "Nothing is downstream" in page(people.vera, "tell", namespace="file", name="/scores")


@pytest.fixture
def producing(told, people, person, payments):
    """A job says something about itself."""
    from tests.governance.reports.made import event

    robot = person("Robot", "ingest", payments)

    def say(job, facets):
        one = event(job, [], [], 30)
        one["job"] = {"namespace": "jobs", "name": job, "facets": facets}
        assert robot.api.post(REST, one, content_type="application/json").status_code == 201

    return say


@pytest.mark.parametrize("what", ["trained", "reaches", "tell"])
def test_a_stranger_learns_nothing(live, people, what):
    asked = MODEL | {"version": "2"} if what == "trained" else RAW
    assert people.eve.api.get(f"{REST}/{what}", asked).status_code == 404
    assert "/features" not in page(people.eve, what, **asked)


@pytest.mark.parametrize("what", ["trained", "reaches", "tell"])
def test_a_missing_or_odd_parameter_is_named(live, people, what):
    assert people.vera.api.get(f"{REST}/{what}").json()["code"] == "lineage.bad_parameter"
    odd = MODEL | {"version": "2", "as_of": "yesterday"}
    assert people.vera.api.get(f"{REST}/{what}", odd).status_code == 400
