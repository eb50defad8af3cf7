"""PostgreSQL's two roles: the portal's own can do the portal's work, and cannot touch what the log has written."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit import fence, roles, search, sequence, services, triggers, words
from audit.actor import operator
from audit.models import GUARDED, WRITTEN_ONCE, Checkpoint, Entry, Leaf, Opening, Pending
from audit.refusals import Forbidden, Invalid

HOUSE = Path(__file__).resolve().parents[2]
postgresql = pytest.mark.postgresql
NAMED = roles.Named("owner_of_this_test", "app_of_this_test")
REFUSED = ("permission denied", "must be owner", "must be superuser", "append-only")


def refusal(sql: str) -> str:
    """What the database answers; nothing when it does as it is told."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError as error:
        return str(error)
    return ""


@pytest.fixture
def separated(founded: Any, sequenced: Callable, now: Any) -> Iterator[None]:
    """Both roles set up over a log with entries; the rest of the test works as the application."""
    sequenced(5)
    services.separate_roles(actor=operator(), named=NAMED, password="", now=now)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL SESSION AUTHORIZATION {NAMED.application}")
        yield
        if not connection.needs_rollback:
            cursor.execute("RESET SESSION AUTHORIZATION")


@postgresql
@pytest.mark.django_db
@pytest.mark.parametrize("table", WRITTEN_ONCE)
def test_the_application_changes_nothing_that_is_written_once(table: str, separated: None) -> None:
    for sql in (
        f"UPDATE {table} SET ctid = ctid",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} OWNER TO {NAMED.application}",
        f"ALTER TABLE {table} RENAME TO other",
        f"DROP TRIGGER {table}_no_row ON {table}",
        f"CREATE RULE quiet AS ON INSERT TO {table} DO INSTEAD NOTHING",
        f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
        f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
    ):
        told = refusal(sql)
        assert told, sql
        assert any(words in told for words in REFUSED) or "ctid" in told, told


@postgresql
@pytest.mark.django_db
def test_nor_by_any_side_door(separated: None) -> None:
    row = "SELECT seq, entry_id, body, hash FROM audit_leaf LIMIT 1"
    for sql in (
        f"INSERT INTO audit_leaf (seq, entry_id, body, hash) {row} ON CONFLICT (seq) DO UPDATE SET body = ''",
        "UPDATE audit_leaf SET body = ''",
        "UPDATE audit_opening SET value = 'forged'",
        "UPDATE audit_pending SET entry_id = 0",
        "DELETE FROM audit_head",
        "TRUNCATE audit_pending",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "DROP FUNCTION audit_refuse() CASCADE",
        "DROP SCHEMA public CASCADE",
        "CREATE TABLE mine (id int)",
        f"SET ROLE {NAMED.owner}",
        "ALTER ROLE app_of_this_test SUPERUSER",
        "UPDATE django_migrations SET name = name",
    ):
        assert any(words in refusal(sql) for words in REFUSED), (sql, refusal(sql))


@postgresql
@pytest.mark.django_db
def test_the_application_does_all_of_the_logs_work(separated: None, offer: Callable, now: Any) -> None:
    before = Checkpoint.objects.order_by("-size").first().size
    offer("thing.happened", private={"name": "Ann"})
    assert sequence.run_once(now) >= 1
    assert Checkpoint.objects.order_by("-size").first().size > before
    assert not Pending.objects.exists()
    assert Opening.objects.filter(value="Ann").delete()[0] == 1
    assert roles.separate()


@postgresql
@pytest.mark.django_db
def test_a_right_too_many_is_noticed(separated: None) -> None:
    assert roles.separate()
    with connection.cursor() as cursor:
        for table in GUARDED:
            cursor.execute("RESET SESSION AUTHORIZATION")
            cursor.execute(f"GRANT UPDATE ON {table} TO {NAMED.application}")
            cursor.execute(f"SET LOCAL SESSION AUTHORIZATION {NAMED.application}")
            assert not roles.separate(), table
            cursor.execute("RESET SESSION AUTHORIZATION")
            cursor.execute(f"REVOKE UPDATE ON {table} FROM {NAMED.application}")
        cursor.execute(f"GRANT {NAMED.owner} TO {NAMED.application}")
        cursor.execute(f"SET LOCAL SESSION AUTHORIZATION {NAMED.application}")
    assert not roles.separate()


@postgresql
@pytest.mark.django_db
def test_the_application_finds_entries_and_a_new_table_gives_it_no_more_rights(
    separated: None, offer: Callable, now: Any
) -> None:
    entry = offer("thing.zebra")
    sequence.run_once(now)
    zebra = search.saying(words.sought("zebra"))
    assert Entry.objects.get(zebra).pk == entry.pk
    with connection.cursor() as cursor:
        cursor.execute("RESET SESSION AUTHORIZATION")
        cursor.execute(f"GRANT ALL ON {', '.join(WRITTEN_ONCE)} TO {NAMED.application}")
        cursor.execute(f"SET LOCAL SESSION AUTHORIZATION {NAMED.application}")
        assert not roles.separate()
        cursor.execute("RESET SESSION AUTHORIZATION")
        search.set_up(connection)
        triggers.set_guards(connection)
        cursor.execute(f"SET LOCAL SESSION AUTHORIZATION {NAMED.application}")
    assert roles.separate()
    assert Entry.objects.get(zebra).pk == entry.pk


@postgresql
@pytest.mark.django_db
def test_setting_up_twice_is_setting_up_once(founded: Any, now: Any) -> None:
    assert not roles.separate()
    for _ in range(2):
        services.separate_roles(actor=operator(), named=NAMED, password="long and secret", now=now)
    again = roles.statements(NAMED)
    assert not [each for each in again if "OWNER TO" in each]
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [NAMED.application])
        assert cursor.fetchone()[0].startswith("SCRAM-SHA-256$")


@postgresql
@pytest.mark.django_db
@pytest.mark.parametrize("named", [roles.Named("same", "same"), roles.Named("x; DROP TABLE y", "app")])
def test_names_that_cannot_serve_are_refused(named: roles.Named, db: None) -> None:
    with pytest.raises(Invalid):
        roles.statements(named)


@pytest.mark.sqlite
@pytest.mark.django_db
def test_sqlite_has_no_roles_and_says_so(founded: Any, now: Any) -> None:
    assert not roles.separate()
    assert not fence.standing()
    with pytest.raises(Invalid, match=r"audit\.roles_unfit"):
        services.separate_roles(actor=operator(), named=NAMED, password="", now=now)
    with pytest.raises(Invalid, match=r"audit\.roles_unfit"):
        services.move_fence(actor=operator(), closed=True, now=now)


@pytest.mark.django_db
def test_only_administrators_move_the_fence(people: Ns, now: Any) -> None:
    with pytest.raises(Forbidden):
        services.move_fence(actor=people.vera.actor, closed=False, now=now)


DDL = {
    "drop a guard": "DROP TRIGGER audit_entry_no_row ON audit_entry",
    "disable a guard": "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_row",
    "disable them all": "ALTER TABLE audit_leaf DISABLE TRIGGER ALL",
    "rename a guard": "ALTER TRIGGER audit_entry_no_row ON audit_entry RENAME TO other",
    "replace what it does": "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RETURN NEW; END $$",
    "rename what it does": "ALTER FUNCTION audit_refuse() RENAME TO other",
    "drop what it does": "DROP FUNCTION audit_refuse() CASCADE",
    "drop the table": "DROP TABLE audit_entry CASCADE",
    "rename the table": "ALTER TABLE audit_entry RENAME TO other",
    "move the table": "ALTER TABLE audit_entry SET SCHEMA other_schema",
    "drop a column": "ALTER TABLE audit_entry DROP COLUMN action",
    "a trigger of one's own": "CREATE TRIGGER aa BEFORE INSERT ON audit_entry FOR EACH ROW"
    " EXECUTE FUNCTION audit_refuse()",
    "a rule": "CREATE RULE quiet AS ON INSERT TO audit_entry DO INSTEAD NOTHING",
    "drop the schema": "DROP SCHEMA public CASCADE",
    "drop all one owns": "DROP OWNED BY owner_of_this_test CASCADE",
}


@pytest.fixture
def fenced(founded: Any, now: Any) -> None:
    services.separate_roles(actor=operator(), named=NAMED, password="", now=now)
    services.move_fence(actor=operator(), closed=True, now=now)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA other_schema AUTHORIZATION {NAMED.owner}")


@postgresql
@pytest.mark.django_db
@pytest.mark.parametrize("by", ["owner", "superuser"])
@pytest.mark.parametrize("what", DDL)
def test_with_the_fence_closed_not_even_the_owner_weakens_the_log(what: str, by: str, fenced: None) -> None:
    assert fence.standing()
    with connection.cursor() as cursor:
        if by == "owner":
            cursor.execute(f"SET LOCAL ROLE {NAMED.owner}")
    told = refusal(DDL[what])
    assert fence.REFUSED.replace("'", "") in told.replace("'", "") or "must be owner of schema" in told, told


@postgresql
@pytest.mark.django_db
def test_the_fence_leaves_every_other_table_alone_and_can_be_opened(fenced: None, now: Any) -> None:
    for sql in ("CREATE TABLE mine (id int)", "ALTER TABLE mine RENAME TO yours", "DROP TABLE yours"):
        assert refusal(sql) == ""
    services.separate_roles(actor=operator(), named=NAMED, password="", now=now)
    services.move_fence(actor=operator(), closed=False, now=now)
    assert not fence.standing()
    assert refusal(DDL["drop a guard"]) == ""


@postgresql
@pytest.mark.django_db
def test_a_fence_switched_off_is_noticed(fenced: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER EVENT TRIGGER attestry_fence_drop DISABLE")
    assert not fence.standing()


@postgresql
@pytest.mark.django_db
def test_only_a_superuser_closes_the_fence(separated: None, now: Any) -> None:
    with pytest.raises(Invalid):
        fence.put(closed=True)


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """A database of its own beside the test's, and `attestry` commands run against it as one role or another."""
    here = connection.settings_dict
    address = f"postgresql://{{}}@/roles_test?host={here['HOST']}"
    env = {**os.environ, "ATTESTRY_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(HOUSE)}

    def run(role: str, *argv: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *argv], env=env | {"DATABASE_URL": address.format(role)} | more,
            cwd=HOUSE, capture_output=True, text=True, check=False,
        )  # fmt: skip

    import psycopg

    with psycopg.connect(dbname="postgres", host=here["HOST"], user=here["USER"], autocommit=True) as admin:
        admin.execute("CREATE DATABASE roles_test")
        try:
            yield run
        finally:
            admin.execute("DROP DATABASE roles_test WITH (FORCE)")
            for role in (roles.APPLICATION, roles.OWNER):
                admin.execute(f"DROP ROLE IF EXISTS {role}")


WORK = """
import django; django.setup()
from django.db import connection
from audit import roles, sequence, selectors
from portal import groundwork
from jobs import selectors as clock
groundwork.lay(lambda _: None)
sequence.run_once(clock.now())
with connection.cursor() as cursor:
    cursor.execute("SELECT current_user, pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'audit_entry'")
    print(*cursor.fetchone(), roles.separate(), selectors.latest().size > 0)
"""


@postgresql
def test_a_whole_installation_migrates_as_owner_and_works_as_the_application(installed: Callable) -> None:
    said = installed("attestry", "-m", "portal.cli", "migrate")
    assert said.returncode == 0, said.stderr
    printed = installed("attestry", "-m", "portal.cli", "db", "roles")
    assert "CREATE ROLE" in printed.stdout
    assert "Applied" not in printed.stdout
    for _ in range(2):
        done = installed("attestry", "-m", "portal.cli", "db", "roles", "--apply", ATTESTRY_APP_PASSWORD="word")
        assert (done.returncode, done.stdout) == (0, "Applied.\n"), done.stderr
    assert installed("attestry", "-m", "portal.cli", "db", "fence", "close").returncode == 0
    assert installed("attestry", "-m", "portal.cli", "migrate").returncode == 0
    work = installed("attestry_app", "-c", WORK, DJANGO_SETTINGS_MODULE="portal.settings")
    assert work.stdout.split() == ["attestry_app", "attestry_owner", "True", "True"], work.stderr[-2000:]
    again = installed("attestry_app", "-m", "portal.cli", "db", "roles", "--apply")
    assert again.returncode == 3
    assert "run this as the database's owner" in again.stderr


FILL = """
import django; django.setup()
from django.db import transaction
from audit import log, sequence
from audit.actor import system
from jobs import selectors as clock
for each in range(20):
    with transaction.atomic():
        log.append(actor=system(), action="thing.happened", subjects=[f"model:{each % 3}"], at=clock.now())
sequence.run_once(clock.now())
"""


@postgresql
def test_the_application_practises_the_attacks_behind_a_closed_fence(installed: Callable) -> None:
    assert installed("attestry", "-m", "portal.cli", "migrate").returncode == 0
    assert installed("attestry", "-m", "portal.cli", "db", "roles", "--apply").returncode == 0
    assert installed("attestry", "-m", "portal.cli", "db", "fence", "close").returncode == 0
    filled = installed("attestry_app", "-c", FILL, DJANGO_SETTINGS_MODULE="portal.settings")
    assert filled.returncode == 0, filled.stderr[-2000:]
    drill = installed("attestry_app", "-m", "portal.cli", "audit", "drill", "--database", "--json")
    assert drill.returncode == 0, drill.stderr[-2000:] + drill.stdout
    assert len(json.loads(drill.stdout)["attacks"]) == 9
    assert installed("attestry_app", "-m", "portal.cli", "audit", "verify", "--database").returncode == 0


@postgresql
def test_the_application_cannot_migrate_and_is_told_who_can(installed: Callable) -> None:
    assert installed("attestry", "-m", "portal.cli", "migrate").returncode == 0
    assert installed("attestry", "-m", "portal.cli", "db", "roles", "--apply").returncode == 0
    back = installed("attestry", "manage.py", "migrate", "governance", "0002")
    assert back.returncode == 0, back.stderr
    said = installed("attestry_app", "-m", "portal.cli", "migrate")
    assert said.returncode == 3
    assert "attestry_owner" in said.stderr


@postgresql
@pytest.mark.django_db
def test_leaves_are_there_to_be_protected(separated: None) -> None:
    assert Leaf.objects.count() >= 5
