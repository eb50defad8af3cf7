"""Which files a scan may open: regular files whose real path lies under a configured root, and nothing else."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from audit.refusals import Refused

LONGEST = 4096


def _under(path: Path, roots: Sequence[Path]) -> bool:
    return any(path.is_relative_to(Path(os.path.realpath(root))) for root in roots)


def real(path: str, roots: Sequence[Path]) -> Path:
    """The real path of `path`; refused when that is not under one of `roots`, whatever links or dots led there."""
    if not path.startswith("/") or "\x00" in path:
        raise Refused("pii.path_not_absolute")
    found = Path(os.path.realpath(path))
    if not _under(found, roots):
        raise Refused("pii.outside_roots")
    return found


def expect(path: str, roots: Sequence[Path]) -> None:
    """Refuse a path that cannot be under a root by its name alone; the worker, where the file is, looks for itself."""
    plain = Path(path)
    if not path.startswith("/") or "\x00" in path or ".." in plain.parts or len(path) > LONGEST:
        raise Refused("pii.path_not_absolute")
    if not _under(plain, roots) and not any(plain.is_relative_to(root) for root in roots):
        raise Refused("pii.outside_roots", roots=":".join(map(str, roots)) or "–")


def open_file(path: str, roots: Sequence[Path]) -> int:
    """A descriptor of the regular file at `path`, checked again after opening so that a swapped link gains nothing."""
    found = real(path, roots)
    try:
        handle = os.open(found, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Refused("pii.no_such_file") from None
    except OSError:
        raise Refused("pii.cannot_open") from None
    try:
        _check(handle, found, roots)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _check(handle: int, found: Path, roots: Sequence[Path]) -> None:
    """The open descriptor is a regular file, and is where it was promised to be."""
    opened = os.fstat(handle)
    if not stat.S_ISREG(opened.st_mode):
        raise Refused("pii.not_a_file")
    link = Path(f"/proc/self/fd/{handle}")
    here = Path(os.readlink(link)) if link.parent.exists() else Path(os.path.realpath(found))
    if not _under(here, roots):
        raise Refused("pii.outside_roots")
