"""Whether a scan speaks of what a run read, and of what is there now."""

import json
import os
import signal
import socket
import subprocess
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from governance.pii import selectors, services
from governance.pii.freshness import Read, current_ruleset, stale_because
from governance.pii.models import Scan
from jobs import records as jobs
from jobs.models import Job
from jobs.tasks import gone_owners
from lineage.models import RunIO

pytestmark = pytest.mark.django_db
ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@pytest.fixture
def tell(person: Any, people: SimpleNamespace, payments: Any, now: datetime) -> Any:
    """Tell lineage that a run read or wrote the file, so many minutes from now: `tell(table, -5, wrote=True)`."""
    producer = person("Pipeline", "ingest", payments, kind="service", owner=people.ann.user)

    def told(path: Any, minutes: int, version: str = "", *, wrote: bool = False) -> None:
        facets = {"version": {"datasetVersion": version}} if version else {}
        thing = {"namespace": "file", "name": str(path), "facets": facets}
        event = {
            "eventType": "COMPLETE", "eventTime": (now + timedelta(minutes=minutes)).isoformat(),
            "producer": "https://example.org/p", "run": {"runId": f"00000000-0000-4000-8000-{minutes + 500:012}"},
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "job": {"namespace": "jobs", "name": "job"}, "inputs": [] if wrote else [thing],
            "outputs": [thing] if wrote else [],
        }  # fmt: skip
        answer = producer.api.post("/api/v1/lineage", json.dumps(event), content_type="application/json")
        assert answer.status_code == 201, answer.content

    return told


def scan(asset: Any, at: datetime, **more: Any) -> Scan:
    known = {"path": asset.name, "verdict": "clean_full", "digest": ONE, "ruleset": current_ruleset(), **more}
    return Scan.objects.create(
        scope_id=asset.scope_id, dataset_id=asset.lineage_dataset_id, state="done", seed="s",
        requested_by=asset.pk, started_at=at, ended_at=at, created_at=at, **known,
    )  # fmt: skip


def test_the_digest_of_the_content_decides_where_it_is_known(asset: Any, now: datetime, tell: Any) -> None:
    row = scan(asset, now)
    tell(asset.name, -9, wrote=True)
    assert stale_because(row, [Read(ONE, now - timedelta(hours=1))]) == ""
    assert stale_because(row, [Read("1" * 64, now)]) == ""
    assert stale_because(row, [Read(TWO, now)]) == "pii.other_bytes"
    assert stale_because(row, [Read(ONE, now), Read(TWO, now)]) == "pii.other_bytes"


def test_a_version_named_only_after_the_scan_was_not_scanned(asset: Any, now: datetime, tell: Any) -> None:
    tell(asset.name, -30, "v1")
    row = scan(asset, now - timedelta(minutes=20))
    assert stale_because(row, [Read("v1", now)]) == ""
    assert stale_because(row) == ""
    tell(asset.name, -10, "v2")
    assert stale_because(row, [Read("v2", now)]) == "pii.scanned_before"
    assert stale_because(row, [Read("v1", now)]) == ""
    assert stale_because(row) == "pii.scanned_before"
    later = scan(asset, now)
    assert stale_because(later) == ""
    assert stale_because(later, [Read("v1", now)]) == "pii.other_bytes"


def test_what_was_written_between_scan_and_reading_was_not_scanned(asset: Any, now: datetime, tell: Any) -> None:
    tell(asset.name, -30, wrote=True)
    row = scan(asset, now - timedelta(minutes=20))
    assert stale_because(row, [Read("", now)]) == ""
    tell(asset.name, -10, wrote=True)
    assert stale_because(row, [Read("", now)]) == "pii.scanned_before"
    assert stale_because(row, [Read("", now - timedelta(minutes=15))]) == ""
    assert stale_because(scan(asset, now), [Read("", now - timedelta(minutes=15))]) == "pii.other_bytes"
    assert stale_because(row) == "pii.scanned_before"
    own = RunIO.objects.order_by("pk").last()
    assert own and stale_because(row, [Read("", now, own.run_id)]) == ""


def test_a_scan_of_another_file_does_not_speak_for_the_dataset(asset: Any, now: datetime) -> None:
    row = scan(asset, now, path=f"{asset.name}.copy")
    assert stale_because(row) == "pii.other_bytes"
    assert stale_because(row, [Read("", now)]) == "pii.other_bytes"
    assert stale_because(row, [Read(ONE, now)]) == ""


def test_a_stale_scan_is_shown_with_why_and_a_way_to_scan_again(
    asset: Any, people: SimpleNamespace, now: datetime, tell: Any
) -> None:
    scan(asset, now - timedelta(minutes=20))
    assert selectors.standing([asset.lineage_dataset_id], now)[0].verdict == "clean_full"
    tell(asset.name, -10, wrote=True)
    (stand,) = selectors.standing([asset.lineage_dataset_id], now)
    assert (stand.verdict, stand.why) == ("stale", "pii.scanned_before")
    text = people.ann.client.get(f"/datasets/{asset.pk}").content.decode()
    assert "The data has changed since the scan" in text and "Scan again" in text


def test_a_scan_by_other_rules_is_old_and_done_again_by_itself(
    asset: Any, people: SimpleNamespace, now: datetime, run_jobs: Any
) -> None:
    old = scan(asset, now - timedelta(minutes=1), ruleset="sha256:" + "0" * 64)
    assert selectors.standing([asset.lineage_dataset_id], now)[0].why == "pii.other_rules"
    assert "followed other rules" in people.ann.client.get(f"/datasets/{asset.pk}").content.decode()
    jobs.enqueue("pii.sweep")
    run_jobs()
    fresh = Scan.objects.exclude(pk=old.pk).get()
    assert (fresh.verdict, fresh.ruleset) == ("findings", current_ruleset())
    assert selectors.outdated() == []


def test_an_incomplete_scan_stays_incomplete(asset: Any, now: datetime) -> None:
    scan(asset, now, verdict="incomplete", path="/elsewhere")
    assert selectors.standing([asset.lineage_dataset_id], now)[0].verdict == "incomplete"


def test_a_scan_whose_worker_is_killed_each_time_ends_as_incomplete(
    asset: Any, people: SimpleNamespace, now: datetime, run_jobs: Any
) -> None:
    row = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    worker = subprocess.Popen(["sleep", "600"])
    owner = f"{socket.gethostname()}:{worker.pid}"
    mine = Job.objects.filter(kind="pii.scan")
    mine.update(state="running", attempts=8, pending_key=None, lease_owner=owner, lease_until=now + timedelta(hours=1))
    Scan.objects.filter(pk=row.pk).update(state="running", started_at=now)
    assert selectors.abandoned() == []
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    jobs.reclaim(now, gone_owners())
    assert mine.get().state == "dead"
    jobs.enqueue("pii.sweep")
    run_jobs()
    row.refresh_from_db()
    assert (row.state, row.verdict, row.why) == ("failed", "incomplete", {"pii.given_up": 1})
    assert "given up" in people.ann.client.get(f"/datasets/{asset.pk}").content.decode()
    assert services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now).pk != row.pk
