"""Run `attestry` as people do, in processes of its own, over a data directory of the test's own."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
INHERITED = ("DATABASE_URL", "BROKER_URL", "ATTESTRY_URL", "ATTESTRY_TOKEN", "ATTESTRY_BASE_URL", "ATTESTRY_SCAN_ROOTS")
NUMBER_ENTRIES = """
import django; django.setup()
from audit import sequence
from jobs import selectors
while sequence.run_once(selectors.now()): pass
"""
FIND_ENTRIES = """
import sys; import django; django.setup()
from audit import filters, models
print(filters.apply(models.Entry.objects, filters.Wanted(q=sys.argv[1])).count())
"""


def environment(data: Path, **more: str) -> dict[str, str]:
    """This process's environment, without what would lead elsewhere."""
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
    told = {"ATTESTRY_DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "portal.settings", "PYTHONPATH": str(ROOT)}
    return {**kept, **told, **more}


def attestry(*arguments: str, data: Path, timeout: float = 120, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "portal.cli", *arguments], env=environment(data, **more), cwd=data.parent,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


def number_entries(data: Path, **more: str) -> None:
    """Let the sequencer do its work once, without a worker."""
    subprocess.run([sys.executable, "-c", NUMBER_ENTRIES], env=environment(data, **more), check=True, cwd=data.parent)


def entries_found(data: Path, words: str, **more: str) -> int:
    """How many entries of the log have these words."""
    call = [sys.executable, "-c", FIND_ENTRIES, words]
    done = subprocess.run(call, env=environment(data, **more), check=True, cwd=data.parent, capture_output=True)
    return int(done.stdout)


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str, token: str = "", timeout: float = 10) -> tuple[int, Any]:
    """The status and body (parsed when it is JSON) of a GET on this machine; status 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if "json" in answer.headers.get("Content-Type", "") else body
    except (OSError, http.client.HTTPException):
        return 0, None
    finally:
        connection.close()


def eventually(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """What `condition` returns once it is true; the last thing it returned when time is up."""
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return value


def ready(port: int) -> bool:
    """Whether the portal on that port says it is ready."""
    return get(port, "/readyz")[0] == 200


@contextlib.contextmanager
def running(*arguments: str, data: Path, log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that stays; it is asked to stop at the end, and must leave none of its processes behind."""
    with log.open("ab") as sink:
        process = _start(arguments, data, sink, more)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _start(arguments: tuple[str, ...], data: Path, sink: IO[bytes], more: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "portal.cli", *arguments], env=environment(data, **more), cwd=data.parent,
        stdout=sink, stderr=sink, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
