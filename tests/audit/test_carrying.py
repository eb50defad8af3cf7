"""What SQLite wrote to its log comes into its file by one alone, and never while somebody else writes."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

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


def write(what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO carried VALUES (%s)", [what])


def in_the_file(file: Path, where: Path) -> list[Any]:
    """What the file says without its log."""
    shutil.copy(file, where / "alone")
    with closing(sqlite3.connect(where / "alone")) as alone:
        return [what for (what,) in alone.execute("SELECT what FROM carried")]


def test_what_was_written_comes_into_the_file(file: Path, tmp_path: Path) -> None:
    carrier = Carrier(often=0)
    carrier.carry()
    write("one")
    assert in_the_file(file, tmp_path) == []
    assert carrier.carry()
    assert in_the_file(file, tmp_path) == ["one"]


def test_nothing_is_done_where_nothing_was_written(file: Path) -> None:
    carrier = Carrier(often=0)
    carrier.carry()
    assert not carrier.carry()


def test_whoever_writes_is_waited_for(file: Path, tmp_path: Path) -> None:
    Carrier().carry()
    done = threading.Event()

    def carry() -> None:
        Carrier().carry()
        connection.close()
        done.set()

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("INSERT INTO carried VALUES ('kept')")
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO carried VALUES ('half')")
        thread = threading.Thread(target=carry)
        thread.start()
        assert not done.wait(0.5)
        assert in_the_file(file, tmp_path) == []
        other.execute("COMMIT")
    thread.join()
    assert in_the_file(file, tmp_path) == ["kept", "half"]


def test_no_connection_does_it_while_it_commits(file: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_autocheckpoint")
        assert cursor.fetchone()[0] >= 262_144
