"""New keys follow old ones in the open: by an entry, under a checkpoint that both have signed."""

import json
import stat
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import export, keys, proof, rotation, selectors, sequence, sidecar, verify
from audit.checkpoint import Checkpoint as State
from audit.checkpoint import read_vkey, sign, vkey_of
from audit.checkpoint import verify as signed_by
from audit.models import Checkpoint, Entry, Leaf
from audit.offline import verify as offline
from audit.refusals import Conflict, Invalid, Unavailable
from jobs import selectors as clock


class Killed(BaseException):
    """As if the process had died."""


def test_the_old_keys_sign_that_the_new_ones_come(
    sequenced: Callable, offer: Callable, now: datetime, data_dir: Path
) -> None:
    sequenced(5)
    old = keys.verifiers()
    new = rotation.rotate(now)
    assert keys.verifiers()[0] == new != old[0]
    assert len(keys.verifiers()) == 2
    assert len({*old, *keys.verifiers()}) == 4
    handover = selectors.latest()
    for each in (*old, *keys.verifiers()):
        assert signed_by(handover.note, each).size == 6
    offer()
    sequence.run_once(now)
    assert signed_by(selectors.latest().note, new).size == 7
    with pytest.raises(Invalid):
        signed_by(selectors.latest().note, old[0])
    files = sorted(each.name for each in data_dir.glob("audit*.*key"))
    assert files == ["audit-pq.key", "audit-pq.vkey", "audit.key", "audit.vkey"]
    assert all(stat.S_IMODE((data_dir / each).stat().st_mode) == 0o600 for each in files)


def test_whoever_holds_the_old_key_finds_the_new_one_in_the_export(
    sequenced: Callable, now: datetime, tmp_path: Path
) -> None:
    sequenced(5)
    old = keys.verifier()
    new = rotation.rotate(now)
    sequenced(300)
    files = dict(rotation.files(selectors.latest().size))
    assert sorted(files) == ["keys/rotation-5.json", "keys/rotation-5.tlog-proof"]
    leaf, text = files["keys/rotation-5.json"], files["keys/rotation-5.tlog-proof"].decode()
    assert proof.holds(text, leaf, old) and proof.holds(text, leaf, new)
    entry, file = tmp_path / "entry", tmp_path / "proof"
    entry.write_bytes(leaf)
    file.write_text(text)
    assert offline.check_entry(file, entry, str(old)).faults == []
    about = json.loads(leaf)["entry"]["about"]
    assert about["keys"] == [str(each) for each in keys.verifiers()]
    assert about["before"][0] == str(old)
    assert dict(rotation.files(5)) == {}


@pytest.mark.parametrize("changes", [1, 2])
def test_an_export_verifies_under_an_older_key_that_handed_over(
    changes: int, sequenced: Callable, now: datetime, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    sequenced(5)
    old = str(keys.verifier())
    for _ in range(changes):
        rotation.rotate(now)
        sequenced(5)
    export.write(tmp_path / "export", selectors.latest())
    assert offline.main([str(tmp_path / "export"), "--key", old]) == 0
    assert f"pin this key from now on: {keys.verifier()}" in capsys.readouterr().out
    assert offline.check(tmp_path / "export", str(keys.verifier())).faults == []
    (tmp_path / "export" / "keys" / "rotation-5.tlog-proof").unlink()
    assert "not signed with the given key" in str(offline.check(tmp_path / "export", old).faults[0])


def test_what_the_older_key_signs_after_it_handed_over_counts_for_nothing(
    sequenced: Callable, now: datetime, tmp_path: Path, data_dir: Path
) -> None:
    sequenced(5)
    stolen, old = keys._matching(data_dir / "audit.key"), str(keys.verifier())
    rotation.rotate(now)
    sequenced(5)
    folder = tmp_path / "export"
    export.write(folder, selectors.latest())
    forged = sign(selectors.signed_state(selectors.latest()), stolen)
    extras = {each.relative_to(folder).as_posix(): each.read_bytes() for each in (folder / "keys").glob("rotation-*")}
    for name, data in export.around(forged, old, extras):
        (folder / name).write_bytes(data)
    assert offline.check(folder, old).faults


def test_the_database_verifies_across_two_changes_of_keys(sequenced: Callable, now: datetime) -> None:
    for _ in range(2):
        sequenced(5)
        rotation.rotate(now)
    sequenced(5)
    assert len(rotation.history()) == 3
    assert verify.database().faults == []
    assert Checkpoint.objects.count() == 5


STEPS = ["keys.prepare", "_name", "sequence.run_once", "sidecar.remember", "keys.take_over"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_it_goes_on_from_there(
    step: str, after: bool, sequenced: Callable, offer: Callable, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequenced(5)
    old = keys.verifier()
    place, _, name = f"rotation.{step}".rpartition(".")
    owner = eval(place, {"rotation": rotation})
    real = getattr(owner, name)

    def dies(*args: object, **rest: object) -> None:
        if after:
            real(*args, **rest)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(owner, name, dies)
        rotation.rotate(now)
    offer()
    if (step, after) != ("sidecar.remember", True) and step != "keys.take_over":
        sequence.run_once(now)
    new = rotation.rotate(now)
    sequence.run_once(now)
    assert new != old
    assert sidecar.recall().vkey == str(keys.verifier())
    assert verify.database().faults == []
    assert selectors.hindrance() is None


def test_a_key_that_was_exchanged_without_an_entry_signs_nothing(
    sequenced: Callable, offer: Callable, now: datetime, data_dir: Path, tmp_path: Path
) -> None:
    sequenced(3)
    keys.ensure_key(tmp_path / "thief" / "audit.key")
    for name in ("audit.key", "audit.vkey"):
        (data_dir / name).write_bytes((tmp_path / "thief" / name).read_bytes())
    offer()
    with pytest.raises(Unavailable) as refusal:
        sequence.run_once(now)
    assert refusal.value.code == "audit.key_changed"
    assert selectors.latest().size == 3


def test_a_log_that_cannot_go_on_keeps_its_keys(
    sequenced: Callable, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequenced(3)
    old = keys.verifier()
    monkeypatch.setattr(rotation.sequence, "run_once", lambda now: 0)
    with pytest.raises(Unavailable) as refusal:
        rotation.rotate(now)
    assert refusal.value.code == "audit.rotation_waits"
    assert keys.verifier() == old


def test_the_keys_are_named_in_the_log_once_and_again_when_there_is_another(sequenced: Callable, now: datetime) -> None:
    assert rotation.announce(now)
    assert not rotation.announce(now)
    keys.second(keys.settings.AUDIT_KEY_FILE).unlink()
    keys.vkey_path(keys.second(keys.settings.AUDIT_KEY_FILE)).unlink()
    keys.ensure_key(keys.settings.AUDIT_KEY_FILE)
    assert rotation.announce(now)
    named = json.loads(bytes(Entry.objects.filter(action="audit.keys_named").latest("pk").body))["about"]["keys"]
    assert [read_vkey(each) for each in named] == keys.verifiers()
    sequenced(1)
    rotation.rotate(now)
    assert not rotation.announce(now)


@pytest.mark.django_db(transaction=True)
def test_keys_change_while_a_sequencer_runs_and_nothing_is_lost(
    data_dir: Path, offer: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequence, "EVERY", 0.02)
    old, stop = keys.verifier(), threading.Event()
    sequencer = sequence.start(stop)
    try:
        for turn in range(30):
            offer(at=clock.now())
            if turn == 10:
                patiently(lambda: rotation.rotate(clock.now()))
            time.sleep(0.01)
    finally:
        stop.set()
        sequencer.join()
    sequence.run_once(clock.now())
    assert keys.verifier() != old
    assert Leaf.objects.count() == Entry.objects.count() >= 31
    assert verify.database().faults == []
    assert signed_by(selectors.latest().note, keys.verifier()).size == Leaf.objects.count()


def patiently(call: Callable[[], object]) -> None:
    """Run the command again, as its refusal says, while the other sequencer is quicker."""
    for _ in range(50):
        try:
            call()
        except (Unavailable, Conflict):
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the keys never changed")


@pytest.fixture
def old_log(data_dir: Path, tmp_path: Path, settings: Any) -> SimpleNamespace:
    """The last checkpoint of a log of another name, as an export of it holds it."""
    private = Ed25519PrivateKey.generate()
    last = State("portal.example/audit/2026", 41, bytes(range(32)))
    note, vkey = sign(last, private), str(vkey_of(last.origin, private))
    (tmp_path / "checkpoint").write_text(note)
    settings.AUDIT_AFTER, settings.AUDIT_AFTER_KEY = str(tmp_path / "checkpoint"), vkey
    return SimpleNamespace(last=last, note=note, vkey=vkey, file=tmp_path / "checkpoint")


def test_a_new_log_begins_with_the_last_checkpoint_of_the_one_before(old_log: SimpleNamespace, now: datetime) -> None:
    assert rotation.follow(now)
    rotation.announce(now)
    sequence.run_once(now)
    said = json.loads(bytes(Leaf.objects.get(seq=0).body))["entry"]
    assert said["action"] == "audit.log_follows"
    told = said["about"]
    assert (told["before"], told["size"], told["root"]) == (old_log.last.origin, 41, old_log.last.root.hex())
    assert signed_by(told["checkpoint"], read_vkey(old_log.vkey)) == old_log.last


def test_a_log_that_has_entries_does_not_begin_again(old_log: SimpleNamespace, offer: Callable, now: datetime) -> None:
    offer()
    assert not rotation.follow(now)
    assert not Entry.objects.filter(action="audit.log_follows").exists()


def test_a_log_before_that_cannot_be_relied_on_is_not_followed(
    old_log: SimpleNamespace, now: datetime, settings: Any, tmp_path: Path
) -> None:
    whole = old_log.note
    for note in (whole.replace("41", "42"), "", "nothing of the kind"):
        old_log.file.write_text(note)
        with pytest.raises(Invalid):
            rotation.follow(now)
    old_log.file.write_text(whole)
    right = settings.AUDIT_AFTER, settings.AUDIT_AFTER_KEY
    for file, key in ((str(tmp_path / "none"), right[1]), (right[0], ""), (right[0], "x+y+z")):
        settings.AUDIT_AFTER, settings.AUDIT_AFTER_KEY = file, key
        with pytest.raises(Invalid):
            rotation.follow(now)
    assert not Entry.objects.exists()


def test_a_log_does_not_follow_one_of_its_own_name(old_log: SimpleNamespace, now: datetime, settings: Any) -> None:
    private = Ed25519PrivateKey.generate()
    ours = State(keys.verifier().name, 41, bytes(range(32)))
    old_log.file.write_text(sign(ours, private))
    settings.AUDIT_AFTER_KEY = str(vkey_of(ours.origin, private))
    with pytest.raises(Invalid):
        rotation.follow(now)
    assert not Entry.objects.exists()
