"""Fetch the log as static files (tlog-tiles): what an auditor takes away and verifies without us."""

import io
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from portal.client import CHECKS, Failed, Portal

ARCHIVE = "/api/v1/audit/export"


def fetch(portal: Portal, directory: Path) -> dict[str, Any]:
    """Put the whole log under its newest checkpoint into `directory`, replacing an earlier export of the same log.

    Refused, leaving what is there: a folder that is no export, and a log that does not continue the earlier export.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    earlier = directory / "checkpoint"
    if directory.exists() and any(directory.iterdir()) and not earlier.exists():
        raise Failed(f"{directory} is not empty, and not an export of the log.")
    with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as place:
        fresh = Path(place) / "export"
        _unpack(portal.fetch(ARCHIVE), fresh)
        size = size_of((fresh / "checkpoint").read_bytes())
        if earlier.exists():
            check_continues(directory, fresh)
            shutil.rmtree(directory)
        elif directory.exists():
            directory.rmdir()
        fresh.rename(directory)
    return {"directory": str(directory), "size": size}


def _unpack(data: bytes, target: Path) -> None:
    """Unpack the archive; its one top folder, if it has one, is left away."""
    target.mkdir()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(target, filter="data")
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
