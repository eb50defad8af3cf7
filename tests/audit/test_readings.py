"""Reading the log is in the log: who read, through which door, what they asked for; and never once per request."""

import json
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import log, readings, sequence, services
from audit.actor import Actor, system
from audit.filters import Wanted
from audit.models import Entry, Opening, Reading
from jobs import selectors as clock
from tests.audit.test_sequence_races import together

pytestmark = pytest.mark.django_db
API = "/api/v1/audit"


def said(*actions: str) -> list[dict[str, Any]]:
    """The entries of these actions, oldest first."""
    rows = Entry.objects.filter(action__in=actions or ["audit.read", "audit.read_again"]).order_by("pk")
    return [json.loads(bytes(each.body)) for each in rows]


def test_a_page_of_the_log_is_an_entry_once_however_often_it_is_turned(people: Ns, sequenced: Callable) -> None:
    sequenced(5)
    for _ in range(4):
        assert people.vera.client.get("/audit").status_code == 200
    (read,) = said()
    assert read["actor"]["id"] == str(people.vera.id)
    assert read["about"] == {"door": "entries", "filters": {}}
    assert Reading.objects.get().again == 3


def test_another_question_is_another_entry(people: Ns, sequenced: Callable) -> None:
    sequenced(3)
    for query in ({}, {"outcome": "denied"}, {"outcome": "denied"}, {"action": "thing."}):
        assert people.vera.client.get("/audit", query).status_code == 200
    filters = [each["about"]["filters"] for each in said()]
    assert filters == [{}, {"outcome": "denied"}, {"action": "thing."}]


def test_what_somebody_typed_is_committed_to_and_stands_in_no_entry(people: Ns, sequenced: Callable) -> None:
    sequenced(3)
    typed = {"actor": "Jane Canary", "action": "jane.canary", "subject": "person:jane-canary", "q": "canary"}
    assert people.vera.api.get(f"{API}/entries", typed).status_code == 200
    (read,) = said()
    assert sorted(read["private"]) == ["action", "actor", "q", "subject"] and read["about"]["filters"] == {}
    assert "canary" not in json.dumps(read).lower()
    assert {each.value for each in Opening.objects.filter(field__in=typed)} == set(typed.values())
    assert not any("canary" in str(each).lower() for each in Reading.objects.values_list())


def test_single_entries_are_counted_together_with_the_numbers_they_went_over(people: Ns, sequenced: Callable) -> None:
    sequenced(9)
    Opening.objects.all().delete()
    for seq in (4, 2, 7):
        for door in ("", "/leaf"):
            assert people.vera.api.get(f"{API}/entries/{seq}{door}").status_code == 200
    (read,) = said()
    assert read["about"] == {"door": "entry", "filters": {}, "first": 4, "last": 4}
    row = Reading.objects.get()
    assert (row.again, row.low, row.high) == (5, 2, 7)


def test_how_often_it_was_repeated_is_told_when_its_time_is_over(people: Ns, sequenced: Callable, now: Any) -> None:
    sequenced(3)
    Opening.objects.all().delete()
    for seq in (0, 1, 2):
        people.vera.client.get(f"/audit/{seq}")
    assert services.close_readings(actor=system(), now=now) == 0
    later = clock.now() + readings.A_SITTING
    assert services.close_readings(actor=system(), now=later) == 1
    first, again = said()
    assert again["about"] == {"door": "entry", "after": first["id"], "times": 2, "first": 1, "last": 2}
    assert again["actor"] == first["actor"]
    assert services.close_readings(actor=system(), now=later) == 0
    assert not Reading.objects.exists()


def test_who_comes_back_later_is_an_entry_again(people: Ns, now: Any) -> None:
    what = readings.of_entry(3)
    for minutes in (0, 1, 11, 12):
        services.note_read(actor=people.vera.actor, read=what, now=now + timedelta(minutes=minutes))
    told = [(each["action"], each["about"].get("times")) for each in said()]
    assert told == [("audit.read", None), ("audit.read_again", 1), ("audit.read", None)]


def test_a_program_that_keeps_asking_makes_one_entry_a_day(people: Ns, sequenced: Callable, now: Any) -> None:
    sequenced(20)
    for seq in range(20):
        assert people.vera.api.get(f"{API}/lines", {"from": seq}).status_code == 200
        assert people.vera.api.get(f"{API}/tile/entries/000.p/20").status_code == 200
    assert [each["about"]["door"] for each in said()] == ["lines", "tiles"]
    program = Actor(people.vera.id, "person", "token", token_id=people.vera.id)
    for minute in range(0, 24 * 60, 5):
        services.note_read(
            actor=program, read=readings.of_span("lines", minute, 1), now=now + timedelta(minutes=minute)
        )
    assert len(said()) == 3


def test_ever_new_questions_run_into_one_count(people: Ns, now: Any) -> None:
    for each in range(readings.MOST + 20):
        day = Wanted(since=f"2026-11-20T09:{each:02}:00Z")
        services.note_read(actor=people.vera.actor, read=readings.of_page(day, []), now=now)
    assert len(said()) == readings.MOST + 1
    assert sum(Reading.objects.values_list("again", flat=True)) == 19


def test_personal_values_that_are_opened_are_an_entry_every_time(people: Ns, sequenced: Callable) -> None:
    sequenced(3)
    assert people.vera.api.get(f"{API}/entries/1").json()["openings"]
    assert people.vera.api.get(f"{API}/entries/1").status_code == 200
    assert b"word 1" in people.vera.client.get("/audit/1").content
    opened = said("audit.opened")
    which = json.loads(bytes(Entry.objects.get(leaf__seq=1).body))["id"]
    assert [each["about"] for each in opened] == [{"entry": which, "seq": 1, "fields": ["reason"]}] * 3
    assert all(each["subjects"] == ["audit:log", f"entry:{which}"] for each in opened)
    assert said() == []
    Opening.objects.filter(entry_id=Entry.objects.get(leaf__seq=1).pk).delete()
    assert people.vera.api.get(f"{API}/entries/1").json()["openings"] == []
    assert len(said("audit.opened")) == 3 and len(said()) == 1


def test_reading_what_reading_left_behind_comes_to_an_end(people: Ns, sequenced: Callable, now: Any) -> None:
    sequenced(2)
    for _ in range(6):
        sequence.run_once(clock.now())
        for seq in range(Entry.objects.count()):
            people.vera.api.get(f"{API}/entries/{seq}")
    grew = len(said("audit.opened"))
    assert grew == 12  # two entries have personal values; those about reading them have none
    assert len(said()) == 1


def test_a_trail_is_a_reading_and_what_shows_no_entry_is_not(people: Ns, sequenced: Callable) -> None:
    sequenced(3)
    for path in ("/checkpoint", "/keys", "/consistency?from=1&to=2", "/entries/1/proof", "/tile/0/000.p/3", "/sinks"):
        assert people.vera.api.get(API + path).status_code == 200
    assert said() == []
    assert people.vera.api.get(f"{API}/subjects/model:1").status_code == 200
    assert [each["about"] for each in said()] == [{"door": "trail", "filters": {"subject": "model:1"}}]


def test_who_may_read_nothing_leaves_no_reading(people: Ns, sequenced: Callable) -> None:
    sequenced(3)
    for path in ("/entries", "/entries/1", "/entries/1/leaf", "/subjects/model:1", "/lines"):
        people.eve.api.get(API + path)
    assert said() == [] and not Reading.objects.exists()


def test_nothing_is_shown_that_could_not_be_recorded(
    people: Ns, sequenced: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequenced(2)

    def full(**_: object) -> None:
        from django.db import OperationalError

        raise OperationalError("database or disk is full")

    monkeypatch.setattr(log, "append", full)
    for answer in (
        people.vera.api.get(f"{API}/entries/1"),
        people.vera.client.get("/audit"),
        people.vera.client.get("/audit/1"),
    ):
        assert answer.status_code == 503
        assert b"word 1" not in answer.content
    with pytest.raises(DatabaseError), transaction.atomic():
        log.append()


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_are_one_entry_and_no_error(people: Ns, sequenced: Callable) -> None:
    sequenced(3)
    Opening.objects.all().delete()
    answers: list[int] = []
    clients = [people.vera.client for _ in range(6)]

    def ask(client: Client) -> None:
        for path in ("/audit", "/audit/1", f"{API}/lines"):
            answers.append(client.get(path).status_code)

    together(*(lambda each=each: ask(each) for each in clients))
    assert answers == [200] * 18
    assert sorted(each["about"]["door"] for each in said()) == ["entries", "entry", "lines"]
    assert sorted(Reading.objects.values_list("again", flat=True)) == [5, 5, 5]


@pytest.mark.django_db(transaction=True)
def test_closing_and_reading_at_once_lose_no_count(people: Ns, data_dir: Any) -> None:
    start, rounds = clock.now(), 12

    def read(worker: int) -> None:
        for each in range(rounds):
            at = start + timedelta(minutes=4 * each + worker)
            services.note_read(actor=people.vera.actor, read=readings.of_entry(worker), now=at)

    def close() -> None:
        for each in range(rounds):
            services.close_readings(actor=system(), now=start + timedelta(minutes=4 * each))

    together(lambda: read(0), lambda: read(1), close)
    services.close_readings(actor=system(), now=start + timedelta(days=1))
    firsts = len(said("audit.read"))
    assert firsts + sum(each["about"]["times"] for each in said("audit.read_again")) == 2 * rounds


@pytest.mark.django_db(transaction=True)
def test_a_page_that_is_turned_again_pays_for_it_with_a_handful_of_statements(
    people: Ns, sequenced: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequenced(60)
    client = people.vera.client

    def asked() -> int:
        with CaptureQueriesContext(connection) as statements:
            assert client.get("/audit").status_code == 200
        return len(statements)

    asked()
    noted = asked()
    monkeypatch.setattr(services, "note_read", lambda **_: None)
    assert 0 < noted - asked() <= 5
