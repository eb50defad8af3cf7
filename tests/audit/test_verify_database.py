"""Whatever is done to the database behind the portal's back is found, and the first bad entry named."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import F

from audit import keys, sequence, sidecar, triggers, verify
from audit.leaf import Link, leaf_bytes
from audit.merkle import leaf_hash
from audit.models import Checkpoint, Entry, Head, Leaf, Opening, Pending, Tile, Trail

pytestmark = pytest.mark.django_db
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def as_owner() -> Iterator[None]:
    """Behind the guards' back, as whoever owns the database can."""
    triggers.lift(connection)
    yield
    triggers.set_guards(connection)


@pytest.fixture
def found(sequenced: Callable) -> Callable[[], list[tuple[int, str]]]:
    """Three checkpoints over 12 entries; call for the faults."""
    for _ in range(3):
        sequenced(4)
    return lambda: [(each.seq, each.what) for each in verify.database().faults]


def test_a_log_as_it_was_written_is_sound(found: Callable) -> None:
    report = verify.database()
    assert report.sound
    assert report.size == 12
    assert report.root == bytes(Checkpoint.objects.get(size=12).root)


def test_a_log_of_many_tiles_is_sound(sequenced: Callable) -> None:
    sequenced(600)
    assert verify.database().sound


def test_an_empty_log_is_sound(data_dir: Path) -> None:
    assert verify.database().sound


def test_an_edited_entry_is_named(found: Callable) -> None:
    with as_owner():
        entry = Leaf.objects.get(seq=5).entry
        Entry.objects.filter(pk=entry.pk).update(body=bytes(entry.body).replace(b"happened", b"harmless"))
    assert found() == [
        (5, "the leaf is not the entry in its place"),
        (5, "a column says something else than the entry's bytes"),
    ]


def test_an_edited_column_is_named(found: Callable) -> None:
    with as_owner():
        Entry.objects.filter(leaf__seq=7).update(outcome="denied")
    assert found() == [(7, "a column says something else than the entry's bytes")]


def test_a_deleted_entry_is_named(found: Callable) -> None:
    with as_owner():
        Entry.objects.filter(leaf__seq=6).delete()
    assert found()[0] == (6, "the entry it numbers is gone")


def test_a_deleted_leaf_is_named(found: Callable) -> None:
    with as_owner():
        Leaf.objects.filter(seq=6).delete()
    assert (6, "it is missing: the next one there is 7") in found()


def test_a_cut_log_is_noticed(found: Callable) -> None:
    with as_owner():
        Leaf.objects.filter(seq__gte=8).delete()
    assert (8, "it is missing: a checkpoint at 12 was signed") in found()
    with as_owner():
        Checkpoint.objects.filter(size__gt=8).delete()
    assert (8, "it is missing: 12 entries were signed") in found()


def rewrite(seq: int) -> None:
    """Edit an entry and everything that follows from it, but for what only the key can do."""
    leaf = Leaf.objects.get(seq=seq)
    body = bytes(leaf.entry.body).replace(b'"n":', b'"n":9')
    said = json.loads(bytes(leaf.body))
    links = [Link(each["id"], each["subj_seq"], each["subj_prev"]) for each in said["subjects"]]
    forged = leaf_bytes(body, seq, links)
    Entry.objects.filter(pk=leaf.entry_id).update(body=body)
    Leaf.objects.filter(seq=seq).update(body=forged, hash=leaf_hash(forged))


def test_a_rewritten_history_is_noticed_from_the_last_good_checkpoint_on(found: Callable) -> None:
    with as_owner():
        rewrite(6)
    assert found() == [(4, "from it on, these are not the entries that were signed at 8")]


def test_a_history_rewritten_with_its_checkpoints_is_noticed_by_the_memory_outside(found: Callable) -> None:
    with as_owner():
        rewrite(6)
        Checkpoint.objects.filter(size__gt=4).delete()
    assert found() == [(4, "from it on, these are not the entries that were signed")]


def test_an_inserted_entry_is_noticed(found: Callable) -> None:
    with as_owner():
        Leaf.objects.filter(seq=11).update(seq=100)
        Leaf.objects.filter(seq=100).update(seq=12)
        copy = Leaf.objects.get(seq=3)
        Leaf.objects.create(seq=11, entry_id=9999, body=copy.body, hash=copy.hash)
    assert (11, "the entry it numbers is gone") in found()


def test_a_wrong_key_is_noticed(found: Callable, tmp_path: Path) -> None:
    other = keys.ensure_key(tmp_path / "elsewhere" / "audit.key")
    report = verify.database(other)
    assert report.faults[0] == verify.Fault(0, "the checkpoint at 4 vouches for nothing: not signed with this key")


def test_an_altered_personal_value_is_noticed(found: Callable) -> None:
    with as_owner():
        Opening.objects.filter(entry__leaf__seq=2).update(value="something else")
    assert found() == [(2, "the value kept for “reason” is not the one that was recorded")]


def test_an_erased_personal_value_is_no_fault(found: Callable) -> None:
    Opening.objects.filter(entry__leaf__seq=2).delete()
    assert found() == []


def test_an_entry_that_lost_its_place_in_the_queue_is_noticed(found: Callable, offer: Callable) -> None:
    entry = offer()
    assert found() == []
    with as_owner():
        Pending.objects.all().delete()
    assert found() == [(-1, f"the entry with id {entry.pk} has no number and does not wait for one")]


def test_altered_indexes_are_noticed(found: Callable, sequenced: Callable) -> None:
    sequenced(300)
    with as_owner():
        Head.objects.filter(subject="model:1").update(number=F("number") - 1)
        Trail.objects.filter(seq=3).update(number=777)
        tile = Tile.objects.get(level=0, number=0)
        Tile.objects.filter(pk=tile.pk).update(root=bytes(32))
    faults = found()
    assert (-1, "the end of the trail of model:1 is not where its leaves end") in faults
    assert (3, "its trail is not what its leaf says") in faults
    assert (3, "tile/0/0 is not what its entries give") in faults
    assert len(faults) == 3


def test_a_missing_guard_is_reported(found: Callable) -> None:
    triggers.lift(connection)
    assert all("is not in force" in what for _, what in found())
    assert len(found()) == len(triggers.expected(connection.vendor))
    triggers.set_guards(connection)


def test_two_entries_that_changed_places_are_named(found: Callable) -> None:
    with as_owner():
        Leaf.objects.filter(seq=5).update(seq=99)
        Leaf.objects.filter(seq=6).update(seq=5)
        Leaf.objects.filter(seq=99).update(seq=6)
    assert found()[0] == (4, "from it on, these are not the entries that were signed at 8")
    assert (5, "the leaf is not the entry in its place") in found()


def test_a_database_restored_from_a_backup_is_noticed(found: Callable, offer: Callable, data_dir: Path) -> None:
    """All of it agrees with itself, its checkpoints too; the memory outside says that there was more."""
    memory = sidecar.path()
    raw = json.loads(memory.read_bytes())
    memory.write_text(json.dumps(raw | {"size": 20}))
    assert found() == [(12, "it is missing: 20 entries were signed")]


def test_another_log_is_noticed_by_its_origin(found: Callable) -> None:
    mine = keys.verifier()
    faults = verify.database(replace(mine, name="elsewhere.example/audit")).faults
    assert faults[0] == verify.Fault(0, "the checkpoint at 4 vouches for nothing: of another log")


@pytest.mark.parametrize(
    ("column", "value"),
    [("action", "thing.undone"), ("actor_id", UUID(int=9)), ("scope_id", UUID(int=9)), ("at", EPOCH)],
)
def test_every_column_is_compared(column: str, value: object, found: Callable) -> None:
    with as_owner():
        Entry.objects.filter(leaf__seq=7).update(**{column: value})
    assert found() == [(7, "a column says something else than the entry's bytes")]


def test_columns_are_read_where_the_bytes_have_them_whatever_else_they_say(offer: Callable, data_dir: Path) -> None:
    """Words of the form inside other values neither hide an edit nor look like one."""
    decoys = {"action": "thing.other", "at": "2020-01-01T00:00:00.000000Z", "outcome": "denied", "scope": None}
    offer(
        "thing.happened", scope_id=UUID(int=5), about={"nested": decoys, **decoys}, private={"action": "x", "at": "y"}
    )
    offer("thing.happened", at=EPOCH.replace(microsecond=0))
    offer("thing.happened", at=EPOCH.replace(microsecond=120))
    sequence.run_once(EPOCH)
    assert verify.database().faults == []
    with as_owner():
        Entry.objects.filter(leaf__seq=0).update(action="thing.other")
    assert verify.database().faults == [verify.Fault(0, "a column says something else than the entry's bytes")]
