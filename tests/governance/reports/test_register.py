"""The register of personal data: what was found where, who waived what, which models learned from it."""

import csv
import io
import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from audit.actor import system
from governance.pii import services as pii
from governance.pii.models import Finding
from governance.pii.sandbox import Answer
from governance.pii.services import Ruling
from governance.reports.models import Report
from tests.governance.pii.conftest import *  # noqa: F403
from tests.governance.pii.conftest import result

API = "/api/v1/reports"
pytestmark = pytest.mark.django_db


def asked(who: Any, scope: Any, form: str, run_jobs: Any, **more: Any) -> bytes:
    body = {"kind": "pii", "subject": str(scope.pk), "format": form, **more}
    made = who.api.post(API, body, content_type="application/json")
    assert made.status_code == 202, made.content
    run_jobs()
    answer = who.api.get(f"{API}/{made.json()['id']}/content")
    assert answer.status_code == 200
    return answer.getvalue()


@pytest.fixture
def found(asset: Any, dataset_of: Any, people: SimpleNamespace, now: datetime) -> Any:
    """A scanned dataset with two findings, one of them waived, and one dataset that nobody scanned."""
    dataset_of("/data/other.csv")
    scan = pii.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    pii.conclude_scan(actor=system(), scan_id=scan.pk, answer=Answer(result("EMAIL_ADDRESS", "PERSON")), now=now)
    finding = Finding.objects.get(entity="PERSON")
    waiver = pii.propose_waiver(
        actor=people.ann.actor, finding_id=finding.pk, reason="Names of test persons only",
        expires_at=now + timedelta(days=9), now=now,
    )  # fmt: skip
    pii.decide_waiver(actor=people.olga.actor, waiver_id=waiver.pk, ruling=Ruling(True, 0), now=now)
    return asset


def test_it_holds_every_dataset_with_what_was_found_and_what_was_said(
    found: Any, people: SimpleNamespace, founded: Any, run_jobs: Any
) -> None:
    told = json.loads(asked(people.vera, founded, "json", run_jobs))
    assert told["totals"]["datasets"] == 2
    assert told["totals"]["verdicts"] == {"findings": 1, "unscanned": 1}
    (scanned,) = (each for each in told["datasets"] if each["verdict"] == "findings")
    assert [(each["column"], each["entity"], each["state"]) for each in scanned["findings"]] == [
        ("customer_email", "EMAIL_ADDRESS", "suggested"), ("customer_email", "PERSON", "waived"),
    ]  # fmt: skip
    assert "aaaaaa99@aaaaaa.aaa" not in json.dumps(told)


def test_as_of_a_time_before_the_scan_nothing_was_known(
    found: Any, people: SimpleNamespace, founded: Any, now: datetime, run_jobs: Any
) -> None:
    before = (now - timedelta(days=1)).isoformat()
    told = json.loads(asked(people.vera, founded, "json", run_jobs, as_of=before))
    assert told["totals"]["verdicts"] == {"unscanned": 2}


def test_it_comes_as_csv_and_as_pdf(found: Any, people: SimpleNamespace, payments: Any, run_jobs: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(asked(people.olga, payments, "csv", run_jobs).decode())))
    assert [(each["dataset"], each["entity"]) for each in rows] == [
        ("/data/other.csv", ""), (found.name, "EMAIL_ADDRESS"), (found.name, "PERSON"),
    ]  # fmt: skip
    pdf = asked(people.olga, payments, "pdf", run_jobs)
    assert pdf.startswith(b"%PDF") and b"register.json" in pdf


def test_who_may_not_export_gets_none_and_other_formats_are_refused(
    found: Any, people: SimpleNamespace, founded: Any, run_jobs: Any
) -> None:
    body = {"kind": "pii", "subject": str(founded.pk), "format": "svg"}
    refused = people.vera.api.post(API, body, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (422, "reports.format_unavailable")
    for who, status in ((people.eve, 404), (people.ann, 404)):
        answer = who.api.post(API, {**body, "format": "json"}, content_type="application/json")
        assert answer.status_code in {403, status}, answer.content
    assert not Report.objects.exists()


def test_it_is_asked_for_in_the_browser(found: Any, people: SimpleNamespace, founded: Any, run_jobs: Any) -> None:
    page = people.vera.client.get("/reports").content.decode()
    assert "Register of personal data" in page
    asked = {"register": "1", "register-subject": str(founded.pk), "register-format": "csv"}
    done = people.vera.client.post("/reports", asked)
    assert done.status_code == 302
    run_jobs()
    assert "Register of personal data" in people.vera.client.get(done["Location"]).content.decode()
