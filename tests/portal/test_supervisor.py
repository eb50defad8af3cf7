"""The supervisor, tried with real processes: it must lose no words, bring back the dead and leave nobody behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.supervisor import MARK, Program, Supervisor, delay_before_restart, marked, sweep

FOREVER = "import time\nwhile True: time.sleep(60)"
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)"


def script(name: str, code: str, *, restart: bool = True) -> Program:
    return Program(name, (sys.executable, "-u", "-c", textwrap.dedent(code)), restart=restart)


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@pytest.fixture
def mark(tmp_path: Path) -> str:
    return str(tmp_path)


@pytest.fixture
def lines() -> list[str]:
    return []


def test_every_line_is_said_with_the_name_in_front(mark: str, lines: list[str]) -> None:
    with Supervisor(mark, lines.append) as supervisor:
        code = supervisor.run(script("talker", "print('one')\nprint('two', end='')", restart=False))
    assert code == 0
    assert lines == ["talker  | one", "talker  | two"]


def test_a_flood_of_words_is_passed_on_whole(mark: str, lines: list[str]) -> None:
    with Supervisor(mark, lines.append) as supervisor:
        supervisor.run(script("flood", "for n in range(20000): print(n)", restart=False))
    assert lines == [f"flood   | {n}" for n in range(20000)]


def test_the_exit_code_of_a_program_run_once_is_returned(mark: str, lines: list[str]) -> None:
    with Supervisor(mark, lines.append) as supervisor:
        assert supervisor.run(script("failing", "raise SystemExit(7)", restart=False)) == 7


def test_a_killed_child_is_brought_back_and_said_so(mark: str, lines: list[str]) -> None:
    with Supervisor(mark, lines.append) as supervisor:
        supervisor.start(script("web", FOREVER))
        first = supervisor.pids()["web"]
        os.kill(first, signal.SIGKILL)
        assert supervisor.wait(lambda: supervisor.pids().get("web", first) != first, seconds=10)
    assert "web     | ended (killed by SIGKILL); starting it again in 0.5 s" in lines


def test_a_program_that_keeps_ending_is_retried_ever_more_slowly() -> None:
    delays = [delay_before_restart(failures) for failures in range(12)]
    assert delays == sorted(delays)
    assert delays[0] == 0.5
    assert delays[-1] == 30


def test_a_child_that_ends_takes_its_own_children_with_it(mark: str, lines: list[str]) -> None:
    parent = """
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(child.pid)
        time.sleep(60)
    """
    with Supervisor(mark, lines.append) as supervisor:
        supervisor.start(script("parent", parent))
        assert supervisor.wait(lambda: bool(lines), seconds=10)
        grandchild = int(lines[0].partition("| ")[2])
        os.kill(supervisor.pids()["parent"], signal.SIGKILL)
        assert supervisor.wait(lambda: not running(grandchild), seconds=10)


def test_stopping_ends_a_child_that_ignores_the_request(mark: str, lines: list[str]) -> None:
    with Supervisor(mark, lines.append) as supervisor:
        supervisor.start(script("deaf", DEAF))
        assert supervisor.wait(lambda: bool(lines), seconds=10)
        pid = supervisor.pids()["deaf"]
        supervisor.stop(grace=0.5)
        assert not running(pid)


def test_stopping_ends_a_grandchild_that_left_the_session(mark: str, lines: list[str]) -> None:
    parent = """
        import subprocess, sys, time
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True).pid)
        time.sleep(60)
    """
    with Supervisor(mark, lines.append) as supervisor:
        supervisor.start(script("parent", parent))
        assert supervisor.wait(lambda: bool(lines), seconds=10)
        grandchild = int(lines[0].partition("| ")[2])
        assert grandchild in marked(mark)
    assert eventually(lambda: not running(grandchild))


def test_what_a_killed_supervisor_left_running_is_ended_by_the_next(mark: str, lines: list[str]) -> None:
    stray = subprocess.Popen([sys.executable, "-c", FOREVER], env={**os.environ, MARK: mark})
    assert eventually(lambda: stray.pid in marked(mark))
    with Supervisor(mark, lines.append):
        assert stray.wait(timeout=5) == -signal.SIGTERM


def test_a_sweep_leaves_other_marks_alone(mark: str) -> None:
    other = subprocess.Popen([sys.executable, "-c", FOREVER], env={**os.environ, MARK: f"{mark}-other"})
    try:
        assert eventually(lambda: other.pid in marked(f"{mark}-other"))
        sweep(mark)
        assert running(other.pid)
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_the_children_and_ends_in_peace(number: int, mark: str) -> None:
    house = f"""
        import sys
        from portal.supervisor import Program, Supervisor
        with Supervisor({mark!r}, lambda line: None) as supervisor:
            supervisor.start(Program("web", (sys.executable, "-c", "import time; time.sleep(60)")))
            print(supervisor.pids()["web"], flush=True)
            supervisor.forever()
        print("stopped", flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(house)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.send_signal(number)
    assert process.stdout.read() == "stopped\n"
    assert process.wait(timeout=10) == 0
    process.stdout.close()
    assert not running(child)


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's own")
def test_children_follow_a_supervisor_that_is_killed_outright(mark: str) -> None:
    house = f"""
        import sys
        from portal.supervisor import Program, Supervisor
        with Supervisor({mark!r}, lambda line: None) as supervisor:
            supervisor.start(Program("web", (sys.executable, "-c", "import time; time.sleep(60)")))
            print(supervisor.pids()["web"], flush=True)
            supervisor.forever()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(house)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    assert eventually(lambda: not running(child))
