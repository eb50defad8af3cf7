"""The database itself refuses to change the log, whoever asks and however."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import DatabaseError, connection, transaction

from audit import authorizer, triggers
from audit.models import Anchor, Blob, Checkpoint, Cosignature, Entry, Leaf, Opening, Pending, Tile, Trail

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(sequenced: Callable, offer: Callable, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row at least in every table."""
    from audit import records, selectors, sequence

    monkeypatch.setattr(sequence, "FULL", 4)
    monkeypatch.setattr(selectors, "FULL", 4)
    sequenced(5)
    records.put_blob(b"bytes")
    Cosignature.objects.create(size=5, witness="w", vkey="w+id+key", line="line", signed_at=now, at=now)
    Anchor.objects.create(size=5, authority="tsa", token=b"token", stamped_at=now, at=now)
    offer()


def refuses(sql: str) -> bool:
    """Whether the database refuses: on SQLite both as it is used here and to a program with no authorizer."""
    if connection.vendor != "sqlite":
        return _refuses(sql)
    with authorizer.aside(connection):
        by_triggers = _refuses(sql)
    return by_triggers and _refuses(sql)


def _refuses(sql: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError as error:
        return any(words in str(error) for words in (triggers.REFUSED, triggers.UNNUMBERED, authorizer.REFUSED))
    return False


ONCE = [Entry, Leaf, Trail, Tile, Checkpoint, Blob, Cosignature, Anchor]
COLUMNS = {
    Entry: "action", Leaf: "body", Trail: "seq", Tile: "root", Checkpoint: "note", Blob: "data",
    Cosignature: "line", Anchor: "token", Opening: "value", Pending: "entry_id",
}  # fmt: skip


@pytest.mark.parametrize("model", ONCE, ids=lambda model: model.__name__)
def test_what_is_written_once_is_never_changed_or_deleted(model, full: None) -> None:
    table, column = model._meta.db_table, COLUMNS[model]
    assert model.objects.exists()
    assert refuses(f"UPDATE {table} SET {column} = {column}")
    assert refuses(f"DELETE FROM {table}")


@pytest.mark.parametrize("model", [*ONCE, Opening, Pending], ids=lambda model: model.__name__)
@pytest.mark.postgresql
def test_no_table_is_truncated(model, full: None) -> None:
    assert refuses(f"TRUNCATE {model._meta.db_table} CASCADE")


@pytest.mark.parametrize("model", [*ONCE, Opening, Pending], ids=lambda model: model.__name__)
@pytest.mark.sqlite
def test_no_row_is_replaced_by_an_insert(model, full: None) -> None:
    table = model._meta.db_table
    assert model.objects.exists()
    for way in ("INSERT OR REPLACE", "REPLACE", "INSERT"):
        assert refuses(f"{way} INTO {table} SELECT * FROM {table} LIMIT 1")


@pytest.mark.sqlite
def test_a_row_is_not_replaced_through_its_other_key(full: None) -> None:
    columns = "seq, entry_id, body, hash"
    assert refuses(f"INSERT OR REPLACE INTO audit_leaf ({columns}) SELECT 9999, entry_id, body, hash FROM audit_leaf")
    assert refuses("INSERT OR REPLACE INTO audit_tile (level, number, hashes, root) VALUES (0, 0, x'00', x'00')")


def test_an_opening_is_never_changed_but_may_be_erased(full: None) -> None:
    assert refuses("UPDATE audit_opening SET value = 'forged'")
    assert Opening.objects.all().delete()[0] == 5


def test_the_queue_gives_up_no_entry_without_a_number(full: None) -> None:
    assert Pending.objects.count() == 1
    assert refuses("DELETE FROM audit_pending")
    assert refuses("UPDATE audit_pending SET entry_id = 0")


def test_every_guard_is_found_in_force(db: None) -> None:
    assert triggers.standing(connection) == set(triggers.expected(connection.vendor))


def test_a_guard_that_is_lifted_is_missed(db: None) -> None:
    triggers.lift(connection)
    assert not triggers.standing(connection)
    triggers.set_guards(connection)
    assert triggers.standing(connection) == set(triggers.expected(connection.vendor))


@pytest.mark.postgresql
def test_replication_does_not_slip_past_the_guards(full: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    assert refuses("DELETE FROM audit_entry")
    assert refuses("TRUNCATE audit_leaf")
