"""Both doors of registries, and the pages of models and versions."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from audit.actor import system
from governance.catalog.models import Asset
from governance.catalog.records import Observed
from governance.registries import services
from governance.registries.models import HookDelivery, Registry
from governance.registries.rules import FileDigest, FoundModel
from governance.registries.services import Digested, Look, Sighting
from jobs.models import Job
from tests.governance.registries.test_services import after, expect, look

JSON = "application/json"
SECRET = "a shared secret"


@pytest.fixture
def registry(connected: Any, payments: Any) -> Registry:
    return connected("http://127.0.0.1:5000", scope=payments)


@pytest.fixture
def fraud(registry: Registry, now: datetime) -> Asset:
    found = [
        Observed("1", now, metrics={"auc": "0.93"}, params={"depth": "4"}, run_id="r1", run_user="mia"),
        Observed("2", now),
    ]
    asset = services.note_model(actor=system(), registry_id=registry.pk, sighting=Sighting("fraud", found), now=now)
    schema = {"inputs": [{"name": "amount", "type": "double"}]}
    digested = Digested([FileDigest("MLmodel", 3, "a" * 64)], schema)
    services.note_digest(actor=system(), version_id=asset.versions.get(label="1").pk, found=digested, now=now)
    return asset


def test_connecting_by_rest_and_in_the_browser(people) -> None:
    body = {"name": "One", "uri": "http://one:5000"}
    assert people.ann.api.post("/api/v1/registries", body, content_type=JSON).status_code == 403
    answer = people.adam.api.post("/api/v1/registries", body, content_type=JSON, headers={"idempotency-key": "k"})
    again = people.adam.api.post("/api/v1/registries", body, content_type=JSON, headers={"idempotency-key": "k"})
    assert (answer.status_code, again.json()) == (201, answer.json())
    form = {"name": "Two", "uri": "http://two:5000"}
    assert people.ann.client.post("/settings/registries", form).status_code == 422
    assert people.adam.client.post("/settings/registries", form).status_code == 302
    assert people.adam.client.post("/settings/registries", {"name": "Three", "uri": "file:///x"}).status_code == 422
    assert sorted(r.name for r in Registry.objects.all()) == ["One", "Two"]


def test_sync_probe_and_disconnect_by_both_doors(registry, people) -> None:
    api, page = f"/api/v1/registries/{registry.pk}", f"/settings/registries/{registry.pk}"
    for path, status in ((f"{api}/sync", 202), (f"{api}/probe", 202)):
        assert people.adam.api.post(path, "", "application/json").status_code == status
        assert people.ann.api.post(path, "", "application/json").status_code == 403
        assert people.eve.api.post(path, "", "application/json").status_code == 404
    for path in (f"{page}/test", f"{page}/sync", f"{page}/disconnect"):
        assert people.adam.client.post(path).status_code == 302
        assert people.vera.client.post(path).status_code == 403
        assert people.adam.client.get(path).status_code == 405
    assert people.adam.api.delete(api).status_code == 409
    assert people.adam.api.get(api).json()["state"] == "off"


def test_the_settings_page_shows_state_and_what_the_test_found(registry, people, now) -> None:
    services.note_away(actor=system(), registry_id=registry.pk, problem="registries.away", now=now)
    services.note_probe(
        actor=system(), registry_id=registry.pk, answer={"version": "3.17.2", "open_to_strangers": "yes"}, now=now
    )
    page = people.adam.client.get("/settings/registries").content.decode()
    assert "Not reachable" in page
    assert "The registry does not answer" in page
    assert "can move aliases" in page
    assert "Connect a registry" in page
    assert "Connect a registry" not in people.vera.client.get("/settings/registries").content.decode()


def test_the_model_page_shows_versions_aliases_and_drift_with_a_way_back(fraud, registry, people, now) -> None:
    expect(fraud, "1", now, key="PR-7")
    for second in (1, 7):
        look(registry, after(now, second), latest=2, champion="2")
    page = people.olga.client.get(f"/models/{fraud.pk}").content.decode()
    assert "moved behind the portal" in page
    assert 'action="/approvals/PR-7/put-back"' in page
    assert "(protected)" in page
    assert "0 of 8 filled in" in page
    asker = people.ann.client.get(f"/models/{fraud.pk}").content.decode()
    assert "Whoever approves here can put it back" in asker
    assert "/put-back" not in asker
    listed = people.ann.api.get(f"/api/v1/models/{fraud.pk}/aliases").json()
    assert listed["aliases"][0]["drift"]["promotion"] == "PR-7"
    assert listed["results"][0]["version"] == "2"
    assert people.ann.api.get("/api/v1/drifts").json()["results"][0]["seen"] == "2"
    assert people.eve.api.get("/api/v1/drifts").json()["results"] == []
    assert people.eve.client.get(f"/models/{fraud.pk}").status_code == 404


def test_the_model_page_tells_what_was_live_on_a_day(fraud, registry, people, now) -> None:
    look(registry, after(now, 1), latest=2, champion="2")
    path = f"/models/{fraud.pk}?on="
    tomorrow = (now + timedelta(days=1)).date().isoformat()
    assert "champion pointed at version 2" in people.ann.client.get(path + tomorrow).content.decode()
    assert "had been seen anywhere by then" in people.ann.client.get(path + "2020-01-01").content.decode()
    for wrong in ("yesterday", "2020-13-45", "2020-01-01T99:00"):
        assert people.ann.client.get(path + wrong).status_code == 422


def test_the_version_page_shows_what_reviewers_need(fraud, people) -> None:
    version = fraud.versions.get(label="1")
    page = people.ann.client.get(f"/models/{fraud.pk}/versions/{version.pk}").content.decode()
    for part in (
        "sha256:",
        "MLmodel",
        "0.93",
        "depth",
        "amount",
        "Request promotion",
        f"/versions/{version.pk}/promote",
    ):
        assert part in page
    assert "Request promotion" not in people.vera.client.get(
        f"/models/{fraud.pk}/versions/{version.pk}"
    ).content.decode().replace("Request promotion of", "")
    assert people.ann.client.get(f"/models/{uuid4()}/versions/{version.pk}").status_code == 404
    assert people.eve.client.get(f"/models/{fraud.pk}/versions/{version.pk}").status_code == 404


def test_a_compromised_and_an_unreadable_version_say_so(fraud, people, now) -> None:
    first, second = fraud.versions.get(label="1"), fraud.versions.get(label="2")
    other = Digested([FileDigest("MLmodel", 3, "b" * 64)], {})
    services.note_digest(actor=system(), version_id=first.pk, found=other, now=now)
    services.note_unreadable(actor=system(), version_id=second.pk, problem="registries.files_elsewhere", now=now)
    shown = people.ann.client.get(f"/models/{fraud.pk}/versions/{first.pk}").content.decode()
    assert "are not the ones this version was registered with" in shown
    assert "serve-artifacts" in people.ann.client.get(f"/models/{fraud.pk}/versions/{second.pk}").content.decode()


def test_versions_by_rest(fraud, people) -> None:
    listed = people.ann.api.get(f"/api/v1/models/{fraud.pk}/versions").json()["results"]
    assert [each["version"] for each in listed] == ["2", "1"]
    one = people.ann.api.get(f"/api/v1/models/{fraud.pk}/versions?version=1").json()["results"]
    assert one[0]["manifest_digest"].startswith("sha256:")
    paged = people.ann.api.get(f"/api/v1/models/{fraud.pk}/versions?limit=1").json()
    assert paged["next"]


def test_a_model_in_an_absent_registry_says_what_one_sees(fraud, registry, people, now) -> None:
    services.note_away(actor=system(), registry_id=registry.pk, problem="registries.away", now=now)
    assert "does not answer right now" in people.ann.client.get(f"/models/{fraud.pk}").content.decode()


class TestTheHook:
    @pytest.fixture(autouse=True)
    def _secret(self, settings: Any, registry: Registry) -> None:
        settings.MLFLOW_WEBHOOK_SECRET = SECRET
        Job.objects.all().delete()

    def send(self, now: datetime, body: bytes = b'{"entity": "x"}', delivery: str = "", secret: str = SECRET) -> Any:
        delivery, stamp = delivery or str(uuid4()), str(int(now.timestamp()))
        mac = hmac.new(secret.encode(), f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "X-MLflow-Delivery-Id": delivery,
            "X-MLflow-Timestamp": stamp,
            "X-MLflow-Signature": "v1," + base64.b64encode(mac).decode(),
        }
        return Client().post("/api/v1/hooks/mlflow", body, content_type=JSON, headers=headers)

    def test_a_signed_hint_owes_a_sync(self, now) -> None:
        assert self.send(now).status_code == 202
        assert Job.objects.filter(kind="registries.sync").count() == 1

    def test_a_replayed_one_does_not(self, now) -> None:
        assert [self.send(now, delivery="d-12345678").status_code for _ in range(2)] == [202, 409]
        assert HookDelivery.objects.count() == 1

    def test_a_forged_early_or_late_one_does_not(self, now) -> None:
        assert self.send(now, secret="guess").status_code == 401
        assert self.send(now - timedelta(minutes=6)).status_code == 409
        assert self.send(now + timedelta(minutes=6)).status_code == 409
        assert Client().post("/api/v1/hooks/mlflow", b"{}", content_type=JSON).status_code == 400
        assert not Job.objects.exists()

    def test_a_body_that_is_no_json_is_never_read(self, now) -> None:
        assert self.send(now, body=b"\xff{").status_code == 202

    def test_without_a_secret_there_is_no_hook(self, now, settings) -> None:
        settings.MLFLOW_WEBHOOK_SECRET = ""
        assert self.send(now).status_code == 404

    def test_deliveries_are_forgotten_when_they_could_not_be_replayed_any_more(self, now) -> None:
        HookDelivery.objects.create(delivery_id="old", at=now - timedelta(minutes=20))
        self.send(now)
        assert not HookDelivery.objects.filter(pk="old").exists()


def test_an_alias_that_only_mlflow_set_is_shown_without_a_lock(fraud, registry, people, now) -> None:
    models = [FoundModel("fraud", {"shadow": "1"}, 2)]
    services.note_look(actor=system(), registry_id=registry.pk, look=Look(models, after(now, 1)), now=after(now, 1))
    page = people.ann.client.get(f"/models/{fraud.pk}").content.decode()
    assert "shadow" in page
    assert "(protected)" not in page


def test_an_absent_registry_degrades_but_never_ends_readiness(registry, people, now) -> None:
    before = Client().get("/readyz").json()
    services.note_away(actor=system(), registry_id=registry.pk, problem="registries.away", now=now)
    after_it_left = Client().get("/readyz").json()
    assert before["degraded"] == {}
    assert list(after_it_left["degraded"]) == ["registries"]
    assert after_it_left["checks"] == before["checks"]
    assert registry.name not in str(after_it_left)
    assert "not reachable" in people.adam.client.get("/settings/health").content.decode()


def test_the_first_page_shows_a_drift_to_those_who_can_end_it(fraud, registry, people, now) -> None:
    expect(fraud, "1", now, key="PR-7")
    assert "moved behind the portal" not in people.olga.client.get("/approvals").content.decode()
    for second in (1, 7):
        look(registry, after(now, second), latest=2, champion="2")
    assert 'action="/approvals/PR-7/put-back"' in people.olga.client.get("/approvals").content.decode()
    assert "moved behind the portal" not in people.eve.client.get("/approvals").content.decode()
