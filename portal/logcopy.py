"""Fetch the log as static files (tlog-tiles): what an auditor takes away and verifies without us."""

import shutil
import tarfile
import tempfile
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from portal.client import CHECKS, Failed, Portal

ARCHIVE = "/api/v1/audit/export"
SAID_EVERY = 1 << 24
"""Bytes after which it is said again how far an export is."""


def fetch(portal: Portal, directory: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Put the whole log under its newest checkpoint into `directory`, replacing an earlier export of the same log.

    It is written as it comes, in memory that does not grow with the log; `say` is told how far it is.
    Refused, leaving what is there: a folder that is no export, and a log that does not continue the earlier export.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    earlier = directory / "checkpoint"
    if directory.exists() and any(directory.iterdir()) and not earlier.exists():
        raise Failed(f"{directory} is not empty, and not an export of the log.")
    with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as place:
        fresh = Path(place) / "export"
        with portal.stream(ARCHIVE) as answer:
            _unpack(Counted(answer, say), fresh)
        size = size_of((fresh / "checkpoint").read_bytes())
        if earlier.exists():
            check_continues(directory, fresh)
            shutil.rmtree(directory)
        elif directory.exists():
            directory.rmdir()
        fresh.rename(directory)
    return {"directory": str(directory), "size": size}


class Counted:
    """An answer that is read to its end, and says now and then how far it is."""

    def __init__(self, answer: HTTPResponse, say: Callable[[str], None]) -> None:
        """`say` is given a sentence each time another part of the answer has come."""
        self._answer, self._say, self._read, self._said = answer, say, 0, 0
        self._all = int(answer.headers.get("Content-Length") or 0)

    def read(self, size: int) -> bytes:
        """The next bytes; refused when the line breaks before all have come."""
        try:
            data = self._answer.read(size)
        except (OSError, HTTPException) as error:
            raise Failed(f"The line broke after {self._read:,} bytes ({error}). Nothing was changed here.") from None
        self._read += len(data)
        if not data and self._read < self._all:
            raise Failed(f"The line broke after {self._read:,} of {self._all:,} bytes. Nothing was changed here.")
        if self._read - self._said >= SAID_EVERY:
            self._said = self._read
            self._say(f"{self._read >> 20:,} MB" + (f" of {self._all >> 20:,} MB" if self._all else ""))
        return data


def _put(content: IO[bytes] | None, member: tarfile.TarInfo, target: Path) -> None:
    """Write one file of the archive below `target`, and nothing anywhere else: no link, no device, no way up."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or not (content or member.isdir()):
        raise tarfile.TarError(f"{member.name!r} is no file of an export")
    path = target / name
    (path if content is None else path.parent).mkdir(parents=True, exist_ok=True)
    if content is not None:
        with path.open("wb") as kept:
            shutil.copyfileobj(content, kept, 1 << 20)


def _unpack(archive: Counted, target: Path) -> None:
    """Unpack the archive as it comes; its one top folder, if it has one, is left away."""
    target.mkdir()
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", archive), mode="r|", bufsize=1 << 20) as members:
            for each in members:
                _put(members.extractfile(each) if each.isfile() else None, each, target)
                members.members.clear()  # type: ignore[attr-defined]  # else it grows
    except tarfile.TarError as error:
        raise Failed(f"The portal's export cannot be unpacked ({error}).", CHECKS) from None
    inner = [path for path in target.iterdir() if path.is_dir() and (path / "checkpoint").exists()]
    if inner and not (target / "checkpoint").exists():
        for path in inner[0].iterdir():
            path.rename(target / path.name)
        inner[0].rmdir()
    if not (target / "checkpoint").exists():
        raise Failed("The portal's export has no checkpoint.", CHECKS)


def check_continues(earlier: Path, fresh: Path) -> None:
    """Refuse a log that is shorter than the earlier export, or in which a full tile of hashes has changed."""
    if size_of((earlier / "checkpoint").read_bytes()) > size_of((fresh / "checkpoint").read_bytes()):
        raise Failed("The log is shorter than the export that is there: keep that export, it is evidence.", CHECKS)
    for tile in sorted((earlier / "tile").rglob("*")):
        name = tile.relative_to(earlier)
        if tile.is_file() and ".p" not in str(name) and (fresh / name).read_bytes() != tile.read_bytes():
            raise Failed(f"The log differs from the export that is there, in {name}: keep both, as evidence.", CHECKS)


def size_of(note: bytes) -> int:
    """The number of entries that a checkpoint vouches for: its second line."""
    try:
        return int(note.split(b"\n")[1])
    except (IndexError, ValueError) as error:
        raise Failed("A checkpoint cannot be read.", CHECKS) from error
