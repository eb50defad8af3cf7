"""What is scanned again, what differs, and new rules that are tried before they count."""

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.actor import Conflict, Forbidden, system
from audit.models import Entry
from governance.pii import editions, freshness, rulesets, selectors, services
from governance.pii.difference import difference
from governance.pii.models import Finding, Ruleset, Scan
from governance.pii.sandbox import Answer
from jobs import records as jobs
from tests.governance.pii.conftest import result

pytestmark = pytest.mark.django_db
API = "/api/v1"
OLD = "sha256:" + "0" * 64


def seen(kind: str, share: float, low: float = -1, high: float = -1) -> dict[str, Any]:
    return {"type": kind, "share": share, "low": share if low < 0 else low, "high": share if high < 0 else high}


class TestDifference:
    def test_equal_scans_differ_in_nothing(self) -> None:
        said = {"a": ("findings", [seen("PERSON", 0.5)]), "b": ("clean_full", [])}
        assert difference(said, said) == []

    def test_what_appeared_went_and_moved_is_told_by_column(self) -> None:
        before = {"a": ("findings", [seen("PERSON", 0.5), seen("IBAN_CODE", 0.2)]), "gone": ("clean_full", [])}
        after = {"a": ("findings", [seen("PERSON", 0.9), seen("US_SSN", 0.1)]), "new": ("clean_full", [])}
        a, new, gone = difference(before, after)
        assert (a.appeared, a.gone, [(one.type, one.after) for one in a.moved]) == (
            ("US_SSN",), ("IBAN_CODE",), [("PERSON", 0.9)],
        )  # fmt: skip
        assert (new.before, new.after, gone.before, gone.after) == ("", "clean_full", "clean_full", "")

    def test_shares_whose_intervals_touch_have_not_moved(self) -> None:
        before, after = ({"a": ("findings", [seen("PERSON", share, 0.4, 0.6)])} for share in (0.45, 0.55))
        assert difference(before, after) == []


def scan_now(asset: Any, people: SimpleNamespace, now: datetime, run_jobs: Any) -> Scan:
    scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    run_jobs()
    scan.refresh_from_db()
    return scan


def test_the_same_bytes_by_the_same_rules_are_not_examined_again(
    asset: Any, table: Path, people: SimpleNamespace, now: datetime, run_jobs: Any
) -> None:
    first = scan_now(asset, people, now, run_jobs)
    again = scan_now(asset, people, now + timedelta(seconds=1), run_jobs)
    assert (again.same_as, again.verdict, again.rows, again.seed) == (first.pk, "findings", 40, first.seed)
    assert [c.path for c in again.columns.all()] == [c.path for c in first.columns.all()]
    assert Finding.objects.count() == 1
    page = people.ann.client.get(f"/scans/{again.pk}").content.decode()
    assert "byte for byte" in page and "Both say the same of every column" in page
    table.write_text(table.read_text().replace("person1@", "person2@"))
    changed = scan_now(asset, people, now + timedelta(seconds=2), run_jobs)
    assert changed.same_as is None and changed.digest != first.digest


def test_what_was_not_whole_is_examined_again(
    asset: Any, table: Path, people: SimpleNamespace, now: datetime, run_jobs: Any
) -> None:
    table.write_text(table.read_text() + "1,2,3,4,5\n")
    for at in range(2):
        scan = scan_now(asset, people, now + timedelta(seconds=at), run_jobs)
        assert (scan.verdict, scan.same_as) == ("incomplete", None)


def test_two_scans_are_compared_by_rest(scanned: Scan, asset: Any, people: SimpleNamespace, now: datetime) -> None:
    later = now + timedelta(seconds=1)
    scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=later)
    told = Answer(result("EMAIL_ADDRESS", "PERSON"))
    services.conclude_scan(actor=system(), scan_id=scan.pk, answer=told, now=later)
    said = people.ann.api.get(f"{API}/scans/{scan.pk}/changes").json()
    assert said["since"] == str(scanned.pk)
    assert [(each["column"], each["appeared"]) for each in said["results"]] == [("customer_email", ["PERSON"])]
    back = people.ann.api.get(f"{API}/scans/{scanned.pk}/changes?since={scan.pk}").json()
    assert back["results"][0]["gone"] == ["PERSON"]
    assert people.ann.api.get(f"{API}/scans/{scan.pk}/changes?since=nonsense").status_code == 404
    assert people.eve.api.get(f"{API}/scans/{scan.pk}/changes").status_code == 404


class TestRules:
    @pytest.fixture
    def old(self, asset: Any, now: datetime) -> Scan:
        """A scan by rules that counted before today's came."""
        Ruleset.objects.create(
            digest=OLD, parts={"presidio-analyzer": "2.2.365"}, seen_at=now - timedelta(days=9),
            accepted_at=now - timedelta(days=9),
        )  # fmt: skip
        return Scan.objects.create(
            scope_id=asset.scope_id, dataset_id=asset.lineage_dataset_id, path=asset.name, state="done", seed="s",
            verdict="clean_full", ruleset=OLD, requested_by=asset.pk, started_at=now, ended_at=now, created_at=now,
        )  # fmt: skip

    def test_the_first_rules_count_by_themselves(self, scanned: Scan) -> None:
        assert freshness.accepted_ruleset() == freshness.current_ruleset()
        assert "presidio-analyzer" in Ruleset.objects.get().parts

    def test_new_rules_are_tried_and_count_when_somebody_accepts_them(
        self, old: Scan, asset: Any, people: SimpleNamespace, now: datetime, run_jobs: Any
    ) -> None:
        jobs.enqueue("pii.sweep")
        run_jobs()
        trial = Scan.objects.exclude(pk=old.pk).get()
        assert (trial.trial, trial.verdict) == (True, "findings")
        assert not Finding.objects.exists()
        (stand,) = selectors.standing([asset.lineage_dataset_id], now)
        assert (stand.verdict, stand.scan_id) == ("clean_full", old.pk)
        told = people.vera.api.get(f"{API}/scan-rules").json()
        assert (told["pending"], told["accepted"], told["waiting"]) == (True, OLD, 0)
        assert {"part": "presidio-analyzer", "before": "2.2.365", "after": "2.2.366"} in told["parts"]
        assert (told["results"][0]["before"], told["results"][0]["after"]) == ("clean_full", "findings")
        page = people.olga.client.get("/scans/rules").content.decode()
        assert "E-mail address" in page and "Let these rules count" in page
        assert "Let these rules count" not in people.vera.client.get("/scans/rules").content.decode()
        done = people.olga.client.post("/scans/rules", {"ruleset": told["current"]})
        assert done.status_code == 302
        run_jobs()
        trial.refresh_from_db()
        assert not trial.trial
        assert Finding.objects.get().entity == "EMAIL_ADDRESS"
        (stand,) = selectors.standing([asset.lineage_dataset_id], now)
        assert (stand.verdict, stand.scan_id) == ("findings", trial.pk)
        assert Entry.objects.filter(action__in=("rules.accepted", "scan.adopted")).count() == 2
        assert not rulesets.trial_for(people.vera.actor).pending

    def test_only_who_waives_everywhere_accepts_and_only_what_they_saw(
        self, old: Scan, people: SimpleNamespace, now: datetime, run_jobs: Any
    ) -> None:
        jobs.enqueue("pii.sweep")
        run_jobs()
        digest = freshness.current_ruleset()
        for who in (people.ann, people.vera, people.adam):
            with pytest.raises(Forbidden):
                editions.accept_rules(actor=who.actor, digest=digest, now=now)
        with pytest.raises(Conflict):
            editions.accept_rules(actor=people.olga.actor, digest=OLD, now=now)
        said = people.olga.api.post(f"{API}/scan-rules/accept", {"ruleset": digest}, content_type="application/json")
        assert said.status_code == 200
        again = people.olga.api.post(f"{API}/scan-rules/accept", {"ruleset": digest}, content_type="application/json")
        assert (again.status_code, again.json()["code"]) == (409, "pii.rules_count_already")

    def test_a_scan_that_somebody_asks_for_counts_at_once(
        self, old: Scan, asset: Any, people: SimpleNamespace, now: datetime, run_jobs: Any
    ) -> None:
        services.scan_again(actor=system(), scan_id=old.pk, now=now + timedelta(seconds=1))
        assert Scan.objects.get(state="queued").trial
        asked = scan_now(asset, people, now + timedelta(seconds=2), run_jobs)
        assert not asked.trial
        assert Finding.objects.get().present
