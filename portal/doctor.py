"""`attestry doctor`: look everything over, and say in plain words what is wrong and what to do."""

import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from audit import delivery, keys
from audit import selectors as audit
from audit.refusals import Refused
from governance.registries.models import Registry
from jobs import selectors as jobs
from jobs.models import Job, Worker
from lineage import follow
from portal.sentences import say

LITTLE, NOTHING = 2 * 1024**3, 200 * 1024**2
LATE = timedelta(minutes=1)
NETWORK_DISKS = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `ok`, `note` (worth knowing) or `wrong` (to be put right)."""

    mark: str
    about: str
    words: str

    @property
    def bad(self) -> bool:
        """Whether somebody has to do something."""
        return self.mark == "wrong"

    def as_dict(self) -> dict[str, str]:
        """The finding as JSON."""
        return {"result": self.mark, "about": self.about, "words": self.words}


def good(about: str, words: str) -> Finding:
    """Note that all is well."""
    return Finding("ok", about, words)


def note(about: str, words: str) -> Finding:
    """Note something worth knowing."""
    return Finding("note", about, words)


def wrong(about: str, words: str) -> Finding:
    """Note something to be put right."""
    return Finding("wrong", about, words)


def examine() -> list[Finding]:
    """Everything, in the order in which things rest on each other; what fails to be looked at is wrong as well."""
    found: list[Finding] = []
    for look in (_directory, _disk, _keys, _address):
        found += look()
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        return [*found, wrong("database", f"It does not answer: {error}. Start it, or check DATABASE_URL.")]
    for about, inspect in _DEEPER.items():
        found += _carefully(about, inspect)
    return found


def _carefully(about: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except Refused as refusal:
        return [wrong(about, say(refusal))]
    except DatabaseError as error:
        return [wrong(about, f"It could not be read: {error}")]


def _directory() -> Iterator[Finding]:
    data = Path(settings.DATA_DIR)
    status = data.stat()
    if stat.S_IMODE(status.st_mode) & 0o077:
        yield wrong("data directory", f"Others may read {data}. Close it: chmod 700 {data}")
    elif status.st_uid != os.geteuid():
        yield note("data directory", f"{data} belongs to user {status.st_uid}, and you are {os.geteuid()}.")
    else:
        yield good("data directory", str(data))
    kind = disk_kind(data)
    if kind in NETWORK_DISKS and connection.vendor == "sqlite":
        yield wrong(
            "data directory", f"SQLite needs a local disk, and {data} lies on {kind}. Move it, or use PostgreSQL."
        )


def disk_kind(path: Path) -> str:
    """The kind of file system that `path` lies on, or nothing where that cannot be told."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    under = [(len(mount[1]), mount[2]) for mount in mounts if path.is_relative_to(mount[1])]
    return max(under)[1] if under else ""


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.DATA_DIR).free
    words = f"{free / 1024**3:.1f} GB free."
    if free < NOTHING:
        yield wrong("disk", f"{words} Make room now: a log that cannot be written to refuses every action.")
    elif free < LITTLE:
        yield note("disk", f"{words} Make room soon.")
    else:
        yield good("disk", words)


def _keys() -> Iterator[Finding]:
    for name, path in (("session key", settings.SECRET_KEY_FILE), ("log key", settings.AUDIT_KEY_FILE)):
        if not path.exists():
            yield wrong(name, f"{path} is missing. Restore it; where there never was one: attestry migrate")
        elif stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield wrong(name, f"Others may read {path}. Close it: chmod 600 {path}")
        else:
            yield good(name, str(path))
    try:
        keys.signer()
    except Refused as refusal:
        yield wrong("log key", say(refusal))


def _address() -> Iterator[Finding]:
    if settings.HTTPS:
        yield good("address", settings.BASE_URL)
    else:
        yield note("address", f"{settings.BASE_URL} is not https: fine on this machine alone, not beyond it.")


def _database() -> Iterator[Finding]:
    if connection.vendor == "postgresql":
        version = int(getattr(connection, "pg_version", 0)) // 10_000
        recent = version >= 15
        yield (good if recent else wrong)(
            "database", f"PostgreSQL {version}" + ("" if recent else "; 15 is the oldest.")
        )
        return
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    with connection.cursor() as cursor:
        for name, value in wanted.items():
            found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
            if found != value:
                yield wrong("database", f"SQLite's {name} is {found}, not {value}.")
        (verdict,) = cursor.execute("PRAGMA quick_check(1)").fetchone()
    if verdict == "ok":
        yield good("database", "SQLite, passes its own check.")
    else:
        yield wrong("database", f"SQLite finds damage: {verdict}. Restore a backup: attestry restore FILE")


def _migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if behind:
        yield wrong("tables", f"{len(behind)} changes are missing. Run: attestry migrate")
    else:
        yield good("tables", "up to date")


def _log() -> Iterator[Finding]:
    health = audit.health(jobs.now())
    if health.hindrance is not None:
        yield wrong("log", say(health.hindrance))
    elif health.late:
        yield wrong("log", f"{health.waiting} entries have waited for a minute or longer. Is a worker running?")
    else:
        yield good("log", f"{health.numbered} entries, {health.published} under a signed checkpoint.")


def _sinks() -> Iterator[Finding]:
    for each in delivery.states():
        if each.away_since is not None:
            yield wrong("collector", f"{each.name} takes no entries: {each.problem}. {each.owed} wait for it.")
        else:
            yield good("collector", f"{each.name} has {each.delivered} entries, {each.owed} are on their way.")


def _registries() -> Iterator[Finding]:
    for registry in Registry.objects.order_by("name"):
        if registry.last_error:
            yield note(
                "registry", f"{registry.name} is {registry.state}: {registry.last_error}. Work resumes by itself."
            )
        else:
            yield good("registry", f"{registry.name} is {registry.state}")


def _worker() -> Iterator[Finding]:
    alive = jobs.workers_alive(jobs.now())
    if alive:
        yield good("worker", f"{alive} alive")
    else:
        yield wrong("worker", "None has given a sign of life for half a minute. Start it: attestry up")


def worker_lives_here() -> bool:
    """Whether a worker of this host gave a sign of life within the last half minute."""
    fresh = Worker.objects.filter(seen_at__gt=jobs.now() - jobs.FRESH)
    return fresh.filter(name__startswith=f"{socket.gethostname()}:").exists()


def _jobs() -> Iterator[Finding]:
    given_up = jobs.counts().get(Job.State.DEAD, 0)
    if given_up:
        yield wrong("jobs", f"{given_up} were given up. Read why, and retry them: {settings.BASE_URL}/settings/jobs")
    else:
        yield good("jobs", "none given up")


def _lineage() -> Iterator[Finding]:
    backlog, stuck = follow.backlog(), follow.stuck()
    if stuck:
        yield wrong("lineage", f"{stuck} kept events could not be projected. Run: attestry lineage rebuild")
    if backlog.oldest_at and jobs.now() - backlog.oldest_at > LATE:
        yield wrong("lineage", f"{backlog.events} kept events are not in the tables yet. Is a worker running?")
    elif not stuck:
        yield good("lineage", "the tables say what was accepted")


_DEEPER: dict[str, Callable[[], Iterator[Finding]]] = {
    "database": _database,
    "tables": _migrations,
    "log": _log,
    "collector": _sinks,
    "worker": _worker,
    "jobs": _jobs,
    "lineage": _lineage,
    "registry": _registries,
}


def summary(found: list[Finding]) -> dict[str, Any]:
    """The findings and whether all is well, as JSON."""
    return {"well": not any(each.bad for each in found), "findings": [each.as_dict() for each in found]}
