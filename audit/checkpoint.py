"""Checkpoints as C2SP signed notes: three lines that pin the whole log, signed with Ed25519.

    <origin>\\n<size>\\n<root in base64>\\n\\n— <key name> <base64 of key id and signature>\\n

What is signed ends with the newline after the root. Lines of other keys or kinds are skipped, so that cosignatures and
second algorithms can be added. There is no time in a checkpoint: a signer could write any time it likes.
Source: c2sp.org/signed-note and c2sp.org/tlog-checkpoint.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.refusals import Invalid

ED25519 = b"\x01"
DASH = "\u2014 "


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
    """A verifier key: the name it signs under and the 32 bytes of its Ed25519 public key."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The form to hand out: `name+id+key`."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(ED25519 + self.public).decode()}"


def vkey_of(name: str, key: Ed25519PrivateKey) -> Vkey:
    """The verifier key of a private key; a name that a note could not carry is refused."""
    if not name or any(each.isspace() or each == "+" for each in name):
        raise Invalid("audit.bad_origin", origin=name)
    return Vkey(name, key.public_key().public_bytes_raw())


def read_vkey(text: str) -> Vkey:
    """Read `name+id+key`; refused when the id does not belong to the key or it is not Ed25519."""
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        raw = b64decode(encoded, validate=True)
    except ValueError as error:
        raise Invalid("audit.bad_vkey") from error
    vkey = Vkey(name, raw[1:])
    if raw[:1] != ED25519 or len(raw) != 33 or vkey.key_id.hex() != key_id:
        raise Invalid("audit.bad_vkey")
    return vkey


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The signed note; the key signs under the log's origin."""
    body = checkpoint.body()
    signature = vkey_of(checkpoint.origin, key).key_id + key.sign(body.encode())
    return f"{body}\n{DASH}{checkpoint.origin} {b64encode(signature).decode()}\n"


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
    public = Ed25519PublicKey.from_public_bytes(vkey.public)
    for signature in _signatures(note, vkey):
        try:
            public.verify(signature, checkpoint.body().encode())
        except InvalidSignature as error:
            raise Invalid("audit.bad_checkpoint", why="the signature is wrong") from error
        return checkpoint
    raise Invalid("audit.bad_checkpoint", why="not signed with this key")


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
