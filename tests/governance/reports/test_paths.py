"""Where columns with personal data went, through masking and without."""

import json

import pytest

from audit.actor import system
from governance.pii import services as pii
from governance.pii.models import Scan
from governance.pii.sandbox import Answer
from governance.reports.paths import followed
from jobs import selectors as clock
from lineage.models import Dataset
from tests.governance.pii.conftest import result
from tests.governance.reports.made import event, file, model, taken


def end(name, column):
    return {"namespace": "n", "name": name, "column": column}


def step(one, other, masking=False):
    return {"from": end(*one.split(".")), "to": end(*other.split(".")), "masking": masking}


def reached(*steps, start="a.x"):
    name, column = start.split(".")
    finding = {"column": column, "entity": "EMAIL_ADDRESS", "waived_until": None}
    (found,) = followed([{"namespace": "n", "name": name, "pii": {"findings": [finding]}}], list(steps))
    assert (found["name"], found["column"], found["entity"]) == (name, column, "EMAIL_ADDRESS")
    return {f"{one['name']}.{one['column']}": one["masked"] for one in found["reaches"]}, found["steps"]


def test_it_is_followed_from_column_to_column_and_no_further_than_it_goes():
    steps = (step("a.x", "b.y"), step("b.y", "c.z"), step("a.w", "c.w"))
    assert reached(*steps) == ({"b.y": False, "c.z": False}, list(steps[:2]))


def test_what_is_behind_a_step_that_masks_is_masked_unless_another_way_does_not():
    assert reached(step("a.x", "b.y", True), step("b.y", "c.z"))[0] == {"b.y": True, "c.z": True}
    steps = (step("a.x", "b.y", True), step("b.y", "c.z"), step("a.x", "d.z"), step("d.z", "b.y"))
    assert reached(*steps)[0] == {"b.y": False, "c.z": False, "d.z": False}


def test_rows_that_it_chose_are_told_and_not_followed():
    assert reached(step("a.x", "b."), step("b.", "c.z"))[0] == {"b.": False}


def test_going_round_in_circles_ends():
    assert reached(step("a.x", "b.y"), step("b.y", "a.x"), step("b.y", "b.y"))[0] == {"b.y": False}


@pytest.mark.django_db
def test_a_report_follows_what_a_scan_found_to_the_model(person, payments, people, version, run_jobs):
    mail = {"namespace": "file", "name": "/raw", "field": "customer_email", "transformations": [{"masking": True}]}
    made = {"columnLineage": {"fields": {"domain": {"inputFields": [mail]}}}}
    features = file("/features")
    features["facets"] |= made
    producer = person("More", "ingest", payments)
    again = event("derive", ["/raw", "/more"], [features], 4, eventType="RUNNING")
    trained = event("train", ["/features"], [model("2")], 5, eventType="RUNNING")
    trained["outputs"][0]["facets"] |= {"columnLineage": {"fields": {"m": {"inputFields": [
        {"namespace": "file", "name": "/features", "field": "domain"}]}}}}  # fmt: skip
    for one in (again, trained):
        answer = producer.api.post("/api/v1/lineage", json.dumps(one), content_type="application/json")
        assert answer.status_code == 201
    raw = Dataset.objects.get(name="/raw")
    scan = Scan.objects.create(
        scope_id=raw.scope_id, dataset_id=raw.pk, path="/raw", seed="s", requested_by=people.ann.id
    )
    pii.conclude_scan(actor=system(), scan_id=scan.pk, answer=Answer(result()), now=clock.now())
    (found,) = json.loads(taken(people.vera, version, run_jobs).content)["personal_data"]
    assert (found["name"], found["column"], found["entity"]) == ("/raw", "customer_email", "EMAIL_ADDRESS")
    assert [(one["name"], one["column"], one["masked"]) for one in found["reaches"]] == [
        ("/features", "domain", True),
        ("models:/fraud", "m", True),
    ]
