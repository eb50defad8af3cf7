"""Whoever waits for the writers' turn of SQLite waits for nothing else, and keeps nobody else waiting."""

import gc
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[sqlite3.Connection]:
    """Somebody else, past Django."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has one turn for all who write")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE turns (who TEXT)")
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, isolation_level=None, check_same_thread=False)) as found:
        yield found
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE turns")


def write(who: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO turns VALUES (%s)", [who])


def written() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT who FROM turns")
        return [who for (who,) in cursor.fetchall()]


def soon(do: Any) -> threading.Timer:
    timer = threading.Timer(0.2, do)
    timer.start()
    return timer


@pytest.mark.parametrize("within", [True, False], ids=["a transaction", "a statement by itself"])
def test_whoever_comes_while_another_writes_waits(other: sqlite3.Connection, within: bool) -> None:
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO turns VALUES ('first')")
    freed = soon(lambda: other.execute("COMMIT"))
    if within:
        with transaction.atomic():
            write("second")
    else:
        write("second")
    freed.join()
    assert written() == ["first", "second"]


def test_it_is_refused_when_the_turn_does_not_come_and_nothing_is_done(
    other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        write("never")
    with pytest.raises(OperationalError, match="locked"):
        write("never")
    other.execute("ROLLBACK")
    assert written() == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [("SELECT * FROM nowhere", "no such table"), ("SELECT CAST(x'ff' AS TEXT)", "decode")],
    ids=["SQLite's", "Python's"],
)
def test_another_mistake_is_said_at_once(other: sqlite3.Connection, statement: str, problem: str) -> None:
    with pytest.raises(OperationalError, match=problem), connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.fetchall()


def test_whoever_has_the_turn_can_free_what_one_who_waits_left_behind(other: sqlite3.Connection) -> None:
    """As Python's collector does, in whatever thread: SQLite's own wait held the connection's mutex against it."""
    left: list[Any] = []
    waits, done = threading.Event(), threading.Event()

    def second() -> None:
        connection.ensure_connection()
        cursor = connection.connection.cursor()
        cursor.execute("SELECT 1 UNION ALL SELECT 2")
        left.append([cursor])
        left[0].append(left[0])
        del cursor
        waits.set()
        write("second")
        connection.close()
        done.set()

    other.execute("BEGIN IMMEDIATE")
    thread = threading.Thread(target=second)
    thread.start()
    waits.wait()
    assert not done.wait(0.2)
    left.clear()
    gc.collect()
    assert not done.is_set(), "it gave up before we could go on"
    other.execute("COMMIT")
    thread.join()
    assert done.is_set()
    assert written() == ["second"]
