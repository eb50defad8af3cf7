import itertools
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction

from audit.actor import system
from governance.catalog import records, selectors, services
from governance.catalog.models import Asset
from governance.catalog.records import Named
from lineage.models import Dataset
from lineage.naming import key

NAMESPACE = "mlflow://127.0.0.1:5001"


@pytest.fixture
def dataset(now: datetime) -> Any:
    """What lineage keeps of something an event named."""

    def make(name: str, scope: Any, namespace: str = "file", kind: str = "") -> Dataset:
        return Dataset.objects.create(
            key=key("dataset", namespace, name),
            namespace=namespace,
            name=name,
            scope_id=scope.pk,
            type=kind,
            first_seen=now,
            last_seen=now,
        )

    return make


def test_a_dataset_appears_unowned_in_its_events_scope_once(dataset, payments, people, now, entries) -> None:
    row = dataset("/data/raw.parquet", payments)
    for _ in range(2):
        services.discover(actor=system(), dataset_pk=row.pk, now=now)
    asset = selectors.asset_of_dataset(row.pk)
    assert (asset.kind, asset.scope_id, asset.adopted, asset.name) == ("dataset", payments.pk, False, row.name)
    assert selectors.owners_of(asset) == []
    assert len(entries("asset.discovered")) == 1
    assert [a.pk for a in selectors.assets_for(people.ann.actor, "dataset")] == [asset.pk]
    assert not selectors.assets_for(people.eve.actor, "dataset").exists()


def test_a_dataset_that_is_gone_is_no_work(founded, now) -> None:
    assert services.discover(actor=system(), dataset_pk=10**6, now=now) is None


@pytest.mark.parametrize("kind", ["MODEL", ""])
def test_a_model_named_by_an_event_is_a_model(dataset, payments, now, kind) -> None:
    row = dataset("models:/fraud", payments, NAMESPACE, kind)
    asset = services.discover(actor=system(), dataset_pk=row.pk, now=now)
    assert (asset.kind, asset.name, asset.namespace) == ("model", "fraud", NAMESPACE)
    assert selectors.model_named(NAMESPACE, "models:/fraud") == selectors.model_named(NAMESPACE + "/", "fraud") == asset


@pytest.mark.parametrize("order", sorted(set(itertools.permutations(["event", "registry", "event"]))))
def test_event_first_or_registry_first_gives_the_same_catalog(dataset, founded, payments, now, order) -> None:
    row = dataset("models:/fraud", payments, NAMESPACE)
    for step in order:
        if step == "event":
            services.discover(actor=system(), dataset_pk=row.pk, now=now)
        else:
            with transaction.atomic():
                records.discover_model(Named(NAMESPACE, "fraud", founded.pk), now)
    (asset,) = Asset.objects.all()
    assert (asset.scope_id, asset.lineage_dataset_id, asset.adopted) == (payments.pk, row.pk, False)


def test_the_errand_finds_what_lineage_took_in(person, payments, people, run_jobs, settings) -> None:
    producer = person("Producer", "ingest", payments, kind="service", owner=people.ann.user)
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-20T10:00:00Z",
        "producer": "https://example.org/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "0192e1a0-0000-7000-8000-000000000001"},
        "job": {"namespace": "jobs", "name": "train"},
        "inputs": [{"namespace": "file", "name": "/data/features.parquet"}],
        "outputs": [{"namespace": NAMESPACE, "name": "models:/fraud", "facets": {"version": {"datasetVersion": "1"}}}],
    }
    assert producer.api.post("/api/v1/lineage", event, content_type="application/json").status_code == 201
    run_jobs()
    assert sorted(Asset.objects.values_list("kind", "name")) == [
        ("dataset", "/data/features.parquet"),
        ("model", "fraud"),
    ]
    listed = people.ann.api.get("/api/v1/models?name=fraud").json()["results"]
    assert [(each["name"], each["scope"]["path"]) for each in listed] == [("fraud", "org/payments")]
