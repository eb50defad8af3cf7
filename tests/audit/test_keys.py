"""The signing key and the memory of what was signed: files that are never half there, and never somebody else's."""

import stat
import threading
from pathlib import Path

import pytest

from audit import keys, sidecar
from audit.checkpoint import ED25519, ML_DSA, Checkpoint, verify
from audit.refusals import Conflict, Unavailable


@pytest.fixture
def place(tmp_path: Path, settings) -> Path:
    settings.DATA_DIR = tmp_path
    settings.AUDIT_ORIGIN = "portal.example/audit"
    return tmp_path / "keys" / "audit.key"


def test_a_key_is_made_once_and_only_its_owner_reads_it(place: Path) -> None:
    vkey = keys.ensure_key(place)
    pem = place.read_bytes()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert keys.ensure_key(place) == vkey
    assert place.read_bytes() == pem
    assert keys.is_private(place)
    place.chmod(0o640)
    assert not keys.is_private(place)
    both = ["audit-pq.key", "audit-pq.vkey", "audit.key", "audit.vkey"]
    assert sorted(each.name for each in place.parent.iterdir()) == both
    assert stat.S_IMODE(keys.second(place).stat().st_mode) == 0o600


def test_both_keys_sign_and_both_are_told(place: Path) -> None:
    first = keys.ensure_key(place)
    note = keys.signer(place).sign(Checkpoint("portal.example/audit", 7, bytes(32)))
    assert keys.verifiers(place)[0] == first
    assert [each.kind for each in keys.verifiers(place)] == [ED25519, ML_DSA]
    for each in keys.verifiers(place):
        assert verify(note, each).size == 7


def test_an_installation_with_one_key_signs_with_it_and_gets_the_second(place: Path) -> None:
    vkey = keys.ensure_key(place)
    keys.second(place).unlink()
    keys.vkey_path(keys.second(place)).unlink()
    assert keys.verifiers(place) == [vkey]
    assert keys.signer(place).beside == ()
    assert keys.ensure_key(place) == vkey
    assert len(keys.verifiers(place)) == 2


def test_a_second_key_that_is_lost_or_exchanged_is_refused(place: Path, tmp_path: Path) -> None:
    keys.ensure_key(place)
    keys.ensure_key(tmp_path / "other.key")
    keys.second(place).write_bytes(keys.second(tmp_path / "other.key").read_bytes())
    with pytest.raises(Unavailable) as refusal:
        keys.signer(place)
    assert refusal.value.code == "audit.key_changed"
    keys.second(place).unlink()
    with pytest.raises(Unavailable) as refusal:
        keys.signer(place)
    assert refusal.value.code == "audit.no_key"


def test_two_who_make_the_key_at_once_get_the_same(place: Path) -> None:
    found = []
    threads = [threading.Thread(target=lambda: found.append(str(keys.ensure_key(place)))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert str(keys.signer(place).vkey) == found[0]


def test_a_later_address_does_not_start_another_log(place: Path, settings) -> None:
    vkey = keys.ensure_key(place)
    settings.AUDIT_ORIGIN = "moved.example/audit"
    assert keys.ensure_key(place) == vkey
    assert keys.signer(place).vkey.name == "portal.example/audit"


def test_a_verifier_key_that_was_lost_is_made_again(place: Path) -> None:
    vkey = keys.ensure_key(place)
    keys.vkey_path(place).unlink()
    assert keys.ensure_key(place) == vkey


def test_a_key_that_cannot_be_used_is_refused_and_not_replaced(place: Path, tmp_path: Path) -> None:
    keys.ensure_key(place)
    place.write_bytes(b"damaged")
    with pytest.raises(Unavailable):
        keys.signer(place)
    assert place.read_bytes() == b"damaged"
    other = tmp_path / "other.key"
    keys.ensure_key(other)
    place.write_bytes(other.read_bytes())
    with pytest.raises(Unavailable) as refusal:
        keys.signer(place)
    assert refusal.value.code == "audit.key_changed"
    keys.vkey_path(place).write_text("nonsense")
    with pytest.raises(Unavailable) as refusal:
        keys.verifier(place)
    assert refusal.value.code == "audit.no_key"


def signed(size: int) -> sidecar.Signed:
    return sidecar.Signed(Checkpoint("portal.example/audit", size, bytes([size]) * 32), "vkey")


def test_the_memory_is_read_back_as_it_was_written(place: Path) -> None:
    assert sidecar.recall() is None
    sidecar.remember(signed(3), None)
    assert sidecar.recall() == signed(3)
    sidecar.remember(signed(4), signed(3))
    assert sidecar.recall() == signed(4)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"origin":"a","size":"x","root":"","vkey":""}', "\x00", '"text"']
)
def test_a_damaged_memory_is_refused_and_never_overwritten(text: str, place: Path) -> None:
    sidecar.path().write_text(text)
    with pytest.raises(Unavailable):
        sidecar.recall()
    with pytest.raises(Unavailable):
        sidecar.remember(signed(3), None)
    assert sidecar.path().read_text() == text


def test_of_many_who_move_the_memory_at_once_one_does(place: Path) -> None:
    sidecar.remember(signed(1), None)
    done: list[int] = []

    def move(size: int) -> None:
        try:
            sidecar.remember(signed(size), signed(1))
            done.append(size)
        except Conflict:
            pass

    threads = [threading.Thread(target=move, args=(size,)) for size in range(2, 12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(done) == 1
    assert sidecar.recall() == signed(done[0])
