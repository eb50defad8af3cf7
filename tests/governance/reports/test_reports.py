"""Lineage reports: asked for, made with the rights of whoever asked, logged before they leave."""

import csv
import hashlib
import io
import json
from datetime import timedelta
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from audit.models import Checkpoint, Entry
from governance.catalog.models import Card
from governance.pii.models import Scan
from governance.reports.models import Report
from governance.reports.rules import FORMATS
from lineage.models import Dataset
from tests.governance.reports.made import ask, event, file, model, taken

pytestmark = pytest.mark.django_db


def test_the_json_report_holds_the_whole_story(version, people, run_jobs, told):
    answer = taken(people.vera, version, run_jobs)
    assert answer.status_code == 200
    report = json.loads(answer.content)
    assert report["subject"]["version"] == "2"
    assert report["subject"]["model"]["name"] == "fraud"
    assert [run["job"]["name"] for run in report["transformations"]] == ["generate", "derive", "train"]
    derive = report["transformations"][1]
    assert [one["name"] for one in derive["reads"]] == ["/raw", "/more"]
    assert derive["code"]["version"] == "abc123" and derive["sql"].startswith("select")
    assert {one["name"]: one["source"] for one in report["datasets"]} == {
        "/raw": True, "/more": True, "/features": False, "models:/fraud": False,
    }  # fmt: skip
    assert {one["pii"]["verdict"] for one in report["datasets"]} == {"unscanned"}
    assert report["quality"][0]["assertion"] == "not_null"
    assert {one["name"] for one in report["downstream"]} == {"score", "/scores"}
    digests = {f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for text in told}
    assert {one["event"] for one in report["evidence"]} <= digests
    assert report["report"]["counts"] == {"runs": 3, "datasets": 4, "events": 3}
    assert report["report"]["hidden"] == {"datasets": 0, "runs": 0}
    assert report["gaps"] == []


def test_the_digest_is_that_of_the_bytes(version, people, run_jobs):
    answer = taken(people.vera, version, run_jobs)
    digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    report = Report.objects.get()
    assert report.digest == digest
    assert answer["ETag"] == f'"{digest}"'
    shown = people.vera.api.get(f"/api/v1/reports/{report.pk}").json()
    assert (shown["digest"], shown["state"], shown["progress"]) == (digest, "ready", 1.0)
    assert shown["people"] == {str(people.vera.id): "Vera"}


AFTER_ALL = "2026-11-20T11:30:00Z"


def go_on(version, person, payments, now):
    """Let the world go on after the report's time: more is read, cards are written, scans end, the log grows."""
    later = person("Later", "ingest", payments)
    more = {"eventType": "RUNNING", "eventTime": "2026-11-20T12:00:00Z"}
    wider = {"schema": {"fields": [{"name": "id", "type": "int"}, {"name": "new", "type": "int"}]}}
    for one in (
        event("train", ["/features", "/late"], [model("2")], 5, **more),
        event("generate", [], [file("/raw") | {"facets": wider}], 1, **more),
        event("again", [], [file("/features") | {"facets": wider}], 7, eventTime="2026-11-20T12:01:00Z"),
    ):
        answer = later.api.post("/api/v1/lineage", json.dumps(one), content_type="application/json")
        assert answer.status_code == 201
    Card.objects.create(asset=version.asset, revision=1, fields={"purpose": "x"}, by=UUID(int=1), at=now)
    raw = Dataset.objects.get(name="/raw").pk
    ended = {"state": "done", "verdict": "clean_full", "seed": "s", "requested_by": UUID(int=1), "ended_at": now}
    Scan.objects.create(scope_id=payments.pk, dataset_id=raw, path="/raw", **ended)
    Checkpoint.objects.create(size=1, root=b"0" * 32, note="x", at=now)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_question_as_of_the_same_time_gives_the_same_bytes(
    version, people, person, payments, run_jobs, now, form
):
    first = taken(people.vera, version, run_jobs, as_of=AFTER_ALL, format=form)
    go_on(version, person, payments, now)
    again = taken(people.olga, version, run_jobs, as_of=AFTER_ALL, format=form)
    digests = [f"sha256:{hashlib.sha256(one.content).hexdigest()}" for one in (first, again)]
    assert digests[0] == digests[1]
    rows = list(Report.objects.order_by("created_at"))
    assert [row.digest for row in rows] == digests
    assert {row.principal_id for row in rows} == {people.vera.id, people.olga.id}
    assert first["Last-Modified"]


def test_no_name_of_a_person_is_kept_in_the_body(version, people, run_jobs):
    body = taken(people.vera, version, run_jobs).content
    assert b"Vera" not in body and b"example.org/p" not in body


def test_the_csv_report_has_a_line_per_step(version, people, run_jobs):
    answer = taken(people.vera, version, run_jobs, format="csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [(row["job"], row["from_name"], row["to_name"], row["to_version"]) for row in rows] == [
        ("generate", "", "/raw", ""),
        ("derive", "/raw", "/features", ""),
        ("derive", "/more", "/features", ""),
        ("train", "/features", "models:/fraud", "2"),
    ]


def test_the_svg_report_is_a_picture_of_exactly_these_runs(version, people, run_jobs):
    answer = taken(people.vera, version, run_jobs, format="svg")
    assert answer["Content-Type"] == "image/svg+xml"
    names = {text.text for text in ET.fromstring(answer.content).iter("{http://www.w3.org/2000/svg}text")}
    assert {"/raw", "/more", "/features", "derive", "train", "models:/fraud"} <= names
    assert "score" not in names


def test_every_step_is_in_the_log_and_the_export_before_its_bytes(version, people, run_jobs):
    taken(people.vera, version, run_jobs)
    actions = list(Entry.objects.filter(action__startswith="report.").order_by("pk").values_list("action", flat=True))
    assert actions == ["report.requested", "report.made", "report.exported"]
    exported = Entry.objects.get(action="report.exported")
    assert Report.objects.get().digest.encode() in bytes(exported.body)


def test_a_report_of_an_earlier_time_knows_no_later_run(version, people, run_jobs):
    report = json.loads(taken(people.vera, version, run_jobs, as_of="2026-11-20T10:04:30Z").content)
    assert report["transformations"] == []
    assert report["gaps"][0].startswith("No run is recorded that wrote version 2")
    assert "registered after" in report["gaps"][-1]


@pytest.mark.parametrize("kind", ["promotion", "access", "audit"])
def test_other_kinds_are_refused_with_what_there_is(version, people, kind):
    answer = ask(people.vera, version, kind=kind)
    assert answer.status_code == 422
    assert answer.json()["code"] == "reports.kind_unavailable"
    assert "lineage" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [{"kind": "x"}, {"subject": "x"}, {"format": "docx"}, {"as_of": "then"}, {"extra": 1}, {"subject": None}],
)
def test_a_wrong_body_is_said_to_be_wrong(version, people, body):
    assert ask(people.vera, version, **body).status_code == 400
    assert not Report.objects.exists()


def test_a_time_to_come_is_refused(version, people, now):
    answer = ask(people.vera, version, as_of=(now + timedelta(days=1)).isoformat())
    assert (answer.status_code, answer.json()["code"]) == (422, "reports.as_of_future")


def test_only_who_may_export_gets_a_report(version, people, run_jobs):
    assert ask(people.ann, version).status_code == 403
    assert ask(people.eve, version).status_code == 404
    taken(people.vera, version, run_jobs)
    pk = Report.objects.get().pk
    for path in (f"/api/v1/reports/{pk}", f"/api/v1/reports/{pk}/content"):
        assert people.eve.api.get(path).status_code == 404
        assert people.ann.api.get(path).status_code == 404
    assert people.eve.api.get("/api/v1/reports").json()["results"] == []


def test_rights_are_looked_at_again_when_it_is_made(version, people, run_jobs, now):
    from governance.access.models import Grant

    assert ask(people.vera, version).status_code == 202
    Grant.objects.filter(principal_id=people.vera.id).update(revoked_at=now)
    run_jobs()
    report = Report.objects.get()
    assert (report.state, report.digest) == ("failed", "")
    assert Entry.objects.filter(action="report.refused").exists()


def test_what_they_may_not_see_is_counted_not_told(version, person, payments, founded, run_jobs):
    from governance.access import records
    from lineage.models import Job

    elsewhere = records.place(founded, "team", "elsewhere")
    Dataset.objects.filter(name="/more").update(scope_id=elsewhere.pk)
    Job.objects.filter(name="generate").update(scope_id=elsewhere.pk)
    reader = person("Rita", "auditor", payments)
    report = json.loads(taken(reader, version, run_jobs).content)
    assert report["report"]["hidden"] == {"datasets": 1, "runs": 1}
    assert "/more" not in json.dumps({**report, "evidence": []}) and report["graph"]["hidden_nodes"] == 2


def test_it_is_not_there_before_it_is_made(version, people):
    pk = ask(people.vera, version).json()["id"]
    answer = people.vera.api.get(f"/api/v1/reports/{pk}/content")
    assert (answer.status_code, answer.json()["code"]) == (409, "reports.not_ready")
    assert not Entry.objects.filter(action="report.exported").exists()


def test_the_same_request_twice_is_one_report(version, people):
    body = {"kind": "lineage", "subject": str(version.pk)}
    headers = {"idempotency-key": "once"}
    answers = [
        people.vera.api.post("/api/v1/reports", body, content_type="application/json", headers=headers) for _ in "ab"
    ]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert Report.objects.count() == 1


def test_making_it_twice_makes_it_once(version, people, run_jobs):
    from governance.reports.tasks import build

    taken(people.vera, version, run_jobs)
    build(None, str(Report.objects.get().pk))
    assert Entry.objects.filter(action="report.made").count() == 1


def test_the_page_asks_shows_and_hands_out(version, people, run_jobs):
    browser = people.vera.client
    assert "fraud 2" in browser.get("/reports").content.decode()
    made = browser.post("/reports", {"subject": str(version.pk), "format": "json", "as_of": ""})
    assert made.status_code == 302
    assert "is being made" in browser.get(made["Location"]).content.decode()
    run_jobs()
    report = Report.objects.get()
    text = browser.get(made["Location"]).content.decode()
    assert "Download" in text and report.digest[7:19] in text
    answer = browser.post(f"{made['Location']}/file")
    assert answer["Content-Disposition"] == 'attachment; filename="lineage-fraud-2.json"'
    assert Entry.objects.filter(action="report.exported").count() == 1
    assert "fraud 2" in browser.get("/reports").content.decode()


def test_the_page_says_what_is_wrong_and_who_it_is_for(version, people):
    wrong = people.vera.client.post("/reports", {"subject": "x", "format": "json"}).content.decode()
    assert "error-summary" in wrong
    assert "Nothing to report on yet" in people.ann.client.get("/reports").content.decode()
