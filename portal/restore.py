"""Bring a backup back, into an empty place only, and never beside a history that was signed."""

import contextlib
import hashlib
import json
import os
import sqlite3
import tarfile
from base64 import b64encode
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection

from audit import keys, selectors, sidecar
from audit.refusals import Refused
from portal import backup
from portal.datadir import Unfit

MAY_WAIT_THERE = {
    "audit-signed.json",
    "audit-signed.lock",
    "audit.key",
    "audit.vkey",
    "audit-pq.key",
    "audit-pq.vkey",
    "secret.key",
}
"""What may lie in the directory already: the memory of what was signed, and keys kept apart from the backup."""
NO_MEMORY = (
    "No audit-signed.json lay in the data directory, so the backup's own was restored. Checkpoints that were signed "
    "after this backup are not known here: whoever holds one will see that this log does not continue it."
)


def check_empty(data: Path) -> None:
    """Refuse a data directory in which anything but keys and the last signed checkpoint lies."""
    others = sorted(path.name for path in data.iterdir() if path.name not in MAY_WAIT_THERE) if data.exists() else []
    if others:
        raise Unfit(
            f"{data} is not empty ({', '.join(others[:5])}). A backup is restored into a new data directory, where "
            "only audit-signed.json and keys may lie: move the rest away, or name another with --data-dir."
        )


def bring_back(file: Path) -> dict[str, Any]:
    """Restore `file` into the configured data directory and database, and return its manifest.

    Refused, with nothing left behind: an archive whose digests do not agree, a database of the other kind or one that
    holds tables, and a log that falls short of, or differs from, the last checkpoint signed here.
    """
    data = Path(settings.DATA_DIR)
    placed: list[Path] = []
    memory = "here" if sidecar.path().exists() else "backup"
    try:
        with _opened(file) as archive:
            manifest = _manifest(archive)
            _check_kind(manifest)
            for entry in manifest["files"]:
                _place(archive, entry, data, placed)
        _load(data, placed)
        _check_history(manifest)
    except BaseException:
        for path in placed:
            for beside in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                beside.unlink(missing_ok=True)
        raise
    return manifest | {"memory": memory}


@contextlib.contextmanager
def _opened(file: Path) -> Any:
    try:
        with tarfile.open(file, "r:gz") as archive:
            yield archive
    except (tarfile.TarError, EOFError, OSError, KeyError) as error:
        raise Unfit(f"{file} cannot be read as a backup of Attestry ({error}).") from error


def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    stream = archive.extractfile(backup.MANIFEST)
    manifest: dict[str, Any] = json.loads(stream.read()) if stream else {}
    if manifest.get("format") != backup.FORMAT:
        raise Unfit(f"This backup is of format {manifest.get('format')}; this Attestry reads {backup.FORMAT}.")
    return manifest


def _check_kind(manifest: dict[str, Any]) -> None:
    if manifest["database"] != connection.vendor:
        raise Unfit(f"This is a backup of {manifest['database']}, and DATABASE_URL names {connection.vendor}.")
    if connection.vendor == "postgresql" and connection.introspection.table_names():
        raise Unfit("The PostgreSQL database is not empty. Make a new one, and name it in DATABASE_URL.")


def _place(archive: tarfile.TarFile, entry: dict[str, Any], data: Path, placed: list[Path]) -> None:
    """Put one file of the archive where it belongs, unless what lies there already is to be kept."""
    name = str(entry["name"])
    target = _targets(data).get(name)
    if target is None:
        raise Unfit(f"The backup holds {name!r}, which no backup of ours does.")
    stream = archive.extractfile(name)
    if stream is None or target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    placed.append(target)
    if _copy(stream, target) != entry["sha256"]:
        raise Unfit(f"{name} in the backup is not what its manifest says: the archive is damaged or was changed.")


def _targets(data: Path) -> dict[str, Path]:
    key = settings.AUDIT_KEY_FILE
    return {
        backup.SQLITE: Path(settings.DATABASES["default"]["NAME"]),
        backup.POSTGRESQL: data / backup.POSTGRESQL,
        backup.SIGNED: sidecar.path(),
        "audit.key": key,
        "audit.vkey": keys.vkey_path(key),
        "audit-pq.key": keys.second(key),
        "audit-pq.vkey": keys.vkey_path(keys.second(key)),
        "secret.key": settings.SECRET_KEY_FILE,
    }


def _copy(stream: IO[bytes], target: Path) -> str:
    digest = hashlib.sha256()
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _load(data: Path, placed: list[Path]) -> None:
    if connection.vendor == "sqlite":
        with contextlib.closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as database:
            backup.check_sqlite(database)
        return
    dump = data / backup.POSTGRESQL
    connection.close()
    backup.run_tool(
        "pg_restore",
        "--no-owner",
        "--no-privileges",
        "--single-transaction",
        f"--dbname={backup.database()}",
        str(dump),
    )
    dump.unlink()
    placed.remove(dump)


def _check_history(manifest: dict[str, Any]) -> None:
    """Refuse a log that is not the one the manifest describes, or that does not continue what was signed here."""
    try:
        size = int(manifest["log_size"])
        if b64encode(selectors.root(size)).decode() != manifest["log_root"]:
            raise Unfit("The restored log is not the one that the backup's manifest describes.")
        selectors.extends(sidecar.recall())
    except (Refused, Unfit) as error:
        _empty_again()
        if isinstance(error, Unfit):
            raise
        raise Unfit(f"{_why(error)} Nothing was restored.") from error


def _why(error: Refused) -> str:
    signed, found = error.params.get("signed"), error.params.get("found")
    if error.code == "audit.shorter_than_signed":
        return (
            f"This backup's log has {found} entries, but {signed} were signed here afterwards, and somebody may hold "
            "that checkpoint: going on from the backup would start a second history. Restore a later backup. If there "
            "is none, keep audit-signed.json as evidence, and start a new log in a new data directory."
        )
    return (
        f"This backup's log differs from the one that was signed here ({signed} entries): it belongs to another "
        "history. Restore a backup of this one, or use a data directory without audit-signed.json."
    )


def _empty_again() -> None:
    """Take the restored tables out of a PostgreSQL database that was empty before; SQLite's file goes by itself."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    connection.close()
