"""The log's signing key, as a file that only its owner may read, and beside it the verifier key to hand out.

The verifier key carries the log's origin, which is settled when the key is made: moving the portal to another address
later does not start another log.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

from audit.checkpoint import Vkey, read_vkey, vkey_of
from audit.refusals import Refused, Unavailable
from audit.sidecar import sync_folder


@dataclass(frozen=True)
class Signer:
    """The private key and the verifier key that belongs to it."""

    private: Ed25519PrivateKey
    vkey: Vkey


def ensure_key(path: Path) -> Vkey:
    """Make the key and its verifier key where they are missing; called by `up` and `migrate` alone.

    A key that is there is never replaced, whatever state it is in. Survives being killed at any moment.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _publish(path, pem)
    beside = vkey_path(path)
    if not beside.exists():
        _publish(beside, f"{vkey_of(settings.AUDIT_ORIGIN, _private(path))}\n".encode())
    return signer(path).vkey


def signer(path: Path | None = None) -> Signer:
    """The key to sign with; refused when it is missing, unreadable, or not the one its verifier key belongs to."""
    path = path or settings.AUDIT_KEY_FILE
    private = _private(path)
    vkey = verifier(path)
    if private.public_key().public_bytes_raw() != vkey.public:
        raise Unavailable("audit.key_changed")
    return Signer(private, vkey)


def verifier(path: Path | None = None) -> Vkey:
    """The verifier key of this log, without touching the private one."""
    path = path or settings.AUDIT_KEY_FILE
    try:
        return read_vkey(vkey_path(path).read_text())
    except (OSError, UnicodeDecodeError, Refused) as error:
        raise Unavailable("audit.no_key") from error


def vkey_path(path: Path) -> Path:
    """Where the verifier key lies: beside the key, ending in `.vkey`."""
    return path.with_suffix(".vkey")


def is_private(path: Path | None = None) -> bool:
    """Whether nobody but its owner may read or change the key file."""
    path = path or settings.AUDIT_KEY_FILE
    try:
        return not path.stat().st_mode & 0o077
    except OSError:
        return False


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Unavailable("audit.no_key") from error
    if not isinstance(key, Ed25519PrivateKey):
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
