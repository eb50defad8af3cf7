"""Signed notes, held to the worked example that Go's `sumdb/note` accepts."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint, Vkey, read, read_vkey, sign, verify, vkey_of
from audit.refusals import Invalid

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "portal.example/audit"
VKEY = "portal.example/audit+9c3973b9+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
HERE = Checkpoint(ORIGIN, 7, bytes(range(32)))


def test_the_verifier_key_of_the_worked_example() -> None:
    assert str(vkey_of(ORIGIN, KEY)) == VKEY
    assert read_vkey(VKEY + "\n") == vkey_of(ORIGIN, KEY)


def test_a_note_has_the_origin_the_size_the_root_and_one_signature_line() -> None:
    note = sign(HERE, KEY)
    body, signatures = note.split("\n\n")
    assert body + "\n" == f"{ORIGIN}\n7\n{b64encode(bytes(range(32))).decode()}\n"
    assert signatures.startswith(f"\u2014 {ORIGIN} ") and signatures.endswith("\n") and signatures.count("\n") == 1


def test_a_signed_checkpoint_verifies_and_says_what_was_signed() -> None:
    assert verify(sign(HERE, KEY), read_vkey(VKEY)) == HERE


def test_lines_of_other_keys_are_skipped() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    stranger = sign(Checkpoint("witness.example", 7, HERE.root), other).split("\n\n")[1]
    assert verify(sign(HERE, KEY) + stranger, read_vkey(VKEY)) == HERE
    with pytest.raises(Invalid):
        verify(sign(HERE, KEY), vkey_of(ORIGIN, other))


def test_another_log_is_refused_even_under_the_same_key() -> None:
    note = sign(Checkpoint("other.example/audit", 7, HERE.root), KEY)
    with pytest.raises(Invalid) as refusal:
        verify(note, read_vkey(VKEY))
    assert refusal.value.params["why"] == "of another log"


@given(st.data())
def test_one_flipped_bit_never_verifies_as_another_state(data: st.DataObject) -> None:
    note = bytearray(sign(HERE, KEY).encode())
    bit = data.draw(st.integers(0, len(note) * 8 - 1))
    note[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Invalid):
        verify(note.decode(errors="replace"), read_vkey(VKEY))


@pytest.mark.parametrize("text", ["", "a+b", "a+00000000+AA==", VKEY.replace("9c39", "9c38"), VKEY[:-4], "x" + VKEY])
def test_a_verifier_key_that_does_not_add_up_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_vkey(text)


@pytest.mark.parametrize("origin", ["", "two words", "plus+sign", "line\nbreak"])
def test_an_origin_that_a_note_cannot_carry_is_refused(origin: str) -> None:
    with pytest.raises(Invalid):
        vkey_of(origin, KEY)


@pytest.mark.parametrize("size", ["07", "+7", " 7", "-7", "7_0", "seven", ""])
def test_a_size_has_one_spelling(size: str) -> None:
    with pytest.raises(Invalid):
        read(sign(HERE, KEY).replace("\n7\n", f"\n{size}\n"))


def test_keys_of_one_name_have_their_own_ids() -> None:
    assert Vkey("a", bytes(32)).key_id != Vkey("a", bytes(31) + b"\x01").key_id
