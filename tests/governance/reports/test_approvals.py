"""Who approved what stands in the report of a version that was promoted."""

import json
from datetime import timedelta

import pytest

from audit.actor import system
from governance.pii import services as pii
from governance.pii.models import Finding, Scan
from governance.pii.sandbox import Answer
from governance.pii.services import Judgement
from jobs import selectors as clock
from lineage.models import Dataset
from tests.governance.pii.conftest import result
from tests.governance.promotions.conftest import only, rest, world  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided(world, rest):  # noqa: F811
    """Version 1, asked for by Ann and approved by Olga."""
    version = world.versions["1"]
    asked = rest.ask(world.people.ann, version)
    assert asked.done, asked.body
    assert rest.decide(world.people.olga, only().key).done
    return version


def scanned(name, people):
    """Have a dataset's scan find addresses, as the worker does."""
    dataset = Dataset.objects.get(name=name)
    scan = Scan.objects.create(
        scope_id=dataset.scope_id, dataset_id=dataset.pk, path=name, seed="s", requested_by=people.ann.id
    )
    pii.conclude_scan(actor=system(), scan_id=scan.pk, answer=Answer(result()), now=clock.now())


def report(who, version, run_jobs, **more):
    body = {"kind": "lineage", "subject": str(version.pk), **more}
    asked = who.api.post("/api/v1/reports", body, content_type="application/json")
    assert asked.status_code == 202, asked.content
    run_jobs()
    path = f"/api/v1/reports/{asked.json()['id']}"
    return json.loads(who.api.get(f"{path}/content").getvalue()), who.api.get(path).json()


def test_the_report_names_the_decision_and_its_entry(decided, people, run_jobs):
    from audit.models import Entry

    scanned("/raw", people)
    content, about = report(people.vera, decided, run_jobs)
    (approval,) = content["subject"]["approvals"]
    (decision,) = approval["decisions"]
    assert (approval["key"], approval["environment"]) == (only().key, "production")
    assert approval["requested_by"] == str(people.ann.id)
    assert (decision["person"], decision["verdict"]) == (str(people.olga.id), "approve")
    assert Entry.objects.get(pk=decision["entry"]).action == "promotion.decided"
    assert about["people"] == {str(one.id): one.user.name for one in (people.ann, people.olga, people.vera)}
    assert "Olga" not in json.dumps(content)
    assert {one["name"]: one["pii"]["verdict"] for one in content["datasets"]} == {
        "/raw": "findings", "/cleaned": "clean_full", "/features": "clean_full", "models:/fraud": "unscanned",
    }  # fmt: skip


def test_what_happened_to_findings_and_requests_since_does_not_change_a_report_of_before(
    decided,
    people,
    rest,  # noqa: F811
    run_jobs,
):
    scanned("/raw", people)
    then = clock.now().isoformat()
    before, _ = report(people.vera, decided, run_jobs, as_of=then)
    finding = Finding.objects.get(column="customer_email")
    judgement = Judgement("disputed", finding.revision, "These are role addresses.")
    pii.judge_finding(actor=people.olga.actor, finding_id=finding.pk, judgement=judgement, now=clock.now())
    assert rest.withdraw(people.ann, only().key).done
    again, _ = report(people.vera, decided, run_jobs, as_of=then)
    assert again == before
    since, _ = report(people.vera, decided, run_jobs)
    assert {one["name"]: one["pii"]["verdict"] for one in since["datasets"]}["/raw"] == "clean_full"
    assert since["subject"]["approvals"][0]["state"] == "ended"


def test_a_report_of_before_knows_no_request(decided, people, run_jobs, now):
    content, _ = report(people.vera, decided, run_jobs, as_of=(now - timedelta(minutes=1)).isoformat())
    assert content["subject"]["approvals"] == []
