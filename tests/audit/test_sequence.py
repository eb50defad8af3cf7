"""Numbers without gaps, links without holes, and never a second history."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import keys, search, selectors, sequence, sidecar, triggers
from audit.canonical import parse
from audit.checkpoint import verify
from audit.merkle import consistent, included, leaf_hash, root_of
from audit.models import Checkpoint, Entry, Head, Leaf, Pending, Tile, Trail, Words
from audit.refusals import Conflict, Invalid, Unavailable

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """Stands for SIGKILL: nobody catches it."""


def leaves() -> list[dict]:
    return [parse(bytes(each)) for each in Leaf.objects.order_by("seq").values_list("body", flat=True)]


def test_every_entry_gets_the_next_number_in_the_order_it_was_offered(sequenced: Callable) -> None:
    entries = sequenced(5)
    assert list(Leaf.objects.order_by("seq").values_list("seq", "entry_id")) == list(
        enumerate(each.pk for each in entries)
    )
    assert not Pending.objects.exists()


def test_a_leaf_is_the_entry_in_its_place(sequenced: Callable) -> None:
    entries = sequenced(4)
    leaf = leaves()[3]
    assert leaf == {
        "v": 1,
        "seq": 3,
        "subjects": [{"id": "model:0", "subj_seq": 1, "subj_prev": 0}],
        "entry": parse(bytes(Entry.objects.get(pk=entries[3].pk).body)),
    }
    row = Leaf.objects.get(seq=3)
    assert bytes(row.hash) == leaf_hash(bytes(row.body))


def test_each_subject_has_a_chain_without_holes(sequenced: Callable, offer: Callable, now: datetime) -> None:
    sequenced(7)
    offer("thing.joined", "model:0", "model:2", "dataset:9")
    sequence.run_once(now)
    chains: dict[str, list[tuple[int, int | None, int]]] = {}
    for leaf in leaves():
        for link in leaf["subjects"]:
            chains.setdefault(link["id"], []).append((link["subj_seq"], link["subj_prev"], leaf["seq"]))
    assert set(chains) == {"model:0", "model:1", "model:2", "dataset:9"}
    for subject, chain in chains.items():
        assert [number for number, _, _ in chain] == list(range(len(chain)))
        assert [previous for _, previous, _ in chain] == [None, *(seq for _, _, seq in chain[:-1])]
        head = Head.objects.get(pk=subject)
        assert (head.number, head.seq) == (chain[-1][0], chain[-1][2])
        assert list(Trail.objects.filter(subject=subject).order_by("number").values_list("seq", flat=True)) == [
            seq for _, _, seq in chain
        ]


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("thinking", ["_leaves", "subjects_of", "root_of", "words_of"])
def test_others_write_while_it_thinks(thinking: str, sequenced: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    house = {"words_of": search, "root_of": selectors}.get(thinking, sequence)
    real, wrote = getattr(house, thinking), []

    def meanwhile(*asked: Any) -> Any:
        other = sqlite3.connect(str(connection.settings_dict["NAME"]), timeout=0, isolation_level=None)
        with closing(other):
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        wrote.append(asked)
        return real(*asked)

    monkeypatch.setattr(house, thinking, meanwhile)
    sequenced(3)
    assert wrote
    assert Words.objects.count() == Checkpoint.objects.get().size == 3


def test_the_checkpoint_is_signed_over_all_leaves(sequenced: Callable) -> None:
    sequenced(5)
    checkpoint = Checkpoint.objects.get()
    state = verify(checkpoint.note, keys.verifier())
    hashes = [leaf_hash(bytes(each)) for each in Leaf.objects.order_by("seq").values_list("body", flat=True)]
    assert (state.origin, state.size, state.root) == ("portal.example/audit", 5, root_of(hashes))


def test_entries_that_keep_coming_do_not_keep_the_log_from_being_sealed(
    sequenced: Callable, offer: Callable, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequenced(1)
    offer()
    real = sequence._number

    def busy(vkey: keys.Vkey) -> int:
        numbered = real(vkey)
        offer()
        return numbered

    monkeypatch.setattr(sequence, "_number", busy)
    assert sequence.run_once(now) == 1
    assert selectors.latest().size == 2


def test_a_long_queue_is_sealed_on_the_way(sequenced: Callable, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "BATCH", 10)
    monkeypatch.setattr(sequence, "BATCHES", 3)
    sequenced(95)
    assert list(Checkpoint.objects.order_by("size").values_list("size", flat=True)) == [30, 60, 90, 95]


def test_nothing_new_means_no_new_checkpoint(sequenced: Callable, now: datetime) -> None:
    sequenced(5)
    assert sequence.run_once(now + timedelta(seconds=5)) == 0
    assert Checkpoint.objects.count() == 1


@pytest.mark.parametrize("sizes", [(1, 255), (256, 1), (255, 2, 300), (600, 200)])
def test_proofs_hold_at_every_published_size(
    sizes: tuple[int, ...], sequenced: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequence, "BATCH", 100)
    for each in sizes:
        sequenced(each)
    total = sum(sizes)
    root = bytes(selectors.latest().root)
    hashes = [bytes(each) for each in Leaf.objects.order_by("seq").values_list("hash", flat=True)]
    assert root == root_of(hashes)
    assert Tile.objects.filter(level=0).count() == total // 256
    for seq in {0, 1, 254, 255, 256, total // 2, total - 1} & set(range(total)):
        assert included(hashes[seq], seq, total, selectors.proof_of(seq).hashes, root)
    for old in Checkpoint.objects.all():
        proof = selectors.consistency(old.size, total)
        assert consistent(old.size, total, proof, bytes(old.root), root)


def test_a_second_level_of_tiles_is_built(sequenced: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "FULL", 4)
    monkeypatch.setattr(selectors, "FULL", 4)
    for size in (3, 15, 50, 2):
        sequenced(size)
    assert [Tile.objects.filter(level=level).count() for level in range(4)] == [17, 4, 1, 0]
    hashes = [bytes(each) for each in Leaf.objects.order_by("seq").values_list("hash", flat=True)]
    root = root_of(hashes)
    assert bytes(selectors.latest().root) == root
    for seq in range(70):
        assert included(hashes[seq], seq, 70, selectors.proof_of(seq).hashes, root)
    for old in range(1, 70):
        assert consistent(old, 70, selectors.consistency(old, 70), root_of(hashes[:old]), root)


def test_the_last_signed_state_is_remembered_outside_the_database(sequenced: Callable, data_dir: Path) -> None:
    sequenced(5)
    raw = json.loads((data_dir / "audit-signed.json").read_bytes())
    assert (raw["origin"], raw["size"], raw["vkey"]) == ("portal.example/audit", 5, str(keys.verifier()))
    assert (data_dir / "audit-signed.json").stat().st_mode & 0o077 == 0


STEPS = [
    "keys.signer",
    "_leaves",
    "bulk.move_heads",
    "_grow",
    "_publish",
    "keys.Signer.sign",
    "sidecar.remember",
    "Checkpoint.objects.create",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_it_goes_on_from_there(
    step: str, after: bool, sequenced: Callable, offer: Callable, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequence, "FULL", 4)
    monkeypatch.setattr(selectors, "FULL", 4)
    sequenced(14)
    for _ in range(5):
        offer()
    place, _, name = f"sequence.{step}".rpartition(".")
    owner = eval(place, {"sequence": sequence})
    real = getattr(owner, name)

    def dies(*args: object, **rest: object) -> None:
        if after:
            real(*args, **rest)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(owner, name, dies)
        sequence.run_once(now)
    sequence.run_once(now)
    assert [each["seq"] for each in leaves()] == list(range(19))
    assert selectors.latest().size == 19
    assert sidecar.recall().checkpoint.size == 19
    assert Leaf.objects.values("entry_id").distinct().count() == Entry.objects.count() == 19
    assert selectors.hindrance() is None


def test_killed_while_remembering_the_old_memory_stands(
    sequenced: Callable, offer: Callable, now: datetime, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequenced(3)
    offer()

    def dies(*args: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "replace", dies)
        sequence.run_once(now)
    assert sidecar.recall().checkpoint.size == 3
    sequence.run_once(now)
    assert sidecar.recall().checkpoint.size == 4


def test_nothing_is_signed_below_what_was_signed(
    sequenced: Callable, offer: Callable, now: datetime, data_dir: Path
) -> None:
    """A database restored from an older backup must not start a second history."""
    sequenced(3)
    offer()
    memory = data_dir / "audit-signed.json"
    shutil.copy(memory, data_dir / "kept")
    raw = json.loads(memory.read_bytes())
    memory.write_text(json.dumps(raw | {"size": 10}))
    with pytest.raises(Unavailable) as refusal:
        sequence.run_once(now)
    assert (refusal.value.code, refusal.value.params) == ("audit.shorter_than_signed", {"signed": 10, "found": 3})
    assert Pending.objects.count() == 1
    assert selectors.latest().size == 3
    shutil.copy(data_dir / "kept", memory)
    assert sequence.run_once(now) == 1


def test_nothing_is_signed_beside_what_was_signed(sequenced: Callable, offer: Callable, now: datetime) -> None:
    """A rewritten history, complete with new hashes, does not continue the signed one."""
    sequenced(3)
    triggers.lift(connection)
    Leaf.objects.filter(seq=1).update(hash=leaf_hash(b"forged"))
    triggers.set_guards(connection)
    offer()
    with pytest.raises(Unavailable) as refusal:
        sequence.run_once(now)
    assert refusal.value.code == "audit.beside_signed"
    assert selectors.health(now).hindrance.code == "audit.beside_signed"
    assert Leaf.objects.count() == 3


def test_another_key_does_not_go_on_signing(
    sequenced: Callable, offer: Callable, now: datetime, data_dir: Path
) -> None:
    sequenced(3)
    offer()
    for name in ("audit.key", "audit.vkey"):
        (data_dir / name).unlink()
    keys.ensure_key(data_dir / "audit.key")
    with pytest.raises(Unavailable) as refusal:
        sequence.run_once(now)
    assert refusal.value.code == "audit.key_changed"
    assert Pending.objects.count() == 1


def test_without_a_key_entries_wait(offer: Callable, now: datetime, data_dir: Path) -> None:
    (data_dir / "audit.key").unlink()
    offer()
    with pytest.raises(Unavailable) as refusal:
        sequence.run_once(now)
    assert refusal.value.code == "audit.no_key"
    assert Pending.objects.count() == 1


def test_a_memory_that_cannot_be_read_stops_the_signing(
    sequenced: Callable, offer: Callable, now: datetime, data_dir: Path
) -> None:
    sequenced(3)
    offer()
    (data_dir / "audit-signed.json").write_text('{"size": 3')
    with pytest.raises(Unavailable) as refusal:
        sequence.run_once(now)
    assert refusal.value.code == "audit.sidecar_unreadable"


def test_the_memory_moves_only_from_what_was_seen(sequenced: Callable) -> None:
    sequenced(3)
    seen = sidecar.recall()
    with pytest.raises(Conflict):
        sidecar.remember(seen, None)
    assert sidecar.recall() == seen


def test_a_lost_memory_is_made_again_and_that_is_recorded(
    sequenced: Callable, offer: Callable, now: datetime, data_dir: Path
) -> None:
    sequenced(3)
    (data_dir / "audit-signed.json").unlink()
    offer()
    sequence.run_once(now)
    sequence.run_once(now)
    assert sidecar.recall().checkpoint.size == 5
    assert leaves()[-1]["entry"]["action"] == "audit.memory_lost"


def test_nothing_is_proved_that_is_not_published(sequenced: Callable, offer: Callable, now: datetime) -> None:
    with pytest.raises(Unavailable):
        selectors.latest()
    sequenced(3)
    with pytest.raises(Unavailable) as refusal:
        selectors.proof_of(3)
    assert refusal.value.code == "audit.not_published"
    for old, new in [(0, 3), (2, 4), (3, 2), (-1, 3)]:
        with pytest.raises(Invalid):
            selectors.consistency(old, new)


def test_health_tells_waiting_from_late(sequenced: Callable, offer: Callable, now: datetime) -> None:
    sequenced(3)
    offer(at=now)
    health = selectors.health(now + timedelta(seconds=59))
    assert (health.waiting, health.late, health.well, health.published) == (1, False, True, 3)
    health = selectors.health(now + timedelta(seconds=61))
    assert (health.late, health.well, health.oldest_at) == (True, False, now)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(["model:a", "model:b", "run:c"]), unique=True, max_size=3), max_size=12),
    st.data(),
)
def test_however_the_work_is_cut_the_log_is_the_same(subjects: list[list[str]], data: st.DataObject) -> None:
    """Batches and checkpoints leave no trace in the leaves."""
    from audit import actor, log

    at = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    whole: list[dict] = []
    with transaction.atomic():
        for each in subjects:
            log.append(actor=actor.system(), action="thing.happened", subjects=each, at=at)
            if data.draw(st.booleans()):
                sequence._number(keys.Vkey("x", b""))
        sequence._number(keys.Vkey("x", b""))
        whole = leaves()
        transaction.set_rollback(True)
    seen: dict[str, list[int]] = {}
    for seq, (leaf, names) in enumerate(zip(whole, subjects, strict=True)):
        assert leaf["seq"] == seq
        for link, name in zip(leaf["subjects"], names, strict=True):
            before = seen.setdefault(name, [])
            assert link == {"id": name, "subj_seq": len(before), "subj_prev": before[-1] if before else None}
            before.append(seq)
