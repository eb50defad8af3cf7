"""Checkpoints as C2SP signed notes: three lines that pin the whole log, signed with Ed25519 and with ML-DSA-44.

    <origin>\\n<size>\\n<root in base64>\\n\\n— <key name> <base64 of key id and signature>\\n

The Ed25519 line signs what stands before the empty line. The ML-DSA-44 line (type 0x06) signs the same state in the
form of tlog-cosignature, always with time 0: there is no time in a checkpoint, a signer could write any it likes.
Witnesses add lines that do have a time (`cosign`). Lines of other keys or kinds are skipped.
Source: c2sp.org/signed-note, c2sp.org/tlog-checkpoint and c2sp.org/tlog-cosignature.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from audit.refusals import Invalid

ED25519, WITNESS, ML_DSA = b"\x01", b"\x04", b"\x06"
PUBLIC = {ED25519: 32, WITNESS: 32, ML_DSA: 1312}
"""The kinds of key, and how long the public key of each is."""
DASH = "\u2014 "
LATEST = 2**63 - 1
SigningKey = Ed25519PrivateKey | MLDSA44PrivateKey


@dataclass(frozen=True)
class Checkpoint:
    """A state of the log: `size` leaves under the 32 bytes of `root`, in the log named `origin`."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class Vkey:
    """A verifier key: the name it signs under, its public key, and the kind of its signatures."""

    name: str
    public: bytes
    kind: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def __str__(self) -> str:
        """The form to hand out: `name+id+key`."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(self.kind + self.public).decode()}"


def vkey_of(name: str, key: SigningKey, *, witness: bool = False) -> Vkey:
    """The verifier key of a private key; a name that a note could not carry is refused."""
    if not 0 < len(name.encode()) < 256 or any(each.isspace() or each == "+" or each < " " for each in name):
        raise Invalid("audit.bad_origin", origin=name)
    ours = WITNESS if witness else ED25519
    return Vkey(name, key.public_key().public_bytes_raw(), ML_DSA if isinstance(key, MLDSA44PrivateKey) else ours)


def read_vkey(text: str) -> Vkey:
    """Read `name+id+key`; refused when the id does not belong to the key or its kind is none of ours."""
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        raw = b64decode(encoded, validate=True)
    except ValueError as error:
        raise Invalid("audit.bad_vkey") from error
    vkey = Vkey(name, raw[1:], raw[:1])
    if len(vkey.public) != PUBLIC.get(vkey.kind) or vkey.key_id.hex() != key_id:
        raise Invalid("audit.bad_vkey")
    return vkey


def sign(checkpoint: Checkpoint, *keys: SigningKey) -> str:
    """The signed note; each key signs under the log's origin, in the order given."""
    return f"{checkpoint.body()}\n" + "".join(
        _line(checkpoint, vkey_of(checkpoint.origin, each), each) for each in keys
    )


def cosign(checkpoint: Checkpoint, key: SigningKey, name: str, time: int) -> str:
    """The line of the witness `name`: at `time` (POSIX) this was the longest state it knew, extending the others."""
    return _line(checkpoint, vkey_of(name, key, witness=True), key, time)


def read(note: str) -> Checkpoint:
    """What a note says, with no regard to who signed it."""
    body, gap, _ = note.partition("\n\n")
    lines = body.split("\n")
    try:
        checkpoint = Checkpoint(lines[0], int(lines[1]), b64decode(lines[2], validate=True))
    except (ValueError, IndexError) as error:
        raise Invalid("audit.bad_checkpoint", why="not a checkpoint") from error
    if not gap or checkpoint.body() != body + "\n" or len(checkpoint.root) != 32 or checkpoint.size < 0:
        raise Invalid("audit.bad_checkpoint", why="not a checkpoint")
    return checkpoint


def verify(note: str, vkey: Vkey) -> Checkpoint:
    """What the note says, once `vkey` has signed it and it is of the log of that name; refused otherwise."""
    checkpoint = read(note)
    if checkpoint.origin != vkey.name:
        raise Invalid("audit.bad_checkpoint", why="of another log")
    signed_at(note, vkey)
    return checkpoint


def signed_at(note: str, vkey: Vkey) -> int:
    """The time in the line of `vkey`, a witness's or the log's own (0), once that line is right; refused otherwise."""
    checkpoint = read(note)
    for signature in _signatures(note, vkey):
        time = 0 if vkey.kind == ED25519 else int.from_bytes(signature[:8])
        try:
            if time > LATEST:
                raise InvalidSignature
            _public(vkey).verify(signature[0 if vkey.kind == ED25519 else 8 :], _message(checkpoint, vkey, time))
        except InvalidSignature as error:
            raise Invalid("audit.bad_checkpoint", why="the signature is wrong") from error
        return time
    raise Invalid("audit.bad_checkpoint", why="not signed with this key")


def line_of(note: str, vkey: Vkey) -> str:
    """The line that `vkey` signed, once it is right; refused otherwise."""
    signed_at(note, vkey)
    signature = b64encode(vkey.key_id + _signatures(note, vkey)[0]).decode()
    return f"{DASH}{vkey.name} {signature}\n"


def _line(checkpoint: Checkpoint, vkey: Vkey, key: SigningKey, time: int = 0) -> str:
    signature = key.sign(_message(checkpoint, vkey, time))
    stamped = signature if vkey.kind == ED25519 else time.to_bytes(8) + signature
    return f"{DASH}{vkey.name} {b64encode(vkey.key_id + stamped).decode()}\n"


def _message(checkpoint: Checkpoint, vkey: Vkey, time: int) -> bytes:
    """The bytes that a key of this kind signs."""
    if vkey.kind == ED25519:
        return checkpoint.body().encode()
    if vkey.kind == WITNESS:
        return f"cosignature/v1\ntime {time}\n{checkpoint.body()}".encode()
    name, origin = vkey.name.encode(), checkpoint.origin.encode()
    if len(name) > 255 or len(origin) > 255:
        raise Invalid("audit.bad_checkpoint", why="its name is too long")
    whole = bytes(8) + checkpoint.size.to_bytes(8) + checkpoint.root
    return b"subtree/v1\n\0%c%b%b%c%b%b" % (len(name), name, time.to_bytes(8), len(origin), origin, whole)


def _public(vkey: Vkey) -> Ed25519PublicKey | MLDSA44PublicKey:
    kind = MLDSA44PublicKey if vkey.kind == ML_DSA else Ed25519PublicKey
    return kind.from_public_bytes(vkey.public)


def _signatures(note: str, vkey: Vkey) -> list[bytes]:
    """The signatures a note carries under this key's name and id."""
    found = []
    for line in note.partition("\n\n")[2].splitlines():
        name, _, encoded = line.removeprefix(DASH).partition(" ")
        if not line.startswith(DASH) or name != vkey.name:
            continue
        try:
            raw = b64decode(encoded, validate=True)
        except ValueError as error:
            raise Invalid("audit.bad_checkpoint", why="a signature line cannot be read") from error
        if raw[:4] == vkey.key_id:
            found.append(raw[4:])
    return found
