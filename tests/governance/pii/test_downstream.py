"""What findings mean further on: labels along lineage, and flags on approved models, owed by what found them."""

import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from audit.actor import system
from audit.models import Entry
from governance.catalog.models import Asset
from governance.pii import downstream, services
from governance.pii.models import Finding, Flag
from governance.pii.sandbox import Answer
from governance.pii.services import Judgement, Ruling
from jobs.models import Job
from tests.governance.pii.conftest import result

API = "/api/v1"
MODELS = "mlflow://h:5000"
MASKED = [{"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True}]
PLAIN = [{"type": "DIRECT", "subtype": "IDENTITY", "masking": False}]


@pytest.fixture
def tell(person: Any, people: SimpleNamespace, payments: Any, now: datetime) -> Any:
    """Tell lineage that a run made one thing from another: `tell(a, b, columns={"to": ("from", masked)})`."""
    producer = person("Pipeline", "ingest", payments, kind="service", owner=people.ann.user)

    def told(source: str, target: str, columns: dict[str, tuple[str, bool]] | None = None, model: bool = False) -> None:
        made = {"namespace": MODELS, "name": f"models:/{target}"} if model else {"namespace": "file", "name": target}
        if columns:
            fields = {
                to: {"inputFields": [{
                    "namespace": "file", "name": source, "field": field, "transformations": MASKED if masked else PLAIN,
                }]}
                for to, (field, masked) in columns.items()
            }  # fmt: skip
            made["facets"] = {"columnLineage": {"_producer": "https://p", "_schemaURL": "https://s", "fields": fields}}
        told.count += 1
        event = {
            "eventType": "COMPLETE", "eventTime": (now - timedelta(minutes=60 - told.count)).isoformat(),
            "producer": "https://example.org/p", "run": {"runId": f"00000000-0000-4000-8000-{told.count:012}"},
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "job": {"namespace": "jobs", "name": f"job{told.count}"},
            "inputs": [{"namespace": "file", "name": source}], "outputs": [made],
        }  # fmt: skip
        answer = producer.api.post(f"{API}/lineage", json.dumps(event), content_type="application/json")
        assert answer.status_code == 201, answer.content

    told.count = 0  # type: ignore[attr-defined]
    return told


@pytest.fixture
def chain(asset: Any, tell: Any, run_jobs: Any) -> SimpleNamespace:
    """payments -> features (mail kept, name masked) -> the model fraud; and payments -> masked -> the model safe."""
    tell(asset.name, "/features", {"contact": ("customer_email", False), "hash": ("customer_email", True)})
    tell("/features", "fraud", model=True)
    tell(asset.name, "/masked", {"hash": ("customer_email", True)})
    tell("/masked", "safe", model=True)
    run_jobs()
    named = {each.name: each for each in Asset.objects.exclude(pk=asset.pk)}
    return SimpleNamespace(source=asset, features=named["/features"], fraud=named["fraud"], safe=named["safe"])


def found(asset: Any, people: SimpleNamespace, now: datetime, **more: Any) -> Any:
    scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    return services.conclude_scan(actor=system(), scan_id=scan.pk, answer=Answer(result(**more)), now=now)


def labels(asset: Any, now: datetime) -> set[tuple[str, str, bool]]:
    seen = downstream.labels_of(asset.lineage_dataset_id, now)
    return {(each.column, each.finding.entity, each.inherited) for each in seen.labels}


def test_an_entity_labels_its_column_and_travels_except_where_it_is_masked(
    chain: SimpleNamespace, people: SimpleNamespace, now: datetime
) -> None:
    found(chain.source, people, now)
    assert labels(chain.source, now) == {("customer_email", "EMAIL_ADDRESS", False)}
    assert labels(chain.features, now) == {("contact", "EMAIL_ADDRESS", True)}
    assert labels(chain.fraud, now) == {("", "EMAIL_ADDRESS", True)}
    assert labels(chain.safe, now) == set()


def test_a_disputed_finding_labels_nothing(chain: SimpleNamespace, people: SimpleNamespace, now: datetime) -> None:
    found(chain.source, people, now)
    judgement = Judgement("disputed", 0, "Made up by the generator")
    finding = Finding.objects.get()
    services.judge_finding(actor=people.olga.actor, finding_id=finding.pk, judgement=judgement, now=now)
    assert labels(chain.source, now) == labels(chain.fraud, now) == set()


def test_which_models_learned_from_a_column_is_answered(
    chain: SimpleNamespace, people: SimpleNamespace, now: datetime
) -> None:
    found(chain.source, people, now)
    downstream_of = {"namespace": chain.source.namespace, "name": chain.source.name}
    said = people.ann.api.get(f"{API}/lineage/reaches", {**downstream_of, "column": "customer_email"}).json()
    assert [(each["name"], each["masked"]) for each in said["models"]] == [
        ("models:/fraud", False),
        ("models:/safe", True),
    ]
    assert people.ann.api.get(f"{API}/lineage/reaches", {**downstream_of, "column": "id"}).json()["models"] == []
    page = people.ann.client.get("/lineage/reaches", {**downstream_of, "column": "customer_email"}).content.decode()
    assert "fraud" in page and "Masked on the way" in page
    assert people.eve.api.get(f"{API}/lineage/reaches", downstream_of).status_code == 404


class TestFlags:
    def test_a_new_finding_owes_the_flags_in_its_own_transaction(
        self, chain: SimpleNamespace, people: SimpleNamespace, now: datetime
    ) -> None:
        Job.objects.all().delete()
        found(chain.source, people, now)
        job = Job.objects.get(kind="promotions.flag")
        assert job.args == [str(chain.source.lineage_dataset_id)]

    def flagged(self, chain: Any, people: Any, now: datetime) -> list[Flag]:
        due = downstream.flags_due(chain.source.lineage_dataset_id, {chain.fraud.pk: ["PR-7"], chain.safe.pk: []}, now)
        dataset_id = chain.source.lineage_dataset_id
        return services.flag_models(actor=system(), dataset_id=dataset_id, due=due, now=now)

    def test_approved_models_that_unmasked_values_reach_are_flagged_once(
        self, chain: SimpleNamespace, people: SimpleNamespace, now: datetime
    ) -> None:
        found(chain.source, people, now)
        (flag,) = self.flagged(chain, people, now)
        assert (flag.asset, flag.approved, flag.by_column) == (chain.fraud, ["PR-7"], False)
        assert self.flagged(chain, people, now) == []
        entry = Entry.objects.get(action="model.flagged")
        assert chain.fraud.subject.encode() in bytes(entry.body)
        assert b"customer_email" not in bytes(entry.body)

    def test_a_flag_is_cleared_when_the_finding_is_waived_and_raised_when_the_waiver_ends(
        self, chain: SimpleNamespace, people: SimpleNamespace, now: datetime
    ) -> None:
        found(chain.source, people, now)
        self.flagged(chain, people, now)
        finding, ends = Finding.objects.get(), now + timedelta(days=30)
        reason = "Pseudonymised by the vendor before delivery"
        waiver = services.propose_waiver(
            actor=people.ann.actor, finding_id=finding.pk, reason=reason, expires_at=ends, now=now
        )
        services.decide_waiver(actor=people.olga.actor, waiver_id=waiver.pk, ruling=Ruling(True, 0), now=now)
        assert self.flagged(chain, people, now) == []
        assert Flag.objects.get().cleared_at == now
        assert Entry.objects.filter(action="model.unflagged").count() == 1
        assert len(self.flagged(chain, people, ends)) == 1
        assert Flag.objects.filter(cleared_at=None).count() == 1

    def test_flags_are_shown_where_the_model_may_be_seen(
        self, chain: SimpleNamespace, people: SimpleNamespace, now: datetime
    ) -> None:
        found(chain.source, people, now)
        self.flagged(chain, people, now)
        (told,) = people.vera.api.get(f"{API}/flags?standing=1").json()["results"]
        assert (told["model"]["name"], told["entity"], told["column"]) == ("fraud", "EMAIL_ADDRESS", "customer_email")
        assert people.eve.api.get(f"{API}/flags").json()["results"] == []
        for path in ("/flags", f"/models/{chain.fraud.pk}/data"):
            page = people.vera.client.get(path).content.decode()
            assert "E-mail address" in page and "PR-7" in page and "customer_email" in page
        (label,) = people.vera.api.get(f"{API}/models/{chain.fraud.pk}/labels").json()["results"]
        assert (label["column"], label["inherited"], label["from"]["column"]) == (None, True, "customer_email")
        page = people.vera.client.get(f"/datasets/{chain.features.pk}").content.decode()
        assert "Personal by descent" in page and "contact" in page


def test_what_flags_a_model_is_said_where_the_column_is_asked_about(
    chain: SimpleNamespace, people: SimpleNamespace, now: datetime
) -> None:
    found(chain.source, people, now)
    due = downstream.flags_due(chain.source.lineage_dataset_id, {chain.fraud.pk: ["PR-7"]}, now)
    services.flag_models(actor=system(), dataset_id=chain.source.lineage_dataset_id, due=due, now=now)
    named = {"namespace": chain.source.namespace, "name": chain.source.name, "column": "customer_email"}
    fraud, safe = people.ann.api.get(f"{API}/lineage/reaches", named).json()["models"]
    assert ([each["entity"] for each in fraud["flags"]], safe["flags"]) == (["EMAIL_ADDRESS"], [])
    lines = people.ann.api.get(f"{API}/lineage/reaches", named | {"format": "csv"}).content.decode().splitlines()
    assert "EMAIL_ADDRESS" in lines[1] and "EMAIL_ADDRESS" not in lines[2]
    assert f"/models/{chain.fraud.pk}/data" in people.ann.client.get("/lineage/reaches", named).content.decode()


def test_a_column_that_only_a_scan_tells_of_can_be_asked_about(
    chain: SimpleNamespace, people: SimpleNamespace, now: datetime
) -> None:
    named = {"namespace": chain.source.namespace, "name": chain.source.name, "column": "id"}
    assert people.ann.api.get(f"{API}/lineage/reaches", named).status_code == 404
    found(chain.source, people, now)
    assert people.ann.api.get(f"{API}/lineage/reaches", named).status_code == 200
