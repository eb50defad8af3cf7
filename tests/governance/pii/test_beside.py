"""A table divided between two processes is judged as one; a helper that ends early never makes it look clean."""

import os
import random
import resource
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from audit.refusals import Refused
from governance.pii import beside, examine
from governance.pii.sandbox import Orders
from governance.pii.tables import opened
from tests.governance.pii import tables


@pytest.fixture
def table(tmp_path: Path) -> Path:
    draw = random.Random(3)
    makers = (tables.email, tables.ssn, tables.name, tables.card, tables.day)
    rows = [",".join(make(draw) for make in makers) for _ in range(400)]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["mail,social,full_name,card,when", *rows]) + "\n")
    return path


def orders(path: Path) -> Orders:
    return Orders(path=str(path), roots=(str(path.parent),), seed="two", memory=4 * 1024**3)


def test_two_processes_say_what_one_says_in_the_order_of_the_columns(table: Path) -> None:
    with opened(orders(table)) as source:
        _alone, one = examine.judged(orders(table), source, parts=1)
        whole, two = examine.judged(orders(table), source, parts=2)
    assert two == one
    assert [each.verdict.path for each in two] == ["mail", "social", "full_name", "card", "when"]
    assert 0 < len(whole.columns) < 5
    assert whole.rows == 400


def test_what_two_have_no_memory_for_one_does_alone(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(orders(table)) as source:
        _alone, one = examine.judged(orders(table), source, parts=1)
        plain = examine.take

        def starve(into: examine.Table, *rest: Any) -> int:
            if into.part == 1:
                raise MemoryError
            return plain(into, *rest)

        monkeypatch.setattr(examine, "take", starve)
        whole, again = examine.judged(orders(table), source, parts=2)
    assert again == one and len(whole.columns) == 5


def test_a_table_whose_second_process_was_ended_has_no_verdict(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = beside._begin

    def ended(*told: Any) -> Any:
        found = begun(*told)
        os.kill(found.pid, signal.SIGKILL)
        return found

    monkeypatch.setattr(beside, "_begin", ended)
    with opened(orders(table)) as source, pytest.raises(Refused, match=r"pii.child_died"):
        examine.judged(orders(table), source, parts=2)


def test_a_second_process_gives_way_with_the_first_and_leaves_the_limits_as_they_were(table: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(KeyError), beside.helper(signal.pause, orders(table)) as helper:
        pid = helper.pid
        assert Path(f"/proc/{pid}").exists()
        raise KeyError
    assert not Path(f"/proc/{pid}").exists()
    assert resource.getrlimit(resource.RLIMIT_DATA) == limits


def test_the_second_process_ends_when_the_first_is_killed(tmp_path: Path) -> None:
    said = tmp_path / "pid"
    first = os.fork()
    if first == 0:
        with beside.helper(signal.pause, orders(tmp_path)) as helper:
            said.write_text(str(helper.pid))
            signal.pause()
        os._exit(0)
    until = time.monotonic() + 20
    while not (said.exists() and said.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    while alive(said.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(said.read_text())


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_time_of_both_is_counted_together(monkeypatch: pytest.MonkeyPatch, table: Path) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, which: ended.append(which))
    with table.open("rb") as pipe:
        busy = beside.Helper(os.getpid(), pipe)
        assert busy.spent() > 0
        monkeypatch.setattr(time, "sleep", lambda _seconds: setattr(busy, "pid", 0))
        beside._count(busy, seconds=0)
        assert ended == [signal.SIGXCPU]
        busy.pid = os.getpid()
        beside._count(busy, seconds=3600)
    assert len(ended) == 1


def test_what_a_second_process_could_not_do_is_done_alone(table: Path) -> None:
    for way in (lambda: 1 / 0, os.abort):
        with pytest.raises(beside.Alone), beside.helper(way, orders(table)) as helper:
            helper.result()


def test_two_that_did_not_read_the_same_say_nothing(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = examine.read

    def cut(*told: Any) -> examine.Table:
        found = plain(*told)
        found.gaps |= {"pii.broken_midway": 1} if found.part == 1 else {}
        return found

    monkeypatch.setattr(examine, "read", cut)
    with opened(orders(table)) as source:
        whole, _found = examine.judged(orders(table), source, parts=2)
    assert len(whole.columns) == 5 and not whole.gaps


def test_a_small_file_is_not_worth_a_second_process(table: Path) -> None:
    with table.open("rb") as file:
        assert not beside.worth(file)
