"""Where redacted copies lie on a worker's disk, and the key of their tokens: the only file that knows."""

import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.conf import settings

from governance.pii.sandbox import Answer


@dataclass(frozen=True)
class Kept:
    """What became of a copy: where it lies, how many rows, its digest; or why there is none."""

    path: str = ""
    rows: int | None = None
    digest: str = ""
    why: dict[str, int] = field(default_factory=dict)


def key() -> str:
    """The key of this portal's tokens, in hexadecimal digits: the same for every copy, so that tables can be joined."""
    return hmac.new(settings.SECRET_KEY.encode(), b"tokens of redacted copies", hashlib.sha256).hexdigest()


@contextmanager
def handed_out(pk: UUID) -> Iterator[tuple[int, Path]]:
    """A new file that only its owner may read, open for writing, and gone afterwards unless it was kept."""
    folder = Path(settings.SCAN_COPIES)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / f"{pk}.part"
    place.unlink(missing_ok=True)
    handle = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    try:
        yield handle, place
    finally:
        os.close(handle)
        place.unlink(missing_ok=True)


def kept(place: Path, answer: Answer) -> Kept:
    """Give a whole copy its name; what is not whole is not kept."""
    told = answer.result
    if told is None:
        return Kept(why={answer.why: 1})
    if told["gaps"]:
        return Kept(rows=told["rows"], why=dict(told["gaps"]))
    final = place.with_suffix(f".{told['form']}")
    with place.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    place.rename(final)
    return Kept(str(final), told["rows"], f"sha256:{digest}")
