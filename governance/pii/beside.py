"""A second process beside a scan's own, for some of its columns: the recognisers hold the interpreter's lock.

The two share what one alone may use: each gets part of the memory that is left, their time is counted together, and the
second one ends with the first, whatever ends that. It says nothing but what it hands over at its end.
"""

import ctypes
import os
import pickle
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from audit.refusals import Refused
from governance.pii.sandbox import Orders

WORTH = 4 * 1024 * 1024
DIE_WITH_PARENT = 1
PART = 0.5
LOOK_EVERY = 0.5
LARGEST_FOOTER = 256 * 1024


def worth(file: IO[bytes]) -> bool:
    """The file is large and plain enough, there are processors enough, and its bytes can be read twice side by side."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        return False
    place, size = file.fileno(), os.fstat(file.fileno()).st_size
    if size < WORTH or not os.path.exists(_again(file)):
        return False
    head, tail = os.pread(place, 6, 0), os.pread(place, 8, size - 8)
    if head.startswith(b"PAR1"):
        return int.from_bytes(tail[:4], "little") <= LARGEST_FOOTER  # each would take it apart
    return not head.startswith((b"\x1f\x8b", b"ARROW1", b"\xff\xff\xff\xff"))


def reopened(file: IO[bytes]) -> IO[bytes]:
    """The same open file with a place of its own to read at."""
    return open(_again(file), "rb")


def _again(file: IO[bytes]) -> str:
    return f"/proc/self/fd/{file.fileno()}"


class Alone(Exception):
    """What two could not do together, one is to do alone, with all of the memory."""


@dataclass
class Helper:
    """A process that works on its part and then hands over what came of it."""

    pid: int
    pipe: IO[bytes]

    def result(self) -> Any:
        """What it found; refused where it was ended without that: its part was not examined."""
        told = self.pipe.read()
        _pid, status = os.waitpid(self.pid, 0)
        self.pid = 0
        code = os.waitstatus_to_exitcode(status)
        if code > 0 or code == -signal.SIGABRT:
            raise Alone
        if code:
            raise Refused("pii.child_died")
        return pickle.loads(told)  # noqa: S301 - from our own process, over a pipe that nobody else has

    def spent(self) -> float:
        """Its processor time in seconds; none once it is gone."""
        with suppress(OSError, IndexError, ValueError):
            words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def end(self) -> None:
        """Nothing of it is left."""
        self.pipe.close()
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


@contextmanager
def helper(work: Callable[[], Any], orders: Orders) -> Iterator[Helper]:
    """Work in a copy of this process while this one goes on, both within what the orders allow one."""
    usual = resource.getrlimit(resource.RLIMIT_DATA)
    share = _share(orders.memory), usual[1]
    beside = _begin(work, share)
    threading.Thread(target=_count, args=(beside, orders.seconds), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_DATA, share)  # a thread that has no memory to begin with would be waited for
    try:
        yield beside
    finally:
        beside.end()
        resource.setrlimit(resource.RLIMIT_DATA, usual)


def _share(memory: int) -> int:
    """What each may hold: what is there, which they have in common until one writes to it, and part of the rest."""
    there = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData:"))
    held = 1024 * int(there.split()[1])
    return held + int(PART * max(0, memory - held))


def _count(beside: Helper, seconds: float) -> None:
    """End this process, and the other one with it, when both together took the time that one may."""
    while beside.pid:
        if time.process_time() + beside.spent() > seconds:
            os.kill(os.getpid(), signal.SIGXCPU)
        time.sleep(LOOK_EVERY)


def _begin(work: Callable[[], Any], share: tuple[int, int]) -> Helper:
    out, into = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(into)
        return Helper(pid, os.fdopen(out, "rb"))
    code = 70
    try:
        os.close(out)
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_DATA, share)
        if os.getppid() == parent:
            with os.fdopen(into, "wb") as pipe:
                pickle.dump(work(), pipe)
            code = 0
    except BaseException:  # noqa: BLE001, S110 - nothing of what went wrong may be told: it could quote values
        pass
    finally:
        os._exit(code)
