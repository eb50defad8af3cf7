"""REST and pages: the same promises through both doors."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.utils.html import escape

from audit.actor import system
from governance.pii import services
from governance.pii.models import Finding, Scan, Waiver
from governance.pii.sandbox import Answer

API = "/api/v1"
REASON = "Pseudonymised by the vendor before delivery"
NOBODYS = UUID(int=404)


def send(client: Any, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(f"{API}{path}", body, content_type="application/json", headers=headers)


def propose(client: Any, now: datetime, finding: Finding) -> Any:
    ends = (now + timedelta(days=30)).isoformat()
    return send(client, "/waivers", {"finding": str(finding.pk), "reason": REASON, "expires_at": ends})


@pytest.mark.parametrize("code", sorted(services.UNREADABLE))
def test_why_a_file_could_not_be_read_is_said_through_every_door(
    asset: Any, people: SimpleNamespace, now: datetime, code: str
) -> None:
    scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    services.conclude_scan(actor=system(), scan_id=scan.pk, answer=Answer(None, why=code), now=now)
    (why,) = people.vera.api.get(f"{API}/scans/{scan.pk}").json()["why"]
    assert why["code"] == code and "%(" not in why["detail"] and code not in why["detail"]
    for place in (f"/scans/{scan.pk}", f"/datasets/{asset.pk}"):
        assert escape(why["detail"]) in people.vera.client.get(place).content.decode()


class TestRest:
    def test_a_scan_is_asked_for_and_read(self, asset: Any, people: SimpleNamespace) -> None:
        asked = send(people.ann.api, f"/datasets/{asset.pk}/scans", {})
        assert asked.status_code == 202
        scan = people.ann.api.get(f"{API}/scans/{asked.json()['id']}").json()
        assert (scan["state"], scan["verdict"], scan["columns"], scan["dataset"]) == ("queued", None, [], str(asset.pk))

    def test_a_concluded_scan_has_the_promised_shape(self, scanned: Scan, asset: Any, people: SimpleNamespace) -> None:
        scan = people.vera.api.get(f"{API}/scans/{scanned.pk}").json()
        assert {"id", "state", "verdict", "ruleset", "rows", "columns"} <= scan.keys()
        assert (scan["state"], scan["verdict"], scan["rows"]) == ("done", "findings", 40)
        clean, found = scan["columns"]
        assert (clean["path"], clean["verdict"], clean["entities"]) == ("id", "clean_full", [])
        (entity,) = found["entities"]
        assert {name: entity[name] for name in ("type", "share", "low", "high")} == {
            "type": "EMAIL_ADDRESS", "share": 1.0, "low": 1.0, "high": 1.0,
        }  # fmt: skip
        assert entity["finding"] == str(Finding.objects.get().pk)
        listed = people.vera.api.get(f"{API}/datasets/{asset.pk}/scans").json()
        assert [each["id"] for each in listed["results"]] == [str(scanned.pk)]

    def test_a_path_outside_the_roots_is_refused_with_the_explanation(
        self, table: Any, people: SimpleNamespace
    ) -> None:
        answer = send(people.ann.api, "/scans", {"path": "/etc/passwd"})
        assert (answer.status_code, answer.json()["code"]) == (422, "pii.outside_roots")
        assert "ATTESTRY_SCAN_ROOTS" in answer.json()["detail"]
        assert str(table.parent) in answer.json()["detail"]

    def test_a_path_under_a_root_is_scanned(self, table: Any, people: SimpleNamespace) -> None:
        answer = send(people.ann.api, "/scans", {"path": str(table)})
        assert (answer.status_code, answer.json()["path"]) == (202, str(table))

    def test_asking_twice_with_one_key_asks_once(self, table: Any, people: SimpleNamespace) -> None:
        first, again = (send(people.ann.api, "/scans", {"path": str(table)}, idempotency_key="k") for _ in range(2))
        assert first.json() == again.json()
        assert Scan.objects.count() == 1

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [("/scans", {}, 400), ("/scans", {"path": 7, "x": 1}, 400), ("/scans", {"path": "a\x00b"}, 400),
         ("/waivers", {"finding": "no"}, 400), (f"/datasets/{NOBODYS}/scans", {}, 404),
         (f"/findings/{NOBODYS}/judge", {"state": "confirmed", "revision": 0}, 404),
         (f"/waivers/{NOBODYS}/decide", {"verdict": "approve", "revision": 0}, 404),
         (f"/waivers/{NOBODYS}/withdraw", {"revision": -1}, 400)],
    )  # fmt: skip
    def test_bad_input_gets_a_problem(
        self, table: Any, people: SimpleNamespace, path: str, body: dict[str, Any], status: int
    ) -> None:
        answer = send(people.ann.api, path, body)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")

    def test_strangers_get_nothing(self, scanned: Scan, asset: Any, people: SimpleNamespace) -> None:
        finding = Finding.objects.get()
        for path in (f"/scans/{scanned.pk}", f"/datasets/{asset.pk}/scans", f"/datasets/{asset.pk}/findings"):
            assert people.eve.api.get(f"{API}{path}").status_code == 404
        assert people.eve.api.get(f"{API}/scans").json()["results"] == []
        assert people.eve.api.get(f"{API}/waivers").json()["results"] == []
        judged = send(people.eve.api, f"/findings/{finding.pk}/judge", {"state": "confirmed", "revision": 0})
        assert judged.status_code == 404

    def test_a_waiver_goes_from_proposal_to_decision(
        self, scanned: Scan, people: SimpleNamespace, now: datetime
    ) -> None:
        proposal = propose(people.ann.api, now, Finding.objects.get())
        assert (proposal.status_code, proposal.json()["state"]) == (201, "proposed")
        path = f"/waivers/{proposal.json()['id']}"
        mine = send(people.ann.api, f"{path}/decide", {"verdict": "approve", "revision": 0})
        assert mine.status_code == 403
        theirs = send(people.olga.api, f"{path}/decide", {"verdict": "approve", "revision": 0})
        assert (theirs.status_code, theirs.json()["state"]) == (200, "approved")
        stale = send(people.omar.api, f"{path}/decide", {"verdict": "refuse", "revision": 0})
        assert (stale.status_code, stale.json()["code"]) == (409, "pii.moved")
        assert people.vera.api.get(f"{API}{path}").json()["reason"] == REASON
        assert send(people.ann.api, f"{path}/withdraw", {"revision": 1}).json()["state"] == "withdrawn"

    def test_a_finding_is_confirmed_and_disputed(self, scanned: Scan, asset: Any, people: SimpleNamespace) -> None:
        finding = Finding.objects.get()
        path = f"/findings/{finding.pk}/judge"
        assert send(people.olga.api, path, {"state": "confirmed", "revision": 0}).json()["state"] == "confirmed"
        body = {"state": "disputed", "revision": 1, "reason": "Made up by the generator"}
        assert send(people.olga.api, path, body).json()["state"] == "disputed"
        (listed,) = people.ann.api.get(f"{API}/datasets/{asset.pk}/findings").json()["results"]
        assert (listed["state"], listed["revision"]) == ("disputed", 2)


class TestPages:
    def test_an_unscanned_dataset_says_so_and_offers_a_scan(self, asset: Any, people: SimpleNamespace) -> None:
        page = people.ann.client.get(f"/datasets/{asset.pk}").content.decode()
        assert "Not scanned" in page and "Scan for personal data" in page
        assert "Scan for personal data" not in people.vera.client.get(f"/datasets/{asset.pk}").content.decode()

    def test_asking_leads_to_the_scan_at_work(self, asset: Any, people: SimpleNamespace) -> None:
        asked = people.ann.client.post(f"/datasets/{asset.pk}/scan")
        assert asked.status_code == 302
        page = people.ann.client.get(asked["Location"]).content.decode()
        assert "waiting for a worker" in page and "hx-trigger" in page

    def test_following_stops_when_the_scan_has_ended(self, scanned: Scan, people: SimpleNamespace) -> None:
        part = people.ann.client.get(f"/scans/{scanned.pk}", headers={"HX-Request": "true"})
        assert part["HX-Refresh"] == "true"
        assert "hx-get" not in part.content.decode()
        assert "hx-get" not in people.ann.client.get(f"/scans/{scanned.pk}").content.decode()

    def test_the_dataset_page_shows_each_column_with_its_evidence(
        self, scanned: Scan, asset: Any, people: SimpleNamespace
    ) -> None:
        page = people.ann.client.get(f"/datasets/{asset.pk}").content.decode()
        for words in (
            "customer_email",
            "E-mail address",
            "100.0 % of the distinct values",
            "aaaaaa99@aaaaaa.aaa",
            "Waive",
        ):
            assert words in page
        assert "Dispute" not in page

    def test_an_admin_sees_no_shape(self, scanned: Scan, asset: Any, people: SimpleNamespace) -> None:
        page = people.adam.client.get(f"/datasets/{asset.pk}").content.decode()
        assert "E-mail address" in page
        assert "aaaaaa99@aaaaaa.aaa" not in page

    def test_a_waiver_goes_through_the_browser(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, now: datetime
    ) -> None:
        finding = Finding.objects.get()
        wrong = people.ann.client.post(f"/findings/{finding.pk}/waive", {"reason": "", "until": "1999-01-01"})
        assert wrong.status_code == 422
        until = str((now + timedelta(days=30)).date())
        done = people.ann.client.post(f"/findings/{finding.pk}/waive", {"reason": REASON, "until": until})
        assert done.status_code == 302
        waiver = Waiver.objects.get()
        assert "another compliance officer" in people.ann.client.get(f"/waivers/{waiver.pk}").content.decode()
        assert "Approve the waiver" not in people.vera.client.get(f"/waivers/{waiver.pk}").content.decode()
        assert "Approve the waiver" in people.olga.client.get(f"/waivers/{waiver.pk}").content.decode()
        people.olga.client.post(f"/waivers/{waiver.pk}", {"revision": 0, "approve": "yes"})
        assert Waiver.objects.get().state == "approved"
        assert "Waived" in people.vera.client.get(f"/datasets/{asset.pk}").content.decode()
        assert "Olga" in people.vera.client.get("/waivers?state=approved").content.decode()
        people.ann.client.post(f"/waivers/{waiver.pk}", {"revision": 1, "withdraw": "yes"})
        assert Waiver.objects.get().state == "withdrawn"

    def test_a_finding_is_judged_in_the_browser(self, scanned: Scan, people: SimpleNamespace) -> None:
        finding = Finding.objects.get()
        people.olga.client.post(f"/findings/{finding.pk}/confirm", {"revision": 0})
        assert Finding.objects.get().state == "confirmed"
        stale = people.olga.client.post(f"/findings/{finding.pk}/confirm", {"revision": 0})
        assert stale.status_code in {409, 422}
        body = {"revision": 1, "reason": "Made up by the generator"}
        people.olga.client.post(f"/findings/{finding.pk}/dispute", body)
        assert Finding.objects.get().state == "disputed"

    def test_a_file_is_scanned_from_the_list(self, table: Any, people: SimpleNamespace) -> None:
        refused = people.ann.client.post("/scans", {"path": "/etc/passwd"})
        assert refused.status_code == 422 and "ATTESTRY_SCAN_ROOTS" in refused.content.decode()
        done = people.ann.client.post("/scans", {"path": str(table)})
        assert done.status_code == 302
        assert str(table) in people.ann.client.get("/scans").content.decode()

    def test_strangers_find_nothing(self, scanned: Scan, asset: Any, people: SimpleNamespace) -> None:
        finding = Finding.objects.get()
        for path in (f"/datasets/{asset.pk}", f"/scans/{scanned.pk}", f"/findings/{finding.pk}/waive"):
            assert people.eve.client.get(path).status_code == 404


def test_the_page_offers_disputing_only_to_those_who_may(
    scanned: Any, asset: Any, person: Any, payments: Any, people: SimpleNamespace
) -> None:
    owner = person("Oona", "owner", payments)
    assert "/dispute" in people.olga.client.get(f"/datasets/{asset.pk}").content.decode()
    page = owner.client.get(f"/datasets/{asset.pk}").content.decode()
    assert "/confirm" in page
    assert "/dispute" not in page
