"""The log's signing keys, as files that only their owner may read, and beside each the verifier key to hand out.

There are two, an Ed25519 key (`audit.key`) and an ML-DSA-44 key (`audit-pq.key`), and while the log goes over to new
ones (`rotation`) two more (`audit-next.key`, `audit-next-pq.key`). The verifier key carries the log's origin, which is
settled when the key is made: moving the portal to another address later does not start another log.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

from audit.checkpoint import Checkpoint, SigningKey, Vkey, read_vkey, sign, vkey_of
from audit.refusals import Refused, Unavailable
from audit.sidecar import sync_folder


@dataclass(frozen=True)
class Signer:
    """The private key, the verifier key that belongs to it, and the keys that sign beside it."""

    private: Ed25519PrivateKey
    vkey: Vkey
    beside: tuple[SigningKey, ...] = ()

    def sign(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a note with a line of every key."""
        return sign(checkpoint, self.private, *self.beside)


def ensure_key(path: Path) -> Vkey:
    """Make the keys and their verifier keys where they are missing; called by `up` and `migrate` alone.

    A key that is there is never replaced, whatever state it is in. Survives being killed at any moment.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make(path, Ed25519PrivateKey.generate, settings.AUDIT_ORIGIN)
    _make(second(path), MLDSA44PrivateKey.generate, verifier(path).name)
    return signer(path).vkey


def prepare(path: Path) -> list[Vkey]:
    """Make the keys that will follow the ones at `path`, where they are missing; they sign beside them from then on."""
    _make(coming(path), Ed25519PrivateKey.generate, verifier(path).name)
    _make(second(coming(path)), MLDSA44PrivateKey.generate, verifier(path).name)
    return verifiers(coming(path))


def take_over(path: Path) -> None:
    """Let the prepared keys take the place of the ones at `path`, which are gone then; may be repeated if cut short."""
    following = coming(path)
    pairs = [(second(following), second(path)), (following, path)]
    for new, old in [each for pair in pairs for each in (pair, (vkey_path(pair[0]), vkey_path(pair[1])))]:
        if new.exists():
            new.replace(old)
    sync_folder(path.parent)


def signer(path: Path | None = None) -> Signer:
    """The keys to sign with; refused when one is missing, unreadable, or not the one its verifier key belongs to."""
    path = path or settings.AUDIT_KEY_FILE
    private = _matching(path)
    if not isinstance(private, Ed25519PrivateKey):
        raise Unavailable("audit.no_key")
    beside = [each for each in (second(path), coming(path), second(coming(path))) if vkey_path(each).exists()]
    return Signer(private, verifier(path), tuple(_matching(each) for each in beside))


def verifier(path: Path | None = None) -> Vkey:
    """The (Ed25519) verifier key of this log, without touching the private one."""
    path = path or settings.AUDIT_KEY_FILE
    try:
        return read_vkey(vkey_path(path).read_text())
    except (OSError, UnicodeDecodeError, Refused) as error:
        raise Unavailable("audit.no_key") from error


def verifiers(path: Path | None = None) -> list[Vkey]:
    """Every verifier key that signs this log now: the Ed25519 key first, then the ML-DSA-44 key where there is one."""
    path = path or settings.AUDIT_KEY_FILE
    return [verifier(each) for each in (path, second(path)) if each == path or vkey_path(each).exists()]


def second(path: Path) -> Path:
    """Where the ML-DSA-44 key beside the key at `path` lies."""
    return path.with_stem(f"{path.stem}-pq")


def coming(path: Path) -> Path:
    """Where the key that will follow the one at `path` lies while the log goes over to it."""
    return path.with_stem(f"{path.stem}-next")


def vkey_path(path: Path) -> Path:
    """Where the verifier key lies: beside the key, ending in `.vkey`."""
    return path.with_suffix(".vkey")


def is_private(path: Path | None = None) -> bool:
    """Whether nobody but their owner may read or change the key files."""
    path = path or settings.AUDIT_KEY_FILE
    try:
        return not any(each.stat().st_mode & 0o077 for each in (path, second(path)) if each == path or each.exists())
    except OSError:
        return False


def _make(path: Path, generate: Callable[[], SigningKey], origin: str) -> None:
    if not path.exists():
        _publish(path, generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    if not vkey_path(path).exists():
        _publish(vkey_path(path), f"{vkey_of(origin, _private(path))}\n".encode())


def _matching(path: Path) -> SigningKey:
    """The private key at `path`, once it is the one that the verifier key beside it belongs to."""
    private = _private(path)
    vkey = verifier(path)
    if vkey_of(vkey.name, private) != vkey:
        raise Unavailable("audit.key_changed")
    return private


def _private(path: Path) -> SigningKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Unavailable("audit.no_key") from error
    if not isinstance(key, Ed25519PrivateKey | MLDSA44PrivateKey):
        raise Unavailable("audit.no_key")
    return key


def _publish(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all, and never over another; the first of two writers wins."""
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
    sync_folder(path.parent)
