"""What SQLite wrote to its log comes into its file by one alone, and never while the log can begin anew."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from audit import carrying
from audit.carrying import Carrier

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file() -> Iterator[Path]:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has such a log")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE carried (what TEXT)")
    yield Path(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE carried")


@pytest.fixture
def carrier(file: Path) -> Iterator[Carrier]:
    one = Carrier()
    yield one
    one.close()


def write(what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO carried VALUES (%s)", [what])


def in_the_file(file: Path, where: Path) -> list[Any]:
    """What the file says without its log."""
    shutil.copy(file, where / "alone")
    with closing(sqlite3.connect(where / "alone")) as alone:
        return [what for (what,) in alone.execute("SELECT what FROM carried")]


def test_what_was_written_comes_into_the_file(carrier: Carrier, file: Path, tmp_path: Path) -> None:
    carrier.carry()
    for what in ("one", "two"):
        write(what)
        assert what not in in_the_file(file, tmp_path)
        assert carrier.carry()
        assert what in in_the_file(file, tmp_path)


def test_nothing_is_done_where_nothing_was_committed_since(carrier: Carrier, file: Path) -> None:
    carrier.carry()
    assert not carrier.carry()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO carried VALUES ('taken back')")
        other.execute("ROLLBACK")
        assert not carrier.carry()


def test_whoever_writes_is_waited_for_at_first_when_nobody_knows_what_the_log_still_holds(
    carrier: Carrier, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier.carry()
    carrier.close()
    monkeypatch.setattr(carrying, "PATIENCE", 0)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("INSERT INTO carried VALUES ('kept')")
        other.execute("BEGIN IMMEDIATE")
        assert not carrier.carry()
        assert in_the_file(file, tmp_path) == []
        other.execute("COMMIT")
        assert carrier.carry()
    assert in_the_file(file, tmp_path) == ["kept"]


def test_nobody_who_writes_is_waited_for_after(carrier: Carrier, file: Path, tmp_path: Path) -> None:
    carrier.carry()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("INSERT INTO carried VALUES ('kept')")
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO carried VALUES ('half')")
        assert carrier.carry()
        assert in_the_file(file, tmp_path) == ["kept"]
        other.execute("COMMIT")
    assert carrier.carry()
    assert in_the_file(file, tmp_path) == ["kept", "half"]


@pytest.mark.parametrize(("length", "begins_anew"), [(1, True), (8192, False)])
def test_a_log_that_writers_keep_going_is_begun_anew_once_it_is_long(
    carrier: Carrier, file: Path, monkeypatch: pytest.MonkeyPatch, length: int, begins_anew: bool
) -> None:
    """Somebody commits during every checkpoint, if they may write then, so that the log always goes on."""
    monkeypatch.setattr(carrying, "LONG", length)
    carrier.carry()
    real, log = carrying._checkpoint, Path(f"{file}-wal")

    def interrupted(own: sqlite3.Connection) -> int:
        with (
            closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other,
            suppress(sqlite3.OperationalError),
        ):
            other.execute("BEGIN IMMEDIATE")
            other.execute("INSERT INTO carried VALUES ('meanwhile')")
            pages = real(own)
            other.execute("COMMIT")
            return pages
        return real(own)

    monkeypatch.setattr(carrying, "_checkpoint", interrupted)
    write("one")
    before = log.read_bytes()[:32]
    assert carrier.carry()
    write("two")
    assert (log.read_bytes()[:32] != before) == begins_anew


def test_a_worker_carries_by_itself_and_leaves_it_to_others_when_it_stops(carrier: Carrier, file: Path) -> None:
    stop = threading.Event()
    thread = carrying.start(stop)
    write("carried by itself")
    end = time.monotonic() + 10
    while b"carried by itself" not in file.read_bytes() and time.monotonic() < end:
        time.sleep(0.05)
    assert b"carried by itself" in file.read_bytes()
    assert not carrier.carry()
    stop.set()
    thread.join(10)
    assert carrier.carry()


def test_it_is_one_alone_until_it_leaves_or_dies(carrier: Carrier, file: Path) -> None:
    other = Carrier()
    carrier.carry()
    write("one")
    assert not other.carry()
    carrier.close()
    assert other.carry()
    assert not carrier.carry()
    other.close()


def test_no_connection_does_it_while_it_commits(file: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_autocheckpoint")
        assert cursor.fetchone()[0] >= 262_144
