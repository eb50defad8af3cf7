"""Backups: one private archive of database, keys and the last signed checkpoint, with a manifest of digests."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from audit import keys, selectors, sidecar
from jobs import selectors as clock
from portal.datadir import Unfit

FORMAT = 1
SQLITE, POSTGRESQL = "database.sqlite3", "database.dump"
MANIFEST, SIGNED = "manifest.json", "audit-signed.json"


def write(file: Path, *, with_keys: bool = True) -> dict[str, Any]:
    """Write a backup to `file`, while everything runs, and return its manifest; refused when `file` exists.

    The manifest states the log's size and root as they were when the copy began: the copy holds at least that much.
    The last signed checkpoint is read before the copy is made, so that the copy never falls short of it.
    """
    if file.exists():
        raise Unfit(f"{file} exists already; a backup never overwrites another.")
    size = selectors.size()
    facts = {
        "format": FORMAT,
        "made_at": clock.now().isoformat(),
        "database": connection.vendor,
        "log_size": size,
        "log_root": b64encode(selectors.root(size)).decode(),
        "with_keys": with_keys,
    }
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=settings.DATA_DIR) as folder:
        members = _small_members(with_keys=with_keys)
        copy = dump(Path(folder))
        return _pack(file, facts, members, copy)


def _small_members(*, with_keys: bool) -> dict[str, bytes]:
    files = {SIGNED: sidecar.path()}
    if with_keys:
        audit_key = settings.AUDIT_KEY_FILE
        files |= {
            "audit.key": audit_key,
            "audit.vkey": keys.vkey_path(audit_key),
            "audit-pq.key": keys.second(audit_key),
            "audit-pq.vkey": keys.vkey_path(keys.second(audit_key)),
            "secret.key": settings.SECRET_KEY_FILE,
        }
    return {name: path.read_bytes() for name, path in files.items() if path.exists()}


def dump(folder: Path) -> Path:
    """Copy the whole database into `folder`, consistently, and check the copy."""
    return _dump_sqlite(folder / SQLITE) if connection.vendor == "sqlite" else _dump_postgresql(folder / POSTGRESQL)


def _dump_sqlite(target: Path) -> Path:
    source = sqlite3.connect(f"file:{settings.DATABASES['default']['NAME']}?mode=ro", uri=True)
    copy = sqlite3.connect(target)
    with contextlib.closing(source), contextlib.closing(copy):
        source.backup(copy)
        check_sqlite(copy)
    return target


def check_sqlite(database: sqlite3.Connection) -> None:
    """Refuse a SQLite database that does not pass its own integrity check."""
    (verdict,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise Unfit(f"The database does not pass its integrity check: {verdict}")


def _dump_postgresql(target: Path) -> Path:
    run_tool("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}", database())
    return target


def database() -> str:
    """The name of the PostgreSQL database; the rest of the address travels in the environment."""
    return str(settings.DATABASES["default"]["NAME"])


def run_tool(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs against the configured database; its last words are in the refusal."""
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, with arguments of ours
        [tool(name), *arguments], env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Unfit(f"{name} failed: {done.stderr.strip()[-800:]}")


def tool(name: str) -> str:
    """Where one of PostgreSQL's programs is; the newest that is installed, for it must not be older than the server."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise Unfit(f"{name} is not installed here; it comes with PostgreSQL's client (Debian: postgresql-client).")
    return found


def _environment() -> dict[str, str]:
    here = settings.DATABASES["default"]
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    told = {name: str(here[key]) for name, key in names.items() if here.get(key)}
    options = here.get("OPTIONS", {})
    return {**os.environ, **told, **{f"PG{name.upper()}": str(value) for name, value in options.items()}}


def _pack(file: Path, facts: dict[str, Any], members: dict[str, bytes], copy: Path) -> dict[str, Any]:
    described = [{"name": name, "size": len(data), "sha256": _digest(data)} for name, data in members.items()]
    with copy.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    manifest = facts | {"files": [*described, {"name": copy.name, "size": copy.stat().st_size, "sha256": digest}]}
    with _appearing_whole(file) as stream, tarfile.open(fileobj=stream, mode="w:gz", compresslevel=3) as archive:
        _add(archive, MANIFEST, json.dumps(manifest, indent=2).encode())
        for name, data in members.items():
            _add(archive, name, data)
        archive.add(copy, copy.name, filter=_nobodys)
    return manifest


@contextlib.contextmanager
def _appearing_whole(file: Path) -> Iterator[io.BufferedWriter]:
    """A private file that appears under its name only when it is complete and on disk."""
    draft = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.rename(file)
    except FileNotFoundError as error:
        raise Unfit(f"There is no folder {file.parent}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    archive.addfile(member, io.BytesIO(data))


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
