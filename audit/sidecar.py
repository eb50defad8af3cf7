"""What was signed last, remembered outside the database: a file that a restored database cannot take back.

`audit-signed.json` in the data directory holds origin, size, root and verifier key. It only moves forward, by compare
and set under a file lock, and is on disk before a checkpoint is shown to anybody.
"""

import fcntl
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from audit.checkpoint import Checkpoint
from audit.refusals import Conflict, Unavailable


@dataclass(frozen=True)
class Signed:
    """The last signed state, and the verifier key it was signed under."""

    checkpoint: Checkpoint
    vkey: str


def path() -> Path:
    """Where the memory lies."""
    return Path(settings.DATA_DIR) / "audit-signed.json"


def recall() -> Signed | None:
    """The last signed state; nothing when nothing was ever signed here, refused when the file cannot be understood."""
    try:
        raw = json.loads(path().read_bytes())
        root = b64decode(raw["root"], validate=True)
        return Signed(Checkpoint(str(raw["origin"]), int(raw["size"]), root), str(raw["vkey"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable("audit.sidecar_unreadable") from error


def remember(new: Signed, seen: Signed | None) -> None:
    """Replace what was `seen` by `new`, durably; refused when somebody else has moved it meanwhile."""
    here = new.checkpoint
    data = {"origin": here.origin, "size": here.size, "root": b64encode(here.root).decode(), "vkey": new.vkey}
    target = path()
    draft = target.with_name(f".{target.name}.new")
    with lock("audit-signed.lock", wait=True):
        if recall() != seen:
            raise Conflict("audit.signed_elsewhere")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(data).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        sync_folder(target.parent)


@contextmanager
def lock(name: str, *, wait: bool) -> Iterator[bool]:
    """Hold a file lock in the data directory; yields whether it was got. The kernel drops it when a process dies."""
    handle = os.open(Path(settings.DATA_DIR) / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make sure that a new name in `folder` survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
