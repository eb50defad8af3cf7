import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from audit import log, records
from audit.actor import Actor, system
from audit.canonical import canonical, instant, parse
from audit.models import Blob, Entry, Opening, Pending
from audit.refusals import Invalid
from jobs import selectors as clock

pytestmark = pytest.mark.django_db


def offered(entry: Entry) -> dict:
    return parse(bytes(Entry.objects.get(pk=entry.pk).body))


def test_an_entry_says_who_did_what_to_what_and_when(now: datetime) -> None:
    who = Actor(uuid4(), "service", "token", on_behalf_of=uuid4(), token_id=uuid4())
    scope = uuid4()
    entry = log.append(
        actor=who, action="promotion.decided", subjects=["promotion:1", "model_version:2"], at=now, scope_id=scope,
        about={"verdict": "approve", "rules": ["two_officers"], "needed": 2}, outcome="denied",
    )  # fmt: skip
    body = offered(entry)
    assert UUID(body.pop("id"))
    assert body == {
        "v": 1,
        "at": instant(now),
        "action": "promotion.decided",
        "outcome": "denied",
        "actor": {
            "id": str(who.principal_id), "kind": "service", "via": "token",
            "on_behalf_of": str(who.on_behalf_of), "token": str(who.token_id),
        },
        "scope": str(scope),
        "subjects": ["promotion:1", "model_version:2"],
        "about": {"verdict": "approve", "rules": ["two_officers"], "needed": 2},
        "private": {},
    }  # fmt: skip
    row = Entry.objects.get(pk=entry.pk)
    assert (row.action, row.outcome, row.actor_id, row.scope_id, row.at) == (
        "promotion.decided", "denied", who.principal_id, scope, now,
    )  # fmt: skip


def test_the_stored_bytes_are_canonical(offer) -> None:
    body = bytes(offer(about={"b": 1, "a": "é"}).body)
    assert canonical(json.loads(body)) == body


def test_an_offered_entry_waits_in_the_queue(offer) -> None:
    entry = offer()
    assert list(Pending.objects.values_list("pk", flat=True)) == [entry.pk]


def test_a_personal_value_is_only_committed_to(offer) -> None:
    entry = offer(private={"name": "Ana Canary", "reason": "because"})
    body = bytes(Entry.objects.get(pk=entry.pk).body)
    assert b"Canary" not in body
    assert b"because" not in body
    opening = Opening.objects.get(entry_id=entry.pk, field="name")
    assert opening.value == "Ana Canary"
    assert len(bytes(opening.salt)) == 32
    expected = hmac.digest(bytes(opening.salt), b"Ana Canary", "sha256").hex()
    assert offered(entry)["private"]["name"] == expected


def test_the_same_value_is_committed_to_differently_each_time(offer) -> None:
    commitments = {offered(offer(private={"name": "Ana"}))["private"]["name"] for _ in range(5)}
    assert len(commitments) == 5


def test_an_erased_value_leaves_the_entry_as_it_was(offer) -> None:
    entry = offer(private={"name": "Ana"})
    before = bytes(Entry.objects.get(pk=entry.pk).body)
    Opening.objects.filter(entry_id=entry.pk).delete()
    assert bytes(Entry.objects.get(pk=entry.pk).body) == before


def test_strings_are_composed_on_the_way_in(offer) -> None:
    assert offered(offer(about={"name": "e\u0301"}))["about"]["name"] == "é"


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "Nonsense"},
        {"action": "nodots"},
        {"action": "a." + "b" * 100},
        {"subjects": ["no kind"]},
        {"subjects": ["person:ana@example.org"]},
        {"subjects": ["model:1", "model:1"]},
        {"subjects": [f"model:{each}" for each in range(65)]},
        {"outcome": "perhaps"},
        {"about": {"share": 0.5}},
        {"about": {"Name": 1}},
        {"about": {"text": "\ud800"}},
        {"about": {"text": "x" * 66_000}},
        {"at": datetime(2026, 1, 1)},
        {"private": {"name": "\ud800"}},
        {"private": {"name": "a\x00b"}},
        {"private": {"name": 7}},
        {"private": {"Full name": "Ana"}},
    ],
    ids=str,
)
def test_what_could_not_become_a_leaf_is_refused_whole(wrong: dict, now: datetime) -> None:
    right = {"actor": system(), "action": "thing.happened", "subjects": ["model:1"], "at": now}
    with pytest.raises(Invalid), transaction.atomic():
        log.append(**(right | wrong))
    assert not Entry.objects.exists()
    assert not Opening.objects.exists()


def test_an_entry_of_the_greatest_size_still_becomes_a_leaf(sequenced, offer, now: datetime) -> None:
    from audit import sequence

    sequenced(3)
    base = len(bytes(offer(about={"text": ""}).body))
    overhead = 2 + 200
    entry = offer(about={"text": "x" * (65_535 - base - overhead)})
    sequence.run_once(now)
    assert len(bytes(Entry.objects.get(pk=entry.pk).leaf.body)) <= 65_535


@pytest.mark.django_db(transaction=True)
def test_nothing_is_written_outside_a_transaction() -> None:
    with pytest.raises(TransactionManagementError):
        log.append(actor=system(), action="thing.happened", subjects=["model:1"], at=clock.now())
    with pytest.raises(TransactionManagementError):
        records.put_blob(b"bytes")
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_rollback_leaves_nothing() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log.append(
            actor=system(), action="thing.happened", subjects=["model:1"], at=clock.now(), private={"name": "Ana"}
        )
        raise ZeroDivisionError
    assert not Entry.objects.exists()
    assert not Pending.objects.exists()
    assert not Opening.objects.exists()


def test_a_blob_is_kept_once_under_its_digest() -> None:
    digest = records.put_blob(b"hello")
    assert digest == "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert records.put_blob(b"hello") == digest
    blob = Blob.objects.get()
    assert (bytes(blob.data), blob.size) == (b"hello", 5)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("private", [{}, {"reason": "a word", "name": "Ann O'Neill \\ {} %s"}])
def test_an_entry_with_its_values_is_one_statement_where_the_database_can(
    private: dict[str, str], offer: Callable, now: datetime
) -> None:
    with CaptureQueriesContext(connection) as asked:
        entry = offer(private=private, about={"percent": "100 % {}"})
    inserts = [each for each in asked.captured_queries if "INSERT" in each["sql"]]
    assert len(inserts) == (1 if connection.vendor == "postgresql" or not private else 2)
    kept = Entry.objects.get(pk=entry.pk)
    assert (bytes(kept.body), kept.at, kept.actor_id) == (entry.body, entry.at, entry.actor_id)
    assert parse(bytes(kept.body))["private"].keys() == private.keys()
    assert dict(Opening.objects.filter(entry=kept).values_list("field", "value")) == private


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql  # SQLite keeps its statements by itself
@pytest.mark.parametrize("threshold", [2, None])
def test_the_statement_is_planned_once_where_the_connection_allows_it(
    threshold: int | None, offer: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "prepare_threshold", threshold)
    for _ in range(5):
        offer(private={"name": "Ana"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%audit_opening%'")
        assert cursor.fetchone()[0] == (0 if threshold is None else 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_statements_with_their_values_in_them_are_not_remembered(offer: Callable) -> None:
    connection.close()
    for at in range(3):
        with connection.cursor() as cursor:
            cursor.execute("SELECT length(%s)", ["x" * 100_000 + str(at)])
        offer()
    remembered = connection.connection._prepared
    assert remembered._counts or remembered._names
    assert not [key for key in (*remembered._counts, *remembered._names) if b"xxx" in key[0]]


class Blobs:
    """Rows that are added where they are not: by their keys, a column that is unique."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys)

    def statement(self) -> tuple[str, list[Any]]:
        source = "SELECT key, 0, ''::bytea FROM unnest(%s::text[]) AS key ON CONFLICT DO NOTHING RETURNING digest"
        return f"INSERT INTO audit_blob (digest, size, data) {source}", [self.keys]

    def write(self) -> list[tuple[Any, ...]]:
        added = [key for key in self.keys if not Blob.objects.filter(pk=key).exists()]
        return [(Blob.objects.create(digest=key, size=0, data=b"").pk,) for key in added]


def test_entries_about_what_is_new_are_each_like_one_offered_alone(now: datetime) -> None:
    who, scope = Actor(uuid4(), "service", "token", token_id=uuid4()), uuid4()
    told: dict[str, log.Told] = {key: ([f"lineage_event:{key}", "run:1"], {"size": 1}) for key in "cba"}
    with CaptureQueriesContext(connection) as asked:
        new = log.append_new(
            actor=who, action="lineage.event_accepted", at=now, scope_id=scope, adding=Blobs(*"abc"), told=told
        )
    assert new == set("abc")
    assert sum("INTO audit_entry" in each["sql"] for each in asked) == 1
    assert connection.vendor == "sqlite" or len(asked) == 1
    together = list(Entry.objects.order_by("pk"))[-3:]
    assert Pending.objects.filter(pk__in=[one.pk for one in together]).count() == 3
    for one, (subjects, about) in zip(together, told.values(), strict=True):
        alone = log.append(
            actor=who, action="lineage.event_accepted", subjects=subjects, at=now, scope_id=scope, about=about
        )
        mine, theirs = offered(one), offered(alone)
        assert mine.pop("id") != theirs.pop("id")
        assert mine == theirs
        assert (one.scope_id, one.action, one.outcome, one.actor_id, one.at) == (
            scope, "lineage.event_accepted", "success", who.principal_id, now,
        )  # fmt: skip


def _add(now: datetime, told: dict[str, log.Told]) -> set[str]:
    return log.append_new(actor=system(), action="a.b", at=now, scope_id=None, adding=Blobs(*told), told=told)


def test_what_was_there_before_gets_no_entry(now: datetime) -> None:
    told: dict[str, log.Told] = {str(n): ([f"run:{n}"], {}) for n in range(4)}
    assert _add(now, {"2": told["2"]}) == {"2"}
    assert _add(now, told) == {"0", "1", "3"}
    assert _add(now, told) == _add(now, {}) == set()
    said = [offered(one)["subjects"] for one in Entry.objects.filter(action="a.b").order_by("pk")]
    assert said == [["run:2"], ["run:0"], ["run:1"], ["run:3"]]


def test_one_bad_entry_of_many_keeps_all_of_them_out(now: datetime) -> None:
    before = Entry.objects.count()
    with pytest.raises(Invalid):
        _add(now, {"1": (["run:1"], {}), "2": (["no id"], {})})
    assert Entry.objects.count() == before
    assert not Blob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_entries_about_what_is_new_need_a_transaction(now: datetime) -> None:
    with pytest.raises(TransactionManagementError):
        _add(now, {"1": (["run:1"], {})})
