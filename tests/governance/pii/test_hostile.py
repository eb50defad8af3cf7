"""Hostile files, scanned by the real child process: bounded memory, and always a verdict that says what happened."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from governance.pii import places, services
from governance.pii.models import Scan
from governance.pii.sandbox import QUIET, Answer, Orders, run
from tests.governance.pii import hostile

MOST = 500
TIME = 240


@dataclass
class Seen:
    """The most memory that the scan's child held, in MB."""

    peak: int = 0


def children() -> Iterator[Path]:
    """The scan's child processes of this one."""
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        try:
            for pid in (task / "children").read_text().split():
                if b"governance.pii.examine" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    yield Path("/proc") / pid
        except OSError:
            continue


@contextmanager
def watched() -> Iterator[Seen]:
    """Keep reading the child's high-water mark, which the kernel keeps, until the block ends."""
    seen, done = Seen(), threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            for process in children():
                try:
                    lines = (process / "status").read_text().splitlines()
                except OSError:
                    continue
                for line in lines:
                    if line.startswith("VmHWM:"):
                        seen.peak = max(seen.peak, int(line.split()[1]) // 1024)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def scanned(path: Path) -> Answer:
    """Scan in a child under the limits that every scan has; at most 500 MB, in minutes."""
    began = time.monotonic()
    with watched() as seen:
        answer = run(Orders(path=str(path), roots=(str(path.parent),), seed="1"), lambda *_: None)
    assert 20 < seen.peak < MOST, f"{seen.peak} MB"
    assert time.monotonic() - began < TIME
    return answer


def said(answer: Answer) -> tuple[str, frozenset[str]]:
    """The verdict, and the codes that say why: of the scan and of its columns."""
    if answer.result is None:
        return ("unreadable" if answer.why in services.UNREADABLE else "incomplete"), frozenset({answer.why})
    columns = {code for column in answer.result["columns"] for code in column["why"]}
    return answer.result["verdict"], frozenset(answer.result["gaps"]) | columns


CASES: list[tuple[str, Callable[[Path], None], str, str]] = [
    ("bomb.parquet", hostile.parquet_bomb, "clean_full", ""),
    ("words.parquet", hostile.dictionary_bomb, "incomplete", "pii.too_much_memory"),
    ("bomb.csv.gz", hostile.gzip_bomb, "clean_full", ""),
    ("line.csv", hostile.long_line, "incomplete", "pii.broken_midway"),
    ("line.jsonl", hostile.long_json_line, "incomplete", "pii.line_too_long"),
    ("braces.jsonl", hostile.braces, "incomplete", "pii.no_rows"),
    ("ragged.csv", hostile.ragged, "incomplete", "pii.ragged_rows"),
    ("wide.csv", hostile.million_columns, "incomplete", "pii.too_many_columns"),
    ("wide.jsonl", hostile.million_keys, "incomplete", "pii.too_many_columns"),
    ("wide.parquet", hostile.wide_parquet, "incomplete", "pii.too_many_columns"),
    ("wide.arrow", hostile.wide_arrow, "incomplete", "pii.too_many_columns"),
    ("cut.parquet", hostile.truncated, "unreadable", "pii.broken_file"),
    ("dots.csv", hostile.dots, "incomplete", "pii.slow_values"),
    ("long.csv", hostile.long_cells, "incomplete", "pii.long_cells"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "make", "verdict", "why"), CASES, ids=[each[0] for each in CASES])
def test_a_hostile_file_ends_in_a_verdict_that_says_why(
    tmp_path: Path, name: str, make: Callable[[Path], None], verdict: str, why: str
) -> None:
    make(tmp_path / name)
    seen, because = said(scanned(tmp_path / name))
    assert seen == verdict
    assert because == ({why} if why else set())


def test_the_parquet_bomb_is_as_small_as_they_come(tmp_path: Path) -> None:
    hostile.parquet_bomb(tmp_path / "bomb.parquet")
    assert (tmp_path / "bomb.parquet").stat().st_size < 800


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_flipped_bits_never_end_a_worker_or_read_as_whole_by_accident(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "flipped.parquet"
    whole = hostile.flipped(path, seed)
    answer = scanned(path)
    verdict, because = said(answer)
    assert verdict in {"incomplete", "unreadable"} or (answer.result or {})["rows"] == whole
    assert because or verdict not in {"incomplete", "unreadable"}


@pytest.mark.slow
def test_a_link_that_is_swapped_all_the_time_leads_nowhere_else(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "good.csv").write_text("a\n" + "1\n" * 10)
    (outside / "secret.csv").write_text("a\n" + "1\n" * 77)
    link, done = root / "t.csv", threading.Event()

    def swap() -> None:
        while not done.is_set():
            for target in (root / "good.csv", outside / "secret.csv"):
                (root / "next").symlink_to(target)
                (root / "next").replace(link)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        while not link.exists():
            time.sleep(0.01)
        for _ in range(2000):
            opened_inside(str(link), root)
        rows = {rows_of(run(Orders(str(link), (str(root),), "1"), lambda *_: None)) for _ in range(4)}
    finally:
        done.set()
        thread.join()
    assert rows <= {10, "pii.outside_roots", "pii.cannot_open", "pii.no_such_file"}


def opened_inside(path: str, root: Path) -> None:
    try:
        handle = places.open_file(path, [root])
    except places.Refused:
        return
    try:
        assert Path(os.readlink(f"/proc/self/fd/{handle}")) == root / "good.csv"
    finally:
        os.close(handle)


def rows_of(answer: Answer) -> int | str:
    return answer.result["rows"] if answer.result else answer.why


@pytest.mark.slow
def test_a_child_reaches_no_network_and_starts_no_program(tmp_path: Path) -> None:
    import subprocess
    import sys

    words = (
        "import socket, subprocess, os\n"
        "from governance.pii import examine\nfrom governance.pii.sandbox import Orders\n"
        "examine.limit(Orders('/', (), ''))\n"
        "here = ('127.0.0.1', 9)\n"
        "tries = [lambda: socket.create_connection(here), lambda: socket.getaddrinfo('localhost', 80),\n"
        "         lambda: subprocess.run(['true']), lambda: socket.socket(socket.AF_INET).connect(here)]\n"
        "for one in tries:\n"
        "    try:\n        one()\n    except Exception as error:\n"
        "        print(getattr(error, 'code', error), flush=True)\n"
        "os._exit(0)"
    )
    ours, theirs = os.pipe()  # a child whose standard input ends leaves with its parent
    try:
        done = subprocess.run(
            [sys.executable, "-c", words], capture_output=True, text=True, stdin=ours, timeout=60, check=False,
            env=os.environ | QUIET,
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.stdout.split() == ["pii.broken_inside"] * 4


def test_the_worker_lives_on_and_the_scan_says_what_happened(
    asset: Any, table: Path, people: SimpleNamespace, now: datetime, run_jobs: Any
) -> None:
    hostile.ragged(table)
    services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    run_jobs()
    scan = Scan.objects.get()
    assert (scan.state, scan.verdict, set(scan.why)) == ("done", "incomplete", {"pii.ragged_rows"})
    page = people.ann.client.get(f"/scans/{scan.pk}").content.decode()
    assert "rows have more or fewer fields than the header" in page
