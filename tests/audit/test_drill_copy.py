"""The tamper drill on the database: every attack on a copy is caught, and the original is as it was."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from audit import drill, drill_copy, sequence, sidecar, triggers, verify
from audit.models import Leaf
from jobs import selectors as clock

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = [*drill.BY_ANYBODY, *drill.BY_KEY_HOLDER]


def everything() -> dict[str, str]:
    """A digest of every row of every table there is, and of the file on SQLite."""
    found = {}
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {name}")
            rows = sorted(
                repr([bytes(x) if isinstance(x, memoryview) else x for x in row]) for row in cursor.fetchall()
            )
            found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    if connection.vendor == "sqlite":
        found["file"] = hashlib.sha256(Path(connection.settings_dict["NAME"]).read_bytes()).hexdigest()
    found["guards"] = str(sorted(triggers.standing(connection)))
    return found


@pytest.fixture
def log(sequenced: Callable[..., Any], data_dir: Path) -> Path:
    """A log of 600 entries under six checkpoints."""
    for _ in range(6):
        sequenced(100)
    return data_dir


def test_every_attack_on_the_copy_is_caught_and_names_the_first_bad_entry(log: Path) -> None:
    found = drill_copy.on_database()
    assert [each.attack for each in found] == NAMES
    assert all(each.checked_by == "audit verify --database" for each in found)
    told = {each.attack: each.entry for each in found}
    assert told == {
        "edited": 300, "deleted": 300, "reordered": 300, "inserted": 301, "truncated": 450,
        "rewritten": 400, "restored from a backup": 400, "wrong key": 500, "wrong origin": 500,
    }, [(each.attack, each.what) for each in found]  # fmt: skip


def test_an_entry_is_named_however_far_back_the_last_good_signature_lies(sequenced: Callable[..., Any]) -> None:
    sequenced(600)
    told = {each.attack: each.entry for each in drill_copy.on_database()}
    assert [told[name] for name in drill.BY_ANYBODY] == [300, 300, 300, 301]
    assert [told[name] for name in drill.BY_KEY_HOLDER] == [450, 0, 0, 0, 0]


def test_the_original_is_as_it_was_to_the_byte(log: Path) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before, files = everything(), {each: each.read_bytes() for each in log.iterdir() if each.is_file()}
    drill_copy.on_database()
    assert everything() == before
    assert {each: each.read_bytes() for each in log.iterdir() if each.is_file()} == files
    assert verify.database().sound
    with transaction.atomic():
        assert Leaf.objects.count() == 600


def test_the_log_goes_on_after_the_drill(log: Path, offer: Callable[..., Any]) -> None:
    drill_copy.on_database()
    offer("thing.happened", "model:1")
    sequence.run_once(clock.now())
    assert verify.database().size == 601
    assert verify.database().sound


def test_what_only_the_memory_outside_shows_goes_unnoticed_without_it(log: Path) -> None:
    sidecar.path().unlink()
    missed = [each.attack for each in drill_copy.on_database() if not each.caught]
    assert missed == ["truncated", "rewritten", "restored from a backup"]


def test_a_database_that_is_bad_already_is_said_so(log: Path) -> None:
    triggers.lift(connection)
    Leaf.objects.filter(seq=7).update(hash=b"\x00" * 32)
    triggers.set_guards(connection)
    (only,) = drill_copy.on_database()
    assert not only.caught
    assert only.what.startswith("BAD entry 7:")


def test_too_few_entries_are_refused(sequenced: Callable[..., Any]) -> None:
    sequenced(4)
    with pytest.raises(drill.TooShort):
        drill_copy.on_database()


@pytest.mark.postgresql
def test_a_role_that_may_make_no_temporary_tables_is_told_so(log: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        (database,) = cursor.fetchone()
        cursor.execute("CREATE ROLE drill_reader")
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO drill_reader")
        cursor.execute(f'REVOKE TEMPORARY ON DATABASE "{database}" FROM PUBLIC')
    real = connection.settings_dict["OPTIONS"]
    connection.settings_dict["OPTIONS"] = {**real, "assume_role": "drill_reader"}
    try:
        with pytest.raises(drill_copy.CannotCopy):
            drill_copy.on_database()
    finally:
        connection.settings_dict["OPTIONS"] = real
        with connection.cursor() as cursor:
            cursor.execute(f'GRANT TEMPORARY ON DATABASE "{database}" TO PUBLIC')
            cursor.execute("DROP OWNED BY drill_reader")
            cursor.execute("DROP ROLE drill_reader")


def test_the_command_prints_what_was_caught(log: Path, monkeypatch: Any) -> None:
    from portal import upkeep

    found = upkeep.drill(None, [], database=True)
    assert found["all_caught"]
    assert [each["attack"] for each in found["attacks"]] == NAMES
    assert "audit verify --database" in found["words"]
