"""A model with two versions, its lineage, scans and card; and the two doors through which people act."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from governance.catalog.models import Asset, Card, Version
from governance.catalog.rules import CARD_FIELDS
from governance.catalog.selectors import asset_key
from governance.pii.models import Finding, Scan, Waiver
from governance.promotions import selectors
from governance.promotions.models import Promotion
from governance.registries.models import AliasSeen, Registry
from jobs import selectors as clock
from lineage.models import Dataset
from tests.conftest import PASSWORD

URI = "http://127.0.0.1:9"
NAMESPACE = "mlflow://127.0.0.1:9"
CARD = dict.fromkeys(CARD_FIELDS, "said") | {
    "metrics_by_slice": [{"slice": "all", "metric": "auc", "value": "0.9"}],
    "risk_tier": "medium",
}


@dataclass
class World:
    """The model `fraud` and the people around it."""

    people: Any
    asset: Asset
    registry: Registry
    now: datetime
    producer: Any
    versions: dict[str, Version] = field(default_factory=dict)
    minutes: Any = field(default_factory=itertools.count)

    def version(self, label: str, *, auc: str = "0.93", digest: str | None = None, **more: Any) -> Version:
        sealed = digest is None or digest != ""
        made = Version.objects.create(
            asset=self.asset,
            label=label,
            number=int(label),
            state="sealed" if sealed else "noted",
            manifest_digest=f"sha256:{int(label):064x}" if digest is None else digest,
            manifest=[{"path": "MLmodel", "size": 10, "sha256": "0" * 64}] if sealed else [],
            metrics={"auc": auc, "f1": "0.61"},
            params={"depth": label},
            registry=self.registry,
            created_at=self.now,
            seen_at=self.now,
            **{"run_user": "ann", **more},
        )
        self.versions[label] = made
        self.ran(f"train-{label}", ["/features"], [("models:/fraud", label)])
        return made

    def ran(self, job: str, read: list[str], written: list[Any]) -> None:
        """Tell lineage of a run, as a producer does."""

        def thing(name: Any) -> dict[str, Any]:
            if isinstance(name, str):
                return {"namespace": "file", "name": name}
            facets = {"version": {"datasetVersion": name[1]}}
            return {"namespace": NAMESPACE, "name": name[0], "facets": facets}

        n = next(self.minutes)
        event = {
            "eventType": "COMPLETE",
            "eventTime": f"2026-11-20T10:{n % 60:02}:00Z",
            "producer": "https://example.org/p",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": f"00000000-0000-4000-8000-{n:012}"},
            "job": {"namespace": "jobs", "name": job},
            "inputs": [thing(name) for name in read],
            "outputs": [thing(name) for name in written],
        }
        answer = self.producer.api.post("/api/v1/lineage", json.dumps(event), content_type="application/json")
        assert answer.status_code == 201, answer.content

    def alias(self, label: str, alias: str = "champion") -> None:
        """Note in the ledger that the registry was seen to have the alias there."""
        AliasSeen.objects.create(
            registry=self.registry, asset=self.asset, alias=alias, version_label=label, seen_at=self.now
        )

    def card(self, by: Any, **fields: Any) -> Card:
        revision = Card.objects.filter(asset=self.asset).count() + 1
        return Card.objects.create(
            asset=self.asset, revision=revision, fields={**CARD, **fields}, by=by.id, at=self.now
        )


@pytest.fixture
def world(people: Any, person: Callable[..., Any], payments: Any, now: datetime) -> World:
    registry = Registry.objects.create(name="MLflow", uri=URI, namespace=NAMESPACE, scope=payments)
    asset = Asset.objects.create(
        kind="model",
        key=asset_key("model", NAMESPACE, "fraud"),
        namespace=NAMESPACE,
        name="fraud",
        scope=payments,
        registry=registry,
    )
    producer = person("Producer", "ingest", payments, kind="service", owner=people.ann.user)
    made = World(people, asset, registry, now, producer)
    made.ran("clean", ["/raw"], ["/cleaned"])
    made.ran("derive", ["/cleaned"], ["/features"])
    scan("/features", "clean_full")
    scan("/cleaned", "clean_full")
    scan("/raw", "findings", [("email", "EMAIL_ADDRESS")])
    made.version("1")
    made.card(people.ann)
    return made


@dataclass
class Said:
    """What a door answered: whether it was done, the HTTP status, and the words or code of a refusal."""

    done: bool
    status: int
    body: str


@dataclass
class Rest:
    """People with tokens of their own."""

    name = "rest"

    def post(self, who: Any, path: str, body: dict[str, Any]) -> Any:
        return who.api.post(f"/api/v1/promotions{path}", json.dumps(body), content_type="application/json")

    def said(self, answer: Any) -> Said:
        return Said(answer.status_code < 300, answer.status_code, answer.content.decode())

    def ask(self, who: Any, version: Version, environment: str = "production") -> Said:
        body = {"model": "fraud", "version": version.label, "environment": environment, "purpose": "Score payments."}
        return self.said(self.post(who, "", body))

    def decide(self, who: Any, key: str, verdict: str = "approve", reason: str = "", password: str = PASSWORD) -> Said:
        revision = now_at(key).revision
        signed = self.post(who, f"/{key}/signatures", {"password": password, "verdict": verdict})
        if signed.status_code != 201:
            return self.said(signed)
        body = {"grant": signed.json()["grant"], "verdict": verdict, "revision": revision, "reason": reason}
        return self.said(self.post(who, f"/{key}/decisions", body))

    def withdraw(self, who: Any, key: str) -> Said:
        return self.said(self.post(who, f"/{key}/withdraw", {"revision": now_at(key).revision, "reason": "No."}))

    def resubmit(self, who: Any, key: str) -> Said:
        return self.said(self.post(who, f"/{key}/resubmit", {"revision": now_at(key).revision}))

    def roll_back(self, who: Any, key: str, password: str = PASSWORD) -> Said:
        revision = now_at(key).revision
        signed = self.post(who, f"/{key}/signatures", {"password": password, "verdict": "roll_back"})
        if signed.status_code != 201:
            return self.said(signed)
        body = {"grant": signed.json()["grant"], "revision": revision, "reason": "It errs."}
        return self.said(self.post(who, f"/{key}/rollback", body))

    def put_back(self, who: Any, key: str) -> Said:
        return self.said(self.post(who, f"/{key}/put-back", {}))


@dataclass
class Page:
    """People in a browser without JavaScript."""

    name = "page"

    def said(self, answer: Any) -> Said:
        return Said(answer.status_code == 302, answer.status_code, answer.content.decode())

    def ask(self, who: Any, version: Version, environment: str = "production") -> Said:
        path = f"/models/{version.asset_id}/versions/{version.pk}/promote"
        return self.said(who.client.post(path, {"environment": environment, "purpose": "Score payments."}))

    def decide(self, who: Any, key: str, verdict: str = "approve", reason: str = "", password: str = PASSWORD) -> Said:
        seen = now_at(key)
        body = {"verdict": verdict, "reason": reason, "password": password, "revision": seen.revision}
        return self.said(who.client.post(f"/approvals/{key}/decide", {**body, "subject": seen.subject_digest}))

    def _move(self, who: Any, key: str, what: str, **more: str) -> Said:
        body = {"revision": now_at(key).revision, "reason": "It errs.", **more}
        return self.said(who.client.post(f"/approvals/{key}/{what}", body))

    def withdraw(self, who: Any, key: str) -> Said:
        return self._move(who, key, "withdraw")

    def resubmit(self, who: Any, key: str) -> Said:
        return self._move(who, key, "resubmit")

    def roll_back(self, who: Any, key: str, password: str = PASSWORD) -> Said:
        return self._move(who, key, "rollback", password=password)

    def put_back(self, who: Any, key: str) -> Said:
        return self._move(who, key, "put-back")


@pytest.fixture(params=[Rest, Page], ids=["rest", "page"])
def door(request: pytest.FixtureRequest) -> Any:
    """Both doors, one after the other: what holds for one holds for the other."""
    return request.param()


@pytest.fixture
def rest() -> Rest:
    return Rest()


def now_at(key: str) -> Promotion:
    """The request as it is in the database."""
    return selectors.rows().get(number=int(key.removeprefix("PR-")))


def only() -> Promotion:
    """The newest request there is."""
    return selectors.rows().order_by("-number")[0]


def scan(dataset: str, verdict: str, findings: Any = ()) -> None:
    """Note a finished scan of a dataset, as the worker does; a finding is (column, entity) and maybe waived until."""
    pk = Dataset.objects.get(name=dataset).pk
    at = clock.now()
    done = Scan.objects.create(
        scope_id=UUID(int=0),
        dataset_id=pk,
        path=dataset,
        state="done",
        verdict=verdict,
        seed="s",
        requested_by=UUID(int=0),
        ended_at=at,
    )
    Finding.objects.filter(dataset_id=pk).update(present=False)
    for column, entity in findings:
        Finding.objects.update_or_create(
            dataset_id=pk,
            column=column,
            entity=entity,
            defaults={"scan": done, "present": True},
            create_defaults={
                "scope_id": UUID(int=0),
                "scan": done,
                "share": 1.0,
                "low": 0.9,
                "high": 1.0,
                "hits": 9,
                "shape": "x@x",
                "created_at": at,
            },
        )


def waive(column: str, until: datetime) -> None:
    """Note an approved waiver of the findings in a column."""
    for finding in Finding.objects.filter(column=column):
        Waiver.objects.create(
            scope_id=finding.scope_id,
            finding=finding,
            reason="Needed.",
            proposer_id=UUID(int=1),
            decider_id=UUID(int=2),
            state="approved",
            expires_at=until,
            created_at=until,
        )
