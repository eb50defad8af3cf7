"""Requests that come at the same time share a transaction, and nothing else."""

import json
import threading
import time
from contextlib import ExitStack
from uuid import UUID

import pytest
from django.db import OperationalError, connection

from audit.actor import Actor
from audit.models import Entry
from audit.refusals import Forbidden, Unavailable
from lineage import reading, services, together
from lineage.models import RawEvent
from lineage.reading import LARGE
from lineage.together import LINE, PATIENCE, PLACES, Door, place
from tests.lineage.conftest import HOUSE, post


def actor(number=1):

    return Actor(UUID(int=number), "service", "token")


class Kept:
    """Keeps slowly, and remembers who was kept together."""

    def __init__(self, problem=None):
        self.groups, self.problem, self.first = [], problem, threading.Event()

    def __call__(self, *, actor, readings, now):
        self.groups.append((actor, list(readings)))
        if not self.first.is_set():
            self.first.set()
            time.sleep(0.2)
        if self.problem and self.problem[0] in readings:
            raise self.problem[1]
        return [f"receipt of {one}" for one in readings]


def come(keep, requests, now):
    """Let `requests` (actor, readings) come at once after a first one; what each was answered."""
    door, answers = Door(keep, lambda: None), {}

    def ask(at, who, readings):
        try:
            answers[at] = door.ingest(actor=who, readings=readings, now=now)
        except Exception as problem:  # noqa: BLE001 - what each was answered is looked at
            answers[at] = problem

    threads = [threading.Thread(target=ask, args=(at, *one)) for at, one in enumerate(requests)]
    threads[0].start()
    keep.first.wait()
    for one in threads[1:]:
        one.start()
    for one in threads:
        one.join(10)
    assert not any(one.is_alive() for one in threads)
    return answers


def test_who_waits_is_kept_together_and_gets_their_own_receipts(now):
    keep = Kept()
    answers = come(keep, [(actor(), [f"e{n}", f"f{n}"]) for n in range(9)], now)
    assert answers == {n: [f"receipt of e{n}", f"receipt of f{n}"] for n in range(9)}
    assert len(keep.groups) < 9


def test_a_transaction_takes_so_many_events_and_the_rest_waits_for_the_next(now):
    keep = Kept()
    answers = come(keep, [(actor(), [f"{n}-{at}" for at in range(200)]) for n in range(8)], now)
    assert all(answers[n] == [f"receipt of {n}-{at}" for at in range(200)] for n in range(8))
    assert 200 < max(len(readings) for _, readings in keep.groups) <= 500


def test_only_requests_of_the_same_producer_are_kept_together(now):
    keep = Kept()
    answers = come(keep, [(actor(n % 2 + 1), [n]) for n in range(8)], now)
    assert answers == {n: [f"receipt of {n}"] for n in range(8)}
    assert all({one % 2 + 1 for one in readings} == {who.principal_id.int} for who, readings in keep.groups)


def test_an_event_that_cannot_be_kept_is_the_trouble_of_its_own_request(now):
    keep = Kept(("bad", RuntimeError("broken")))
    answers = come(keep, [(actor(), [one]) for one in ("first", "good", "bad", "fine")], now)
    assert isinstance(answers.pop(2), RuntimeError)
    assert answers == {0: ["receipt of first"], 1: ["receipt of good"], 3: ["receipt of fine"]}


@pytest.mark.django_db(transaction=True)
def test_all_are_kept_over_the_one_connection_of_the_door(now):
    used = []

    def keep(*, actor, readings, now):
        connection.ensure_connection()
        used.append(connection.connection)
        return ["receipt" for _ in readings]

    door = Door(keep, lambda: None)
    threads = [
        threading.Thread(target=door.ingest, kwargs={"actor": actor(), "readings": [n], "now": now}) for n in range(9)
    ]
    for one in threads:
        one.start()
        one.join(10)
    door.connection.close()
    assert len(used) == 9
    assert {id(one) for one in used} == {id(used[0])}


@pytest.mark.parametrize("problem", [Forbidden("access.not_allowed"), OperationalError("database is locked")])
def test_what_is_refused_or_busy_is_so_for_all_who_came_together(now, problem):
    keep = Kept((2, problem))
    answers = come(keep, [(actor(), [n]) for n in range(4)], now)
    assert answers[0] == ["receipt of 0"]
    assert [answers[n] for n in (1, 2, 3)].count(problem) >= 1


@pytest.mark.django_db(transaction=True)
def test_over_http_many_at_once_are_all_kept_and_logged(producer, say):
    sent = [json.dumps(say(f"job{n}", [f"/in{n % 3}"], [f"/out{n % 5}"])).encode() for n in range(24)]
    answers = []

    def send(part):
        try:
            answers.extend(post(producer, body) for body in part)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(sent[at::6],)) for at in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["event_id"] for answer in answers}) == RawEvent.objects.count() == 24
    assert Entry.objects.filter(action="lineage.event_accepted").count() == 24


@pytest.mark.django_db(transaction=True)
def test_the_same_event_twice_in_one_transaction_is_stored_once(producer, say, now):
    one, same = (reading.read(say("a", [], ["/x"], eventTime="2026-11-20T10:00:00Z"), []) for _ in range(2))
    receipts = services.ingest(actor=producer.actor, readings=[one, same], now=now)
    assert sorted(receipt.status for receipt in receipts) == ["duplicate", "stored"]


@pytest.mark.django_db
def test_when_all_places_for_batches_are_taken_one_is_told_to_come_again(producer, say):
    event, batch = say("a", [], ["/x"]), "/api/v1/lineage/batch"
    with ExitStack() as taken:
        for _ in range(PLACES):
            taken.enter_context(place())
        answer = post(producer, [event], batch)
        assert (answer.status_code, answer.json()["code"]) == (503, "lineage.busy")
        assert int(answer["Retry-After"]) > 0
        assert post(producer, event).status_code == 201
        assert post(producer, say("b", [], ["/y"], note="x" * LARGE)).status_code == 503
    assert post(producer, [event], batch).status_code == 204
    assert RawEvent.objects.count() == 1


def test_who_waits_in_line_gets_the_next_place_and_a_full_line_takes_nobody():
    got, begun = [], threading.Semaphore(0)

    def wait(at):
        begun.release()
        with place(10):
            got.append(at)

    with ExitStack() as taken:
        for _ in range(PLACES):
            taken.enter_context(place())
        line = [threading.Thread(target=wait, args=(at,)) for at in range(LINE)]
        for one in line:
            one.start()
            begun.acquire(timeout=10)
        while together._line._value:
            time.sleep(0.01)
        with pytest.raises(Unavailable), place(10):
            pass
        assert got == []
    for one in line:
        one.join(10)
    assert sorted(got) == list(range(LINE))
    assert (together._places._value, together._line._value) == (PLACES, LINE)


def test_nobody_waits_in_line_for_longer_than_they_said():
    with ExitStack() as taken:
        for _ in range(PLACES):
            taken.enter_context(place())
        begun = time.monotonic()
        with pytest.raises(Unavailable), place(0.2):
            pass
        assert 0.2 <= time.monotonic() - begun < 5


def test_the_docs_say_how_many_are_taken_in_and_how_many_wait():
    page = " ".join((HOUSE / "docs" / "lineage.md").read_text().split())
    assert f"most {PLACES} batches or events of more than {LARGE // 1024**2} MiB are taken in" in page
    assert f"{LINE} batches wait in line for up to {PATIENCE} s" in page


@pytest.mark.django_db
def test_a_place_is_free_again_whatever_became_of_its_batch(producer):
    for _ in range(PLACES + 1):
        assert post(producer, b"nope", "/api/v1/lineage/batch").status_code == 400
