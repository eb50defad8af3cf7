"""What a scan may open: regular files whose real path lies under a configured root, objects under a configured address,
tables of configured databases, and nothing else.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from audit.refusals import Refused

LONGEST = 4096
STORES = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}


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


def plain(location: str) -> str:
    """A path as the system has it, of one that may be written as a `file:` address."""
    return unquote(location.removeprefix("file:").replace("///", "/", 1)) if location.startswith("file:") else location


def location(namespace: str, name: str, databases: Mapping[str, str]) -> str:
    """Where a dataset of lineage lies, as a scan is asked for it; empty where that is nothing a scan can read."""
    if namespace == "file":
        return name
    scheme, _, rest = namespace.partition("://")
    if scheme in STORES:
        return f"{STORES[scheme]}://{rest.strip('/')}/{name.lstrip('/')}"
    if scheme in ("postgres", "postgresql"):
        parts = name.split(".")
        for known, address in databases.items():
            found = urlsplit(address)
            place = f"{found.hostname}:{found.port or 5432}", found.path.lstrip("/")
            if len(parts) == 3 and place == (rest if ":" in rest else f"{rest}:5432", parts[0]):
                return f"sql://{known}/{parts[1]}.{parts[2]}"
    return ""


def dataset_at(path: str) -> tuple[str, str]:
    """The namespace and name under which lineage knows what lies there."""
    scheme, _, rest = path.partition("://")
    if scheme in STORES and rest:
        bucket, _, key = rest.partition("/")
        return f"{scheme}://{bucket}", key
    return "file", path


def expect_remote(path: str, stores: Sequence[str]) -> None:
    """Refuse an address that does not lie under one of `stores`."""
    if ".." in path.split("/") or "\x00" in path or len(path) > LONGEST or any(mark in path for mark in "?#%"):
        raise Refused("pii.path_not_absolute")
    if not any(path == root or path.startswith(root + "/") for root in stores):
        raise Refused("pii.outside_roots", roots=":".join(stores) or "–")


def expect_table(path: str, databases: Mapping[str, str]) -> None:
    """Refuse a table of a database that the server does not name."""
    name, _, table = path.removeprefix("sql://").partition("/")
    if name not in databases or not table or len(path) > LONGEST or any(mark in path for mark in '\x00"?#%'):
        raise Refused("pii.unknown_database")


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
