"""Several people and workers at once, on real transactions: one wins, the others are told, nothing is half-written."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from audit.actor import system
from audit.models import Entry
from audit.refusals import Conflict
from governance.catalog import services
from governance.catalog.models import Asset, Card
from governance.catalog.services import Adoption
from governance.registries import services as registries
from governance.registries.services import Sighting
from lineage.models import Dataset
from lineage.naming import key

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4


def outcomes(*calls: Callable[[], object]) -> list[str]:
    """Run all at once in threads of their own; return for each `done` or the refusal's code."""
    found: list[str] = []
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        try:
            start.wait()
            call()
            found.append("done")
        except Conflict as refusal:
            found.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(each,)) for each in calls]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == len(calls)
    return sorted(found)


def test_of_cards_written_on_the_same_revision_one_is_kept(fraud: Any, people: Any, now: Any) -> None:
    def write(n: int) -> Callable[[], object]:
        fields = {"purpose": f"version {n}"}
        return lambda: services.edit_card(actor=people.ann.actor, asset_id=fraud.pk, fields=fields, revision=0, now=now)

    assert outcomes(*map(write, range(AT_ONCE))) == ["catalog.moved"] * (AT_ONCE - 1) + ["done"]
    assert (Card.objects.count(), Entry.objects.filter(action="card.edited").count()) == (1, 1)


def test_a_discovered_model_is_adopted_by_one_person(fraud: Any, people: Any, now: Any) -> None:
    calls = [
        lambda: services.adopt(actor=people.ann.actor, asset_id=fraud.pk, adoption=Adoption(), revision=0, now=now)
    ] * AT_ONCE
    assert outcomes(*calls).count("done") == 1
    assert Entry.objects.filter(action="asset.adopted").count() == 1


def test_an_event_and_a_registry_that_name_a_model_at_once_make_one(
    founded: Any, payments: Any, people: Any, now: Any
) -> None:
    registry = registries.connect(
        actor=people.adam.actor, name="MLflow", uri="http://127.0.0.1:5001", scope_id=None, now=now
    )
    namespace, name = "mlflow://127.0.0.1:5001", "models:/fraud"
    row = Dataset.objects.create(
        key=key("dataset", namespace, name), namespace=namespace, name=name, scope_id=payments.pk,
        first_seen=now, last_seen=now,
    )  # fmt: skip
    calls: list[Callable[[], object]] = [
        lambda: services.discover(actor=system(), dataset_pk=row.pk, now=now),
        lambda: registries.note_model(actor=system(), registry_id=registry.pk, sighting=Sighting("fraud"), now=now),
    ]
    assert outcomes(*calls * 2) == ["done"] * 4
    (asset,) = Asset.objects.all()
    assert (asset.scope_id, asset.lineage_dataset_id, asset.registry_id) == (payments.pk, row.pk, registry.pk)
