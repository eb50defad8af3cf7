"""Real producers' events through HTTP: none lost, repeated and shuffled they change nothing, steps as counted."""

import json
import random

import pytest

from lineage.models import RawEvent
from tests.lineage.test_projection import picture, take, wipe

pytestmark = pytest.mark.django_db
STEPS = {
    "compatibility-tests/airflow": 12,
    "compatibility-tests/CLL": 2,
    "compatibility-tests/simple_run_event": 1,
    "captured/dbt.ndjson": 4,
    "captured/airflow.ndjson": 2,
    "captured/hamilton.ndjson": 1,
}


def send(producer, events):
    api = producer.api
    return [api.post("/api/v1/lineage", json.dumps(e), content_type="application/json").status_code for e in events]


def steps(reader):
    """Dataset-to-dataset steps without self-loops, as the graph answers them."""
    from lineage.models import Dataset

    found = set()
    for one in Dataset.objects.all():
        query = {"namespace": one.namespace, "name": one.name, "depth": "1", "direction": "down"}
        edges = [(e["from"], e["to"]) for e in reader.api.get("/api/v1/lineage", query).json()["edges"]]
        jobs = {end for start, end in edges if start == one.node_id}
        found |= {(one.node_id, end) for start, end in edges if start in jobs and end != one.node_id}
    return found


@pytest.mark.parametrize("part", sorted(STEPS))
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_steps_of_each_producer_are_found_in_any_order_however_often(part, seed, producer, people, shared_events):
    events = shared_events(part)
    if seed is not None:
        events = events * 2
        random.Random(seed).shuffle(events)
    assert set(send(producer, events)) == {201}
    assert len(steps(people.ann)) == STEPS[part]


def test_none_is_lost_and_repeating_and_shuffling_change_nothing(producer, shared_events):
    events = shared_events(".")
    assert set(send(producer, events)) == {201}
    assert len(events) == 156
    kept = RawEvent.objects.count()
    assert kept == len({json.dumps(one, sort_keys=True) for one in events})
    before = picture()
    random.Random(11).shuffle(events)
    assert set(send(producer, events)) == {201}
    assert picture() == before
    assert RawEvent.objects.count() == kept


@pytest.mark.django_db(transaction=True)
def test_made_again_from_the_raw_events_they_give_the_same_tables(producer, people, now, shared_events):
    from lineage import rebuild, services

    send(producer, shared_events("."))
    before = picture()
    copy = rebuild.prepared()
    assert services.rebuild(actor=people.adam.actor, copy=copy, now=now) == (RawEvent.objects.count(), 0)
    assert picture() == before


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_and_repetition_of_them_gives_the_same_tables(seed, now, payments, shared_events):
    events = shared_events(".")
    take(events, now, payments.pk)
    before = picture()
    wipe()
    chance = random.Random(seed)
    again = events + chance.sample(events, 50)
    chance.shuffle(again)
    take(again, now, payments.pk, size=chance.randint(1, 30))
    assert picture() == before


def test_told_one_by_one_in_any_order_they_give_the_same_tables(producer, shared_events):
    events = shared_events(".")
    send(producer, events)
    before = picture()
    wipe()
    again = events + random.Random(7).sample(events, 60)
    random.Random(8).shuffle(again)
    assert set(send(producer, again)) == {201}
    assert picture() == before


def test_they_arrive_the_same_as_one_shuffled_batch(producer, shared_events):
    events = shared_events(".")
    send(producer, events)
    before = picture()
    wipe()
    random.Random(5).shuffle(events)
    answer = producer.api.post("/api/v1/lineage/batch", json.dumps(events), content_type="application/json")
    assert answer.status_code == 204
    assert picture() == before
