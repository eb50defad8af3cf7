"""Runs a scan's child process and watches it; whatever becomes of the child, the parent gets an answer."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

CLOUD = ("AWS_", "GOOGLE_", "GCS_", "S3FS_", "FSSPEC_")
HOUSE = Path(__file__).resolve().parent.parent.parent
GRACE = 30
LONGEST_ANSWER = 64 * 1024 * 1024
QUIET = {
    "TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS": "", "REGEX_TIMEOUT_SECONDS": "2", "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1048576", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1",
}  # fmt: skip


@dataclass(frozen=True)
class Orders:
    """What to scan, and how much of the machine it may use: bytes of memory, seconds of work, rows, decoded bytes.

    `memory` is what the process may hold of its own; with its libraries it stays below 500 MB.
    """

    path: str
    roots: tuple[str, ...]
    seed: str
    known: str = ""
    stores: tuple[str, ...] = ()
    database: str = ""
    quasi: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    chosen: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    out: int = -1
    changes: tuple[tuple[str, str], ...] = ()
    key: str = ""
    memory: int = 430 * 1024**2
    seconds: int = 900
    rows: int = 200_000_000
    decoded: int = 64 * 1024**3


@dataclass(frozen=True)
class Answer:
    """What came of it: the child's `result`, or the code that says why there is none.

    `same`: the file is what it was when its digest was `known`, so it was not read.
    """

    result: dict[str, Any] | None
    why: str = ""
    same: bool = False


Progress = Callable[[float, str, int], None]


def run(orders: Orders, progress: Progress) -> Answer:
    """Scan in a child process of its own, telling `progress` (share, stage, count) at least every two seconds.

    The child is ended when it takes longer than its orders allow. It is never trusted with more than its orders: no
    settings, no database address, no secret reaches its environment, but for what it takes to read what they name: the
    keys of a store, or the address of the one database.
    """
    until = time.monotonic() + orders.seconds + GRACE
    last: tuple[float, str, int] = (0.0, "starting", 0)
    with _child(orders) as child:
        for line in _lines(child, until):
            if line is not None and "result" in line:
                return Answer(line["result"])
            if line is not None and "same" in line:
                return Answer(None, same=True)
            if line is not None and "refused" in line:
                return Answer(None, str(line["refused"]))
            last = last if line is None else (float(line["progress"]), str(line["words"]), int(line["count"]))
            progress(*last)
        late = time.monotonic() >= until
    return Answer(None, "pii.too_slow" if late else _died(child.returncode))


@contextmanager
def _child(orders: Orders) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "governance.pii.examine"]
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV") if name in os.environ}
    if "://" in orders.path and not orders.path.startswith("sql://"):
        keep |= {name: value for name, value in os.environ.items() if name.startswith(CLOUD)}
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module; the orders go by standard input
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=HOUSE,
        pass_fds=(orders.out,) if orders.out >= 0 else (),
        env={**keep, **QUIET, "PYTHONPATH": str(HOUSE)},
    )
    assert child.stdin and child.stdout
    try:
        child.stdin.write(json.dumps(asdict(orders)).encode() + b"\n")
        child.stdin.flush()
        yield child
    except BrokenPipeError:
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        with suppress(BrokenPipeError):  # what it never read is still to be written
            child.stdin.close()


def _lines(child: subprocess.Popen[bytes], until: float) -> Iterator[dict[str, Any] | None]:
    """The child's lines as they come, `None` for every two seconds of silence, nothing after its end or the time."""
    assert child.stdout
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_pump, args=(child.stdout, lines), daemon=True).start()
    while time.monotonic() < until:
        try:
            line = lines.get(timeout=2)
        except queue.Empty:
            yield None
            continue
        if not line.endswith(b"\n"):
            _await_end(child)
            return
        yield json.loads(line)


def _await_end(child: subprocess.Popen[bytes]) -> None:
    """Give a child that says nothing more a moment to end by itself, so that its exit says why."""
    try:
        child.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _pump(pipe: IO[bytes], lines: "queue.Queue[bytes]") -> None:
    try:
        while line := pipe.readline(LONGEST_ANSWER):
            lines.put(line)
    except ValueError:
        pass
    lines.put(b"")


def _died(code: int | None) -> str:
    """Why a child that said nothing more is gone."""
    if code in (-24, 152):
        return "pii.too_slow"
    return "pii.too_much_memory" if code in (71, -9, 1, -6, 134, 137) else "pii.child_died"
