"""What stands beside a model version is looked at as a table is: parameters, and what events tell of its run."""

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from audit.actor import Forbidden, NotSeen
from governance.catalog.models import Asset, Version
from governance.catalog.selectors import asset_key
from governance.pii import measuring, notes
from governance.pii.models import Scan

SPACE = "mlflow://h:5000"
MAIL = "zqxcanary@example.org"


@pytest.fixture
def version(payments: Any, now: datetime) -> Version:
    """A version of `fraud` whose run was given somebody's address."""
    asset = Asset.objects.create(
        kind="model", key=asset_key("model", SPACE, "fraud"), namespace=SPACE, name="fraud", scope=payments
    )
    return Version.objects.create(
        asset=asset, label="3", number=3, created_at=now, seen_at=now, run_user="ann",
        params={"depth": "4", "notify": MAIL, "cutoff": "0.5"},
    )  # fmt: skip


def test_an_address_among_the_parameters_is_found_and_not_kept(
    version: Version, people: SimpleNamespace, now: datetime, run_jobs: Any
) -> None:
    asked = people.ann.api.post(f"/api/v1/versions/{version.pk}/scans", {}, content_type="application/json")
    assert asked.status_code == 202
    run_jobs()
    told = people.vera.api.get(f"/api/v1/versions/{version.pk}/scans").json()["results"][0]
    assert told["verdict"] == "findings"
    scan = people.vera.api.get(f"/api/v1/scans/{told['id']}").json()
    found = {column["path"]: [one["type"] for one in column["entities"]] for column in scan["columns"]}
    assert found["params.notify"] == ["EMAIL_ADDRESS"]
    assert found["params.depth"] == found["params.cutoff"] == []
    assert "zqxcanary" not in json.dumps(scan)
    again = measuring.scan_version(actor=people.ann.actor, version_id=version.pk, now=now)
    run_jobs()
    again.refresh_from_db()
    assert str(again.same_as) == told["id"]


def test_what_events_tell_of_the_run_and_its_data_is_among_it(
    version: Version, people: SimpleNamespace, person: Any, payments: Any, now: datetime
) -> None:
    producer = person("Pipeline", "ingest", payments, kind="service", owner=people.ann.user)
    model = {"namespace": SPACE, "name": "models:/fraud", "facets": {"version": {"datasetVersion": "3"}}}
    event = {
        "eventType": "COMPLETE", "eventTime": now.isoformat(), "producer": "https://example.org/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {
            "runId": "00000000-0000-4000-8000-000000000007",
            "facets": {"mine": {"_producer": "https://p", "_schemaURL": "https://s", "note": "seven"}},
        },
        "job": {"namespace": "jobs", "name": "train"},
        "inputs": [{"namespace": "file", "name": "/in.csv"}], "outputs": [model],
    }  # fmt: skip
    answer = producer.api.post("/api/v1/lineage", json.dumps(event), content_type="application/json")
    assert answer.status_code == 201
    text = "\n".join(notes.lines(version.pk))
    assert '"run_facets"' in text and '"seven"' in text and MAIL in text


def test_who_may_not_ask_asks_in_vain(version: Version, people: SimpleNamespace, now: datetime) -> None:
    for who, refusal in ((people.vera, Forbidden), (people.eve, NotSeen)):
        with pytest.raises(refusal):
            measuring.scan_version(actor=who.actor, version_id=version.pk, now=now)
    assert not Scan.objects.exists()
    assert people.eve.api.get(f"/api/v1/versions/{version.pk}/scans").status_code == 404


def test_it_is_asked_for_in_the_browser(version: Version, people: SimpleNamespace, run_jobs: Any) -> None:
    page = people.ann.client.get(f"/models/{version.asset_id}/data").content.decode()
    assert "What is noted beside its versions" in page
    done = people.ann.client.post(f"/versions/{version.pk}/scan")
    assert done.status_code == 302
    run_jobs()
    assert "params.notify" in people.ann.client.get(done["Location"]).content.decode()
