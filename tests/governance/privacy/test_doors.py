"""Asking, confirming, holding and keeping longer, over REST, pages and the command line."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit import sequence
from audit.models import Entry
from audit.retention.models import Hold, Proposal, RetentionPolicy
from tests.audit.conftest import data_dir, offer
from tests.conftest import PASSWORD

__all__ = ["data_dir", "offer"]
pytestmark = pytest.mark.django_db(transaction=True)
JSON = "application/json"


def post(client: Any, path: str, **body: Any) -> Any:
    return client.post(f"/api/v1/{path}", body, JSON)


def actions() -> list[str]:
    mine = ("privacy.", "hold.", "retention.")
    return [each for each in Entry.objects.order_by("pk").values_list("action", flat=True) if each.startswith(mine)]


class TestRest:
    def test_two_people_erase_one(self, people: Any, data_dir: Path) -> None:
        asked = post(people.olga.api, "privacy/erasures", subject="eve@example.org", reason="asked by letter")
        assert asked.status_code == 201
        request = asked.json()
        assert (request["kind"], request["target"], request["state"]) == ("erase", f"person:{people.eve.id}", "waiting")
        own = post(people.olga.api, f"privacy/requests/{request['id']}/confirm", password=PASSWORD)
        assert (own.status_code, own.json()["code"]) == (403, "retention.same_person")
        wrong = post(people.omar.api, f"privacy/requests/{request['id']}/confirm", password="wrong")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "access.wrong_password")
        done = post(people.omar.api, f"privacy/requests/{request['id']}/confirm", password=PASSWORD)
        assert done.status_code == 200
        assert done.json()["state"] == "done"
        assert done.json()["erased"]["subject"] == f"person:{people.eve.id}"
        people.eve.user.refresh_from_db()
        assert people.eve.user.name == "Erased person"
        assert people.olga.api.get("/api/v1/privacy/requests").json()["results"][0]["id"] == request["id"]
        assert people.vera.api.get(f"/api/v1/privacy/requests/{request['id']}").json()["state"] == "done"
        assert actions() == ["privacy.erasure_asked", "privacy.erased"]

    def test_a_hold_stands_until_two_people_lift_it(self, people: Any, data_dir: Path) -> None:
        made = post(people.adam.api, "audit/holds", person="eve@example.org", reason="a court asks")
        assert made.status_code == 201
        number = made.json()["id"]
        refused = post(people.olga.api, "privacy/erasures", subject="eve@example.org", reason="asked")
        assert (refused.status_code, refused.json()["code"]) == (422, "retention.held")
        assert f"hold {number}" in refused.json()["detail"]
        lifting = post(people.adam.api, f"audit/holds/{number}/lift", reason="settled")
        assert lifting.status_code == 201
        again = post(people.adam.api, f"privacy/requests/{lifting.json()['id']}/confirm", password=PASSWORD)
        assert again.status_code == 403
        assert Hold.objects.get().lifted_at is None
        done = post(people.olga.api, f"privacy/requests/{lifting.json()['id']}/confirm", password=PASSWORD)
        assert done.status_code == 200
        assert people.vera.api.get("/api/v1/audit/holds").json()["results"][0]["lifted_at"] is not None
        assert post(people.olga.api, "privacy/erasures", subject="eve@example.org", reason="x").status_code == 201
        assert actions() == ["hold.set", "hold.lift_asked", "hold.lifted", "privacy.erasure_asked"]

    def test_the_reason_of_a_hold_is_in_no_entry(self, people: Any, data_dir: Path) -> None:
        post(people.adam.api, "audit/holds", person="eve@example.org", reason="zebra against ostrich")
        assert b"zebra" not in b"".join(bytes(each.body) for each in Entry.objects.all())

    def test_a_policy_only_ever_keeps_longer(self, people: Any, data_dir: Path) -> None:
        before = people.vera.api.get("/api/v1/audit/retention").json()["policy"]
        assert before["document"]["rest"] == 13
        classes = {each["prefix"]: each["months"] for each in before["document"]["classes"]}
        shorter = post(
            people.olga.api, "audit/retention/policies", classes={**classes, "promotion.": 119}, rest=13, reason="x"
        )
        assert shorter.json()["code"] == "retention.approvals"
        asked = post(
            people.olga.api, "audit/retention/policies", classes={**classes, "signin.": 24}, rest=20, reason="law"
        )
        assert asked.status_code == 201
        done = post(people.omar.api, f"privacy/requests/{asked.json()['id']}/confirm", password=PASSWORD)
        assert done.status_code == 200
        now = people.vera.api.get("/api/v1/audit/retention").json()["policy"]
        assert (now["digest"], now["document"]["rest"]) == (asked.json()["target"], 20)
        for rest, months, code in ((13, 24, "shorter"), (20, 23, "shorter"), (20, 24, "same_policy")):
            back = post(
                people.olga.api,
                "audit/retention/policies",
                classes={**classes, "signin.": months},
                rest=rest,
                reason="x",
            )
            assert (back.status_code, back.json()["code"]) == (422, f"retention.{code}")
        assert RetentionPolicy.objects.count() == 1
        assert actions() == ["retention.policy_asked", "retention.policy_published"]

    def test_what_was_asked_for_can_be_taken_back(self, people: Any, data_dir: Path) -> None:
        asked = post(people.olga.api, "privacy/erasures", subject="eve@example.org", reason="asked").json()
        gone = post(people.olga.api, f"privacy/requests/{asked['id']}/decline")
        assert (gone.status_code, gone.json()["state"]) == (200, "declined")
        assert post(people.omar.api, f"privacy/requests/{asked['id']}/decline").status_code == 409

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("privacy/erasures", {"subject": "", "reason": "x"}),
            ("privacy/erasures", {"subject": "eve@example.org", "reason": ""}),
            ("privacy/erasures", {"subject": "a\x00b", "reason": "x"}),
            ("privacy/erasures", {"subject": "eve@example.org"}),
            ("audit/holds", {"reason": "x"}),
            ("audit/holds", {"reason": "x", "subject": "model:1", "since": "2026-01-01T00:00:00Z"}),
            ("audit/holds", {"reason": "x", "since": "2026-01-01T00:00:00Z", "until": "2025-01-01T00:00:00Z"}),
            ("audit/holds", {"reason": "x", "since": "yesterday"}),
            ("audit/retention/policies", {"classes": {"Promotion": 200}, "rest": 13, "reason": "x"}),
            ("audit/retention/policies", {"classes": {}, "rest": 10**20, "reason": "x"}),
            ("audit/retention/policies", {"classes": [], "rest": 13, "reason": "x"}),
            ("audit/retention/policies", {"classes": {"a.": "many"}, "rest": 13, "reason": "x"}),
        ],
    )
    def test_bad_input_is_refused_by_name(self, people: Any, data_dir: Path, path: str, body: dict[str, Any]) -> None:
        response = people.olga.api.post(f"/api/v1/{path}", body, JSON)
        assert response.status_code in (400, 404, 422)
        assert response.json()["code"]
        assert not Proposal.objects.exists()
        assert not Hold.objects.exists()

    def test_a_repeated_request_is_made_once(self, people: Any, data_dir: Path) -> None:
        for _ in range(2):
            made = people.adam.api.post(
                "/api/v1/audit/holds",
                {"person": "eve@example.org", "reason": "x"},
                JSON,
                headers={"Idempotency-Key": "h"},
            )
            assert made.status_code == 201
        assert Hold.objects.count() == 1


class TestPages:
    def test_asking_and_confirming_in_the_browser(self, people: Any, data_dir: Path, now: datetime) -> None:
        asked = people.olga.client.post("/audit/retention/erase", {"subject": "eve@example.org", "reason": "by letter"})
        assert asked.status_code == 302
        sequence.run_once(now)
        page = people.omar.client.get("/audit/retention").content.decode()
        assert "Waits for a second person" in page
        address = f"/audit/retention/requests/{Proposal.objects.get().pk}"
        assert address in page
        assert "by letter" in people.omar.client.get(address).content.decode()
        own = people.olga.client.get(address).content.decode()
        assert "somebody else has to confirm it" in own
        assert 'name="password"' not in own
        wrong = people.omar.client.post(address, {"password": "wrong"})
        assert wrong.status_code == 422
        done = people.omar.client.post(address, {"password": PASSWORD})
        assert "Erased:" in done.content.decode()
        people.eve.user.refresh_from_db()
        assert people.eve.user.name == "Erased person"

    def test_the_page_shows_holds_policy_and_what_was_pruned(
        self, people: Any, data_dir: Path, offer: Any, now: datetime
    ) -> None:
        from audit.actor import system
        from audit.retention import services

        offer("thing.happened", "model:1", at=now - timedelta(days=900), private={"reason": "zebra"})
        sequence.run_once(now)
        assert "1 entry is past its time" in people.vera.client.get("/audit/retention").content.decode()
        hold = {"subject": "model:1", "reason": "a court asks"}
        assert people.adam.client.post("/audit/retention/hold", hold).status_code == 302
        shown = people.olga.client.get("/audit/retention").content.decode()
        assert "a court asks" in shown
        assert "Nothing is past its time" in shown
        assert "a court asks" not in people.adam.client.get("/audit/retention").content.decode()
        number = Hold.objects.get().pk
        people.adam.client.post(f"/audit/retention/holds/{number}/lift", {"reason": "settled"})
        people.olga.client.post(f"/audit/retention/requests/{Proposal.objects.get().pk}", {"password": PASSWORD})
        services.prune(actor=system(), now=now)
        sequence.run_once(now)
        page = people.vera.client.get("/audit/0?verify=1").content.decode()
        assert "its place in the log can still be proved" in page
        assert "Does not hold" not in page
        listed = people.vera.client.get("/audit?subject=model:1").content.decode()
        assert 'href="/audit/0"' in listed
        said = people.vera.api.get("/api/v1/audit/entries/0").json()
        assert said["removed"]["seq"] == Entry.objects.get(action="retention.pruned").leaf.seq
        assert (said["subjects"], said["leaf"], said["openings"]) == (["model:1"], "", [])
        gone = people.vera.api.get("/api/v1/audit/entries/0/leaf")
        assert (gone.status_code, gone.json()["code"]) == (422, "retention.removed")
        assert people.vera.api.get("/api/v1/audit/entries/0/proof").status_code == 200

    def test_a_policy_is_written_a_line_a_kind(self, people: Any, data_dir: Path) -> None:
        form = people.olga.client.get("/audit/retention/policy").content.decode()
        assert "promotion. 120" in form
        wrong = people.olga.client.post(
            "/audit/retention/policy", {"classes": "promotion. 120\nwhat is this", "rest": 13, "reason": "law"}
        )
        assert wrong.status_code == 422
        assert "what is this" in wrong.content.decode()

    @pytest.mark.parametrize("who", ["ann", "eve"])
    def test_others_are_told_nothing(self, people: Any, data_dir: Path, who: str) -> None:
        assert getattr(people, who).client.get("/audit/retention").status_code in (403, 404)

    def test_auditors_read_and_change_nothing(self, people: Any, data_dir: Path) -> None:
        page = people.vera.client.get("/audit/retention").content.decode()
        assert "Set a legal hold" not in page
        for each in ("erase", "hold", "policy"):
            assert people.vera.client.get(f"/audit/retention/{each}").status_code == 403


class TestCommandLine:
    @pytest.fixture
    def run(self, data_dir: Path, founded: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
        from typer.testing import CliRunner

        from portal import cli, erasing

        monkeypatch.setattr(erasing, "server", lambda _: None)

        def run(*words: str) -> Any:
            result = CliRunner().invoke(cli.app, ["privacy", *words])
            if result.exception and not isinstance(result.exception, SystemExit):
                result.exit_code = cli._explain(result.exception)
            return result

        return run

    def test_the_operator_asks_and_somebody_else_confirms(self, run: Any, people: Any) -> None:
        asked = run("erase", "eve@example.org", "--reason", "asked by letter", "--json")
        assert asked.exit_code == 4, asked.output
        pk = json.loads(asked.stdout)["id"]
        own = run("confirm", pk)
        assert own.exit_code == 3
        done = post(people.omar.api, f"privacy/requests/{pk}/confirm", password=PASSWORD)
        assert done.status_code == 200
        assert json.loads(run("list", "--json").stdout)["results"][0]["state"] == "done"

    def test_or_the_other_way_round(self, run: Any, people: Any) -> None:
        pk = post(people.olga.api, "privacy/erasures", subject="eve@example.org", reason="asked").json()["id"]
        done = run("confirm", pk, "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["erased"]["subject"] == f"person:{people.eve.id}"
        assert run("confirm", pk).exit_code == 3
        assert run("confirm", "nonsense").exit_code == 2
