"""On SQLite, no connection of this process can even compile a statement that changes the log."""

import threading
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from audit import authorizer, triggers
from audit.models import GUARDED, WRITTEN_ONCE, Entry, Opening

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sqlite,
]


def refused(sql: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError as error:
        return authorizer.REFUSED in str(error)
    return False


@pytest.mark.parametrize("table", GUARDED)
def test_no_statement_that_would_change_the_log_is_compiled(table: str) -> None:
    for sql in (
        f"UPDATE {table} SET rowid = rowid",
        f"DROP TABLE {table}",
        f"DROP TRIGGER {table}_no_update",
        f"drop trigger {table.upper()}_NO_REPLACE",
        f"ALTER TABLE {table} RENAME TO other",
        f"ALTER TABLE {table} ADD COLUMN more",
        f"CREATE TRIGGER mine BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END",
        f"CREATE TEMP TRIGGER mine BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END",
        f"WITH x AS (SELECT 1) UPDATE main.{table.upper()} SET rowid = rowid",
    ):
        assert refused(sql), sql
    assert (table not in WRITTEN_ONCE) != refused(f"DELETE FROM {table}")


@pytest.mark.parametrize("sql", ["PRAGMA writable_schema = 1", "PRAGMA main.WRITABLE_SCHEMA=ON"])
def test_the_schema_cannot_be_written_by_hand(sql: str) -> None:
    assert refused(sql)


def test_every_other_table_and_the_logs_own_work_go_on(sequenced: Callable) -> None:
    sequenced(3)
    assert Opening.objects.all().delete()[0] == 3
    for sql in ("CREATE TABLE mine (id int)", "ALTER TABLE mine RENAME TO yours", "DROP TABLE yours"):
        assert not refused(sql)


def test_every_connection_is_watched_from_its_first_statement_on() -> None:
    found = []

    def look() -> None:
        found.append(authorizer.standing(connection))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [True]


def test_a_migration_stands_aside_and_comes_back_even_when_it_fails(offer: Callable) -> None:
    offer()
    assert authorizer.standing(connection)
    with pytest.raises(RuntimeError), authorizer.aside(connection):
        assert not authorizer.standing(connection)
        with pytest.raises(DatabaseError, match=triggers.REFUSED), transaction.atomic():
            Entry.objects.update(action="forged")
        raise RuntimeError
    assert authorizer.standing(connection)
    call_command("migrate", verbosity=0)
    assert authorizer.standing(connection)
