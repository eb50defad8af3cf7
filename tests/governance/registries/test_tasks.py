"""The errands against a real MLflow: through the same claim and finish as in a worker."""

import time
from datetime import timedelta
from typing import Any

import pytest

from audit.actor import system
from governance.catalog import services as catalog
from governance.catalog.models import Asset, Version
from governance.registries import folder, records, rules, selectors
from governance.registries.mlflow import MlflowRegistry
from governance.registries.models import Registry
from jobs import selectors as clock
from jobs import tasks as worker
from jobs.models import Job
from lineage.models import Dataset
from lineage.naming import key
from tests.governance.conftest import Door, Server

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def owe(kind: str, *args: object) -> None:
    from django.db import transaction

    from jobs.records import enqueue

    with transaction.atomic():
        enqueue(kind, *map(str, args))


def model(name: str) -> Asset:
    return Asset.objects.get(kind="model", name=name)


def test_one_sync_brings_models_versions_facts_and_digests(mlflow: Server, connected, run_jobs, people) -> None:
    trained = mlflow.train(**{"mlflow.source.git.commit": "c0ffee"})
    connected(mlflow.uri)
    run_jobs()
    version = Version.objects.get(asset=model(trained.name))
    assert (version.label, version.state, version.run_user, version.code_commit) == ("1", "sealed", "mia", "c0ffee")
    assert version.manifest_digest == rules.manifest_digest(folder.manifest(trained.folder))
    assert version.metrics == {"auc": "0.931"}
    assert version.schema["inputs"][0]["name"] == "amount"
    registry = Registry.objects.get()
    assert (registry.state, registry.probe["open_to_strangers"]) == ("available", "yes")
    assert registry.last_synced_at is not None


def test_syncing_twice_changes_nothing_and_a_new_version_is_found(mlflow: Server, connected, run_jobs, entries) -> None:
    trained = mlflow.train()
    registry = connected(mlflow.uri)
    run_jobs()
    before = len(entries("version.noted"))
    owe("registries.sync", registry.pk)
    run_jobs()
    assert len(entries("version.noted")) == before
    mlflow.train(trained.name, auc=0.95)
    owe("registries.watch", registry.pk)
    run_jobs()
    versions = model(trained.name).versions.order_by("number")
    assert [(v.label, v.state, v.metrics["auc"]) for v in versions] == [
        ("1", "sealed", "0.931"),
        ("2", "sealed", "0.95"),
    ]


def test_metrics_logged_after_registering_arrive(mlflow: Server, connected, run_jobs) -> None:
    trained = mlflow.train()
    registry = connected(mlflow.uri)
    run_jobs()
    mlflow.client().log_metric(trained.run_id, "recall", 0.5)
    owe("registries.sync", registry.pk)
    run_jobs()
    assert model(trained.name).versions.get().metrics == {"auc": "0.931", "recall": "0.5"}


@pytest.mark.parametrize("first", ["event", "mlflow"])
def test_event_first_or_mlflow_first_gives_the_same_catalog(
    mlflow: Server, connected, run_jobs, payments, now, first
) -> None:
    trained = mlflow.train()
    namespace, name = rules.namespace_of(mlflow.uri), f"models:/{trained.name}"
    row = Dataset.objects.create(
        key=key("dataset", namespace, name),
        namespace=namespace,
        name=name,
        type="MODEL",
        scope_id=payments.pk,
        first_seen=now,
        last_seen=now,
    )
    if first == "event":
        catalog.discover(actor=system(), dataset_pk=row.pk, now=now)
    connected(mlflow.uri)
    run_jobs()
    if first == "mlflow":
        catalog.discover(actor=system(), dataset_pk=row.pk, now=now)
    asset = model(trained.name)
    assert (asset.scope_id, asset.lineage_dataset_id) == (payments.pk, row.pk)
    assert asset.registry is not None
    assert [v.label for v in asset.versions.all()] == ["1"]


def test_an_alias_moved_behind_our_back_is_noticed_and_its_return_too(
    mlflow: Server, connected, run_jobs, people, now
) -> None:
    from django.db import transaction

    trained = mlflow.train()
    mlflow.train(trained.name)
    registry = connected(mlflow.uri)
    adapter = MlflowRegistry(mlflow.uri)
    run_jobs()
    asset = model(trained.name)
    adapter.set_alias(trained.name, "champion", "1")
    with transaction.atomic():
        records.expect_alias(asset, "champion", asset.versions.get(label="1"), None, now)
    mlflow.client().set_registered_model_alias(trained.name, "champion", "2")
    owe("registries.watch", registry.pk)
    run_jobs()
    assert selectors.drifts_for(people.olga.actor) == []
    later = clock.now() + rules.CONFIRM_AFTER
    while clock.now() <= later:
        time.sleep(0.2)
    run_jobs()
    (drift,) = selectors.drifts_for(people.olga.actor)
    assert (drift.asset, drift.seen_label) == (asset, "2")
    adapter.set_alias(trained.name, "champion", "1")
    owe("registries.watch", registry.pk)
    run_jobs()
    assert selectors.drifts_for(people.olga.actor) == []


@pytest.mark.parametrize("how", ["alias removed", "version deleted", "model deleted"])
def test_an_alias_removed_behind_our_back_is_noticed_like_one_that_moved(
    mlflow: Server, connected, run_jobs, people, now, how
) -> None:
    from django.db import transaction

    trained, client = mlflow.train(), mlflow.client()
    registry = connected(mlflow.uri)
    run_jobs()
    asset = model(trained.name)
    MlflowRegistry(mlflow.uri).set_alias(trained.name, "champion", "1")
    owe("registries.watch", registry.pk)
    run_jobs()
    with transaction.atomic():
        records.expect_alias(asset, "champion", asset.versions.get(label="1"), None, now)
    {
        "alias removed": lambda: client.delete_registered_model_alias(trained.name, "champion"),
        "version deleted": lambda: client.delete_model_version(trained.name, "1"),
        "model deleted": lambda: client.delete_registered_model(trained.name),
    }[how]()
    owe("registries.watch", registry.pk)
    run_jobs()
    later = clock.now() + rules.CONFIRM_AFTER
    while clock.now() <= later:
        time.sleep(0.2)
    run_jobs()
    (drift,) = selectors.drifts_for(people.olga.actor)
    assert (drift.alias, drift.seen_label) == ("champion", "")


def test_a_version_deleted_in_mlflow_is_gone_until_it_is_there_again(
    mlflow: Server, connected, run_jobs, entries
) -> None:
    trained = mlflow.train()
    connected(mlflow.uri)
    run_jobs()
    version = model(trained.name).versions.get()
    mlflow.client().delete_model_version(trained.name, "1")
    for _ in range(2):
        owe("registries.digest", version.pk)
        run_jobs()
    version.refresh_from_db()
    assert (version.state, version.gone_at is not None, len(entries("version.gone"))) == ("sealed", True, 1)


def test_a_file_changed_after_sealing_is_found_by_the_recheck(mlflow: Server, connected, run_jobs) -> None:
    trained = mlflow.train()
    connected(mlflow.uri)
    run_jobs()
    MlflowRegistry(mlflow.uri).set_alias(trained.name, "champion", "1")
    owe("registries.rounds")
    run_jobs()
    (trained.folder / "MLmodel").write_text("flavors: {}\n")
    owe("registries.recheck")
    run_jobs()
    version = model(trained.name).versions.get()
    assert version.state == "compromised"
    assert version.manifest_digest != version.digests.latest("pk").digest


def test_files_that_cannot_be_read_become_a_state(mlflow: Server, connected, run_jobs) -> None:
    client = mlflow.client()
    name = "kept-in-a-bucket"
    run = client.create_run(client.create_experiment(name, artifact_location="s3://bucket/x"))
    client.create_registered_model(name)
    client.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id)
    connected(mlflow.uri)
    run_jobs()
    version = model(name).versions.get()
    assert (version.state, version.problem) == ("unreadable", "registries.files_elsewhere")


def test_away_is_a_state_and_work_goes_on_when_mlflow_returns(mlflow: Server, door: Door, connected, run_jobs) -> None:
    trained = mlflow.train()
    door.shut()
    registry = connected(door.uri)
    started = time.monotonic()
    run_jobs()
    assert time.monotonic() - started < 20
    registry.refresh_from_db()
    assert (registry.state, registry.last_error) == ("away", "registries.away")
    waiting = Job.objects.get(kind="registries.sync")
    assert (waiting.state, waiting.attempts) == ("queued", 0)
    door.open()
    worker.run_due(clock.now() + timedelta(minutes=1))
    Job.objects.filter(state="queued").update(run_after=clock.now())
    run_jobs()
    registry.refresh_from_db()
    assert registry.state == "available"
    assert Version.objects.get(asset=model(trained.name)).state == "sealed"


def test_a_probe_of_nothing_is_an_answer(door: Door, connected, run_jobs) -> None:
    door.shut()
    registry = connected(door.uri)
    run_jobs()
    registry.refresh_from_db()
    assert registry.probe == {"error": "registries.away"}


def test_a_disconnected_registry_is_left_alone(door: Door, connected, run_jobs, people, now) -> None:
    from governance.registries import services

    registry = connected(door.uri)
    services.disconnect(actor=people.adam.actor, registry_id=registry.pk, now=now)
    owe("registries.rounds")
    owe("registries.resync")
    run_jobs()
    registry.refresh_from_db()
    assert (registry.looked_at, registry.last_synced_at, registry.state) == (None, None, "off")


def test_a_model_that_mlflow_will_not_show_keeps_no_other_out(
    mlflow: Server, connected, run_jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit.refusals import Refused

    bad, good = mlflow.train("a-bad-one"), mlflow.train("b-good-one")
    listed = MlflowRegistry.versions

    def versions(self: MlflowRegistry, name: str) -> Any:
        if name == bad.name:
            raise Refused("registries.refused", answer="INTERNAL_ERROR")
        return listed(self, name)

    monkeypatch.setattr(MlflowRegistry, "versions", versions)
    connected(mlflow.uri)
    run_jobs()
    assert [asset.name for asset in Asset.objects.all()] == [good.name]
    assert Registry.objects.get().last_synced_at is not None
