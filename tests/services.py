"""Throwaway PostgreSQL and Redis for tests, and where the browser is. Nothing here installs anything.

Each server listens on a socket file in a folder of its own, never on a port, and is gone with its block.
This is also a pytest plugin, loaded before Django's settings, that gives the run a data directory of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

SERVICES = ("postgresql", "redis", "browser")
HOW_TO_GET = {
    "postgresql": "no initdb under /usr/lib/postgresql/*/bin or on PATH (Debian: apt-get install postgresql)",
    "redis": "no redis-server or valkey-server on PATH (Debian: apt-get install redis-server)",
    "browser": "no chromium-headless-shell or chromium on PATH (Debian: apt-get install chromium-headless-shell)",
}
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

EACH = "ATTESTRY_TEST_DATABASES"
"""Names the variable with a DATABASE_URL for each of the processes that share the tests, blanks between."""

if (_worker := os.environ.get("PYTEST_XDIST_WORKER")) and (_urls := os.environ.get(EACH, "").split()):
    os.environ["DATABASE_URL"] = _urls[int(_worker.removeprefix("gw"))]
os.environ["ATTESTRY_DATA_DIR"] = tempfile.mkdtemp(prefix="attestry-tests-")
atexit.register(shutil.rmtree, os.environ["ATTESTRY_DATA_DIR"], ignore_errors=True)
os.makedirs(os.path.join(os.environ["ATTESTRY_DATA_DIR"], "static"))
os.environ.setdefault("ATTESTRY_BASE_URL", "http://127.0.0.1:8000")
os.environ["ATTESTRY_LOG_LEVEL"] = "WARNING"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a second run leave out what the first one has shown already."""
    parser.addoption("--only-with-database", action="store_true", help="leave out tests that ask for no database")


class NotStarted(Exception):
    """A server that is installed did not come up; the message carries its own last words."""


def postgresql_folder() -> Path | None:
    """The folder of PostgreSQL's programs, the newest version first, or None."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    for folder in [*versions, *([Path(on_path).parent] if on_path else [])]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def redis_program() -> str | None:
    """Redis or Valkey, whichever is on PATH."""
    return shutil.which("redis-server") or shutil.which("valkey-server")


def browser_program() -> str | None:
    """A Chromium that pytest-playwright can be pointed at."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def missing() -> dict[str, str]:
    """The services that are not here, each with what would bring it."""
    found = {"postgresql": postgresql_folder(), "redis": redis_program(), "browser": browser_program()}
    return {name: HOW_TO_GET[name] for name in SERVICES if found[name] is None}


def _end_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(1, signal.SIGINT)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder with a name short enough for a socket file in it."""
    path = Path(tempfile.mkdtemp(prefix="att-", dir="/tmp" if Path("/tmp").is_dir() else None))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _serving(
    argv: list[str], log: Path, ready: Callable[[], bool], stop: signal.Signals, user: str | None
) -> Iterator[None]:
    with log.open("wb") as sink:
        process = subprocess.Popen(
            argv, stdout=sink, stderr=sink, stdin=subprocess.DEVNULL, user=user, group=_group(user),
            extra_groups=[] if user else None, preexec_fn=_end_with_parent, cwd=log.parent,  # noqa: PLW1509
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotStarted(f"{argv[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _group(user: str | None) -> int | None:
    return pwd.getpwnam(user).pw_gid if user else None


def _postgres_user() -> str | None:
    """The account to run PostgreSQL as: it refuses root, so root hands it to `postgres`."""
    return "postgres" if os.geteuid() == 0 else None


@contextlib.contextmanager
def postgresql(name: str = "attestry", *, lasting: bool = False) -> Iterator[str]:
    """A new cluster with an empty database `name`; yields its DATABASE_URL. A `lasting` one waits for its disk."""
    programs, user = postgresql_folder(), _postgres_user()
    if programs is None:
        raise NotStarted(HOW_TO_GET["postgresql"])
    with folder() as home:
        if user:
            os.chown(home, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        initdb = [str(programs / "initdb"), "-D", str(home / "data"), "-U", "attestry", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*initdb, "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, user=user, group=_group(user),
            extra_groups=[] if user else None, cwd=home,
        )  # fmt: skip
        quick = ["-c", "listen_addresses=", "-c", "max_connections=100"]
        quick += [] if lasting else ["-c", "fsync=off", "-c", "full_page_writes=off"]
        server = [str(programs / "postgres"), "-D", str(home / "data"), "-k", str(home), *quick]
        with _serving(server, home / "log", lambda: _answers(programs, home), signal.SIGINT, user):
            subprocess.run([str(programs / "createdb"), "-h", str(home), "-U", "attestry", name], check=True)
            yield f"postgresql://attestry@/{name}?host={quote(str(home), safe='/')}"


def _answers(programs: Path, home: Path) -> bool:
    call = [str(programs / "pg_isready"), "-q", "-h", str(home), "-U", "attestry", "-d", "template1"]
    return subprocess.run(call, check=False).returncode == 0


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A new, empty Redis; yields its BROKER_URL."""
    program = redis_program()
    if program is None:
        raise NotStarted(HOW_TO_GET["redis"])
    with folder() as home:
        socket = home / "redis.sock"
        argv = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(home)]
        with _serving(argv, home / "log", socket.exists, signal.SIGTERM, None):
            yield f"redis+socket://{socket}"


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[str]:
    """A throwaway PostgreSQL of these tests' own, whatever database the suite runs on."""
    if postgresql_folder() is None:
        pytest.skip(HOW_TO_GET["postgresql"])
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A throwaway Redis."""
    if redis_program() is None:
        pytest.skip(HOW_TO_GET["redis"])
    with redis() as url:
        yield url
