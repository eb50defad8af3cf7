"""Run a handful of programs as one: start them, prefix what they say, bring them back, stop them all.

Knows nothing of Django or of Attestry. There is one thread and one loop, on purpose: the kernel's parent-death signal
follows the thread that forked, and forking from a program with threads is a gamble.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MARK = "ATTESTRY_SUPERVISED_BY"
"""Environment variable every child carries, so that what outlives a killed supervisor can be told from strangers."""

LONGEST_LINE = 65_536
STEADY_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """What to run: `restart` brings it back with a growing delay whenever it ends, whatever its exit code."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    restart: bool = True
    cwd: Path | None = None


def delay_before_restart(failures: int) -> float:
    """Seconds to wait before starting a program again: 0.5, 1, 2, ... and never more than 30."""
    return min(30.0, 0.5 * 2.0 ** min(failures, 10))


@dataclass
class Child:
    """A program and the process that runs it now, if one does."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    due: float | None = None
    pending: bytes = b""

    @property
    def alive(self) -> bool:
        """Whether its own process (not only a grandchild) is running."""
        return self.process is not None and self.process.poll() is None


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Start programs, pump their output, and end every process that carries `mark` when it is told to stop.

    `say` receives one finished line at a time, already prefixed. Use as a context manager from the main thread:
    leaving the block stops everything, however it is left.
    """

    def __init__(self, mark: str, say: Callable[[str], None]) -> None:
        """Remember what to call our children by, and where their words go."""
        self.mark = mark
        self.stopping = False
        self._impatient = False
        self._say = say
        self._children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()
        self._handlers: dict[int, object] = {}
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)

    def __enter__(self) -> Supervisor:
        """Take over the signals and end what an earlier, killed supervisor of the same mark left running."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, self._asked_to_stop)
        self._handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        sweep(self.mark)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything and give the signals back."""
        self.stop()
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _asked_to_stop(self, *_: object) -> None:
        self._impatient, self.stopping = self.stopping, True

    def start(self, program: Program) -> None:
        """Start `program` and keep it under watch from now on."""
        child = self._children.setdefault(program.name, Child(program))
        environment = {**os.environ, **program.env, MARK: self.mark}
        child.process = subprocess.Popen(  # noqa: S603 - our own command lines
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=program.cwd,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - this program has one thread
        )
        child.started, child.due = time.monotonic(), None
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def wait(self, until: Callable[[], bool], seconds: float | None = None, every: float = 0.2) -> bool:
        """Look after the children until `until()` holds; False when `seconds` pass or a stop is asked for first."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self.stopping:
            if until():
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
            self._turn(every)
        return False

    def run(self, program: Program) -> int | None:
        """Run `program` to its end while looking after the others; its exit code, or None when a stop came first."""
        self.start(program)
        child = self._children[program.name]
        finished = self.wait(lambda: not child.alive, every=1.0)
        code = child.process.returncode if finished and child.process else None
        if finished:
            self._close(child)
            del self._children[program.name]
        return code

    def forever(self) -> None:
        """Look after the children until a stop is asked for."""
        self.wait(lambda: False, every=5.0)

    def pids(self) -> dict[str, int]:
        """The process id of each child that is running."""
        return {name: child.process.pid for name, child in self._children.items() if child.process and child.alive}

    def _turn(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
            else:
                self._hear(key.data)
        for child in list(self._children.values()):
            self._tend(child)

    def _tend(self, child: Child) -> None:
        if child.alive or not child.program.restart or self.stopping:
            return
        now = time.monotonic()
        if child.due is None:
            assert child.process is not None
            self._close(child)
            child.failures = 0 if now - child.started > STEADY_SECONDS else child.failures + 1
            pause = delay_before_restart(max(child.failures - 1, 0))
            child.due = now + pause
            self._print(child, f"ended ({_ending(child.process.returncode)}); starting it again in {pause:g} s")
        elif now >= child.due:
            self.start(child.program)

    def _hear(self, child: Child) -> bool:
        """Pass on what the child has said; False when it had nothing to say."""
        assert child.process is not None and child.process.stdout is not None
        try:
            data = os.read(child.process.stdout.fileno(), LONGEST_LINE)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()
            return False
        *lines, child.pending = (child.pending + data).split(b"\n")
        if len(child.pending) > LONGEST_LINE:
            lines, child.pending = [*lines, child.pending], b""
        for line in lines:
            self._print(child, line.decode(errors="replace").rstrip("\r"))
        return True

    def _print(self, child: Child, line: str) -> None:
        self._say(f"{child.program.name:<8}| {line}")

    def _close(self, child: Child) -> None:
        """End what the child left behind in its own session, then say the last of its words."""
        if child.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        stdout = child.process.stdout
        while stdout is not None and not stdout.closed and self._hear(child):
            pass
        if stdout is not None and not stdout.closed:
            self._selector.unregister(stdout)
            stdout.close()
        if child.pending:
            self._print(child, child.pending.decode(errors="replace"))
            child.pending = b""

    def stop(self, grace: float = 20.0) -> None:
        """Ask every child to end, give them `grace` seconds together, then end what remains, grandchildren too.

        A second signal while waiting ends them at once.
        """
        self.stopping = True
        for child in self._children.values():
            if child.process is not None and child.alive:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while any(child.alive for child in self._children.values()):
            if self._impatient or time.monotonic() >= deadline:
                break
            self._turn(0.2)
        for child in self._children.values():
            self._close(child)
            if child.process is not None:
                child.process.wait()
        self._children.clear()
        sweep(self.mark)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def marked(mark: str) -> Iterator[int]:
    """Ids of the running processes, other than this one, whose environment carries `mark` (Linux; elsewhere none)."""
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int(entry.name) != os.getpid() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
        except OSError:
            continue


def sweep(mark: str, seconds: float = 5.0) -> None:
    """End every process that carries `mark`: ask first, and insist after two seconds."""
    begun = time.monotonic()
    while (left := list(marked(mark))) and time.monotonic() - begun < seconds:
        number = signal.SIGTERM if time.monotonic() - begun < 2 else signal.SIGKILL
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        time.sleep(0.1)


def python(*arguments: str) -> Sequence[str]:
    """The command line that runs this same interpreter with `arguments`."""
    return (sys.executable, *arguments)
