"""Signed notes, held to the worked example that Go's `sumdb/note` accepts."""

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import (
    ML_DSA,
    WITNESS,
    Checkpoint,
    Vkey,
    cosign,
    line_of,
    read,
    read_vkey,
    sign,
    signed_at,
    verify,
    vkey_of,
)  # fmt: skip
from audit.refusals import Invalid

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "portal.example/audit"
VKEY = "portal.example/audit+9c3973b9+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
SECOND = MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
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


class TestTheSecondLine:
    """ML-DSA-44, as c2sp.org/tlog-cosignature has it: spelled out here byte by byte, apart from the code."""

    def test_it_follows_the_first_and_both_verify(self) -> None:
        note = sign(HERE, KEY, SECOND)
        assert [each.split(" ")[1] for each in note.split("\n\n")[1].splitlines()] == [ORIGIN, ORIGIN]
        assert note.startswith(sign(HERE, KEY))
        assert verify(note, read_vkey(VKEY)) == verify(note, vkey_of(ORIGIN, SECOND)) == HERE

    def test_its_key_and_its_key_id_have_the_byte_6(self) -> None:
        public = SECOND.public_key().public_bytes_raw()
        key_id = sha256(ORIGIN.encode() + b"\n\x06" + public).hexdigest()[:8]
        assert str(vkey_of(ORIGIN, SECOND)) == f"{ORIGIN}+{key_id}+{b64encode(bytes([6]) + public).decode()}"
        assert read_vkey(str(vkey_of(ORIGIN, SECOND))) == Vkey(ORIGIN, public, ML_DSA)

    def test_what_it_signs_is_the_cosigned_message_of_the_standard(self) -> None:
        raw = b64decode(sign(HERE, SECOND).split("\n\n")[1].split(" ")[2])
        assert len(raw) == 4 + 8 + 2420
        assert raw[4:12] == bytes(8)
        name = bytes([len(ORIGIN)]) + ORIGIN.encode()
        message = b"subtree/v1\n\x00" + name + bytes(8) + name + bytes(8) + (7).to_bytes(8) + HERE.root
        public = MLDSA44PublicKey.from_public_bytes(SECOND.public_key().public_bytes_raw())
        public.verify(raw[12:], message)
        with pytest.raises(InvalidSignature):
            public.verify(raw[12:], HERE.body().encode())

    @given(st.data())
    def test_one_flipped_bit_never_verifies_as_another_state(self, data: st.DataObject) -> None:
        note = bytearray(sign(HERE, SECOND).encode())
        bit = data.draw(st.integers(0, len(note) * 8 - 1))
        note[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Invalid):
            verify(note.decode(errors="replace"), vkey_of(ORIGIN, SECOND))

    def test_a_verifier_of_one_key_does_not_mind_the_other(self) -> None:
        note = sign(HERE, KEY, SECOND)
        broken = note[:-40] + ("AAAA" if note[-40:-36] != "AAAA" else "BBBB") + note[-36:]
        assert verify(broken, read_vkey(VKEY)) == HERE
        with pytest.raises(Invalid):
            verify(broken, vkey_of(ORIGIN, SECOND))


class TestAWitness:
    """Cosignatures, held to the bytes of c2sp.org/tlog-cosignature."""

    W = Ed25519PrivateKey.from_private_bytes(bytes(32))
    vkey = vkey_of("witness.example/w1", W, witness=True)
    time = 1679315147

    def test_its_line_is_over_the_time_and_the_checkpoint(self) -> None:
        line = cosign(HERE, self.W, "witness.example/w1", self.time)
        raw = b64decode(line.split(" ")[2])
        public = self.W.public_key().public_bytes_raw()
        assert raw[:4] == sha256(b"witness.example/w1\n\x04" + public).digest()[:4]
        assert raw[4:12] == self.time.to_bytes(8)
        message = f"cosignature/v1\ntime {self.time}\n{HERE.body()}".encode()
        Ed25519PublicKey.from_public_bytes(public).verify(raw[12:], message)

    def test_it_is_found_beside_the_logs_own_lines(self) -> None:
        line = cosign(HERE, self.W, "witness.example/w1", self.time)
        note = sign(HERE, KEY, SECOND) + line
        assert signed_at(note, self.vkey) == self.time
        assert line_of(note, self.vkey) == line
        assert self.vkey.kind == WITNESS
        assert verify(note, read_vkey(VKEY)) == HERE

    def test_for_another_state_or_time_it_is_refused(self) -> None:
        line = cosign(Checkpoint(ORIGIN, 8, HERE.root), self.W, "witness.example/w1", self.time)
        with pytest.raises(Invalid):
            signed_at(sign(HERE, KEY) + line, self.vkey)
        with pytest.raises(Invalid):
            signed_at(sign(HERE, KEY), self.vkey)

    def test_a_witness_with_ml_dsa_signs_with_its_own_name_and_time(self) -> None:
        line = cosign(HERE, SECOND, "witness.example/w2", self.time)
        assert signed_at(sign(HERE, KEY) + line, vkey_of("witness.example/w2", SECOND)) == self.time
        with pytest.raises(Invalid):
            signed_at(sign(HERE, KEY) + line, vkey_of("witness.example/w3", SECOND))
