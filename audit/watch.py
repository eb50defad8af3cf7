"""A witness that anybody can run: it looks at a log from outside, keeps what it saw last, and co-signs what extends it.

It believes nothing but the verifier keys given by hand: neither the log's name nor its key is taken from the server.
What it saw lies in a folder of its own, with its own key; no Django, no database. C2SP tlog-cosignature.
"""

import fcntl
import os
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Checkpoint, Vkey, cosign, read, verify, vkey_of
from audit.merkle import consistent
from audit.refusals import Refused

LAST, KEY, LOCK = "checkpoint", "witness.key", "lock"
Proof = Callable[[int, int], Sequence[str]]


class Inconsistent(Exception):
    """The log is not the one that was seen before: the sentence says how."""


@dataclass(frozen=True)
class Seen:
    """What was seen and co-signed: the state, its note with our line, and the size before."""

    checkpoint: Checkpoint
    note: str
    before: int


def look(folder: Path, vkeys: Sequence[Vkey], note: str, prove: Proof, time: int) -> Seen:
    """Check `note` against what `folder` remembers, keep it and co-sign it at `time`.

    One of `vkeys` must have signed it. `prove(old, new)` fetches the hashes of a consistency proof, in base64. When
    the log is not the one seen before, nothing is kept but the note, as evidence, and `Inconsistent` is raised.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder):
        before = _last(folder)
        try:
            state = _signed(note, vkeys)
            if before is not None:
                _extends(before, state, prove)
        except Inconsistent:
            _write(folder / f"evidence-{time}", note.encode())
            raise
        ours = cosign(state, _key(folder), name(folder), time)
        _write(folder / LAST, (note + ours).encode())
        return Seen(state, note + ours, before.size if before else 0)


def name(folder: Path) -> str:
    """The name under which the witness of this folder signs: it tells keys apart, and nothing else."""
    return f"attestry.witness/{_key(folder).public_key().public_bytes_raw().hex()[:16]}"


def vkey(folder: Path) -> Vkey:
    """The verifier key of the witness of this folder, which is made at the first look."""
    return vkey_of(name(folder), _key(folder), witness=True)


def _signed(note: str, vkeys: Sequence[Vkey]) -> Checkpoint:
    why = "no key was given"
    for each in vkeys:
        try:
            state = verify(note, each)
        except Refused as refusal:
            why = str(refusal.params.get("why"))
            continue
        if state.size < 1:
            raise Inconsistent("the log says that it is empty, which proves nothing")
        return state
    raise Inconsistent(f"the checkpoint is not the one of the log that was named: {why}")


def _extends(before: Checkpoint, state: Checkpoint, prove: Proof) -> None:
    if before.origin != state.origin:
        raise Inconsistent(f"this folder has seen {before.origin}, not {state.origin}: one folder, one log")
    if state.size < before.size:
        raise Inconsistent(f"a rollback: {before.size} entries were seen, now there are {state.size}")
    if state.size == before.size:
        if state.root != before.root:
            raise Inconsistent(f"a fork: at size {state.size} the log had another root before")
        return
    try:
        hashes = [b64decode(each, validate=True) for each in prove(before.size, state.size)]
    except (ValueError, TypeError) as error:
        raise Inconsistent("the proof that the log only grew cannot be read") from error
    if not consistent(before.size, state.size, hashes, before.root, state.root):
        raise Inconsistent(f"a fork: the log at {state.size} does not extend the one that was seen at {before.size}")


def _last(folder: Path) -> Checkpoint | None:
    try:
        return read((folder / LAST).read_text())
    except FileNotFoundError:
        return None


def _key(folder: Path) -> Ed25519PrivateKey:
    path = folder / KEY
    if not path.exists():
        _write(path, Ed25519PrivateKey.generate().private_bytes_raw().hex().encode())
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))


def _write(path: Path, data: bytes) -> None:
    """Replace a file as a whole, durably, readable by its owner alone."""
    draft = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two who look at once take turns: the later one must extend what the earlier one saw."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
