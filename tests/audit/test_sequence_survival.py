"""SIGKILL, for real, before and after every step of the sequencer; a full disk; a full database."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from audit import actor, log, selectors, sequence, sidecar, verify
from audit.models import Checkpoint, Entry, Leaf, Pending
from jobs import selectors as clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PARENT = """
import os, pathlib, signal, sys
import django
django.setup()
from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
settings.DATA_DIR = pathlib.Path(sys.argv[1])
settings.AUDIT_KEY_FILE = settings.DATA_DIR / "audit.key"
connection.settings_dict["NAME"] = sys.argv[2]
from audit import bulk, keys, selectors, sequence, sidecar
from jobs import selectors as clock

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def child(place, name, nth, after):
    sequence.FULL = selectors.FULL = 4
    owner, real, calls = eval(place), None, [0]
    real = getattr(owner, name)
    def deadly(*args, **rest):
        calls[0] += 1
        if calls[0] == nth and not after:
            die()
        found = real(*args, **rest)
        if calls[0] == nth:
            die()
        return found
    setattr(owner, name, deadly)
    sequence.run_once(clock.now())

for line in sys.stdin:
    place, name, nth, after = line.split()
    pid = os.fork()
    if not pid:
        child(place, name, int(nth), after == "after")
        os._exit(0)
    print(os.waitpid(pid, 0)[1], flush=True)
"""
STEPS = [
    ("sequence", "_insert_leaves", 1),
    ("sequence", "_insert_trails", 1),
    ("sequence.bulk", "move_heads", 1),
    ("sequence.Tile.objects", "bulk_create", 1),
    ("sequence.Tile.objects", "bulk_create", 2),
    ("sequence", "_take_off", 1),
    ("BaseDatabaseWrapper", "_commit", 1),
    ("keys.Signer", "sign", 1),
    ("os", "fsync", 1),
    ("pathlib.Path", "replace", 1),
    ("os", "fsync", 2),
    ("sequence.Checkpoint.objects", "create", 1),
    ("BaseDatabaseWrapper", "_commit", 2),
]


@pytest.fixture
def killed(data_dir: Path) -> Iterator[Callable[[str], int]]:
    """Run a sequencer in a process of its own that is killed at a step; returns the signal that ended it."""
    words = [sys.executable, "-c", PARENT, str(data_dir), str(connection.settings_dict["NAME"])]
    parent = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert parent.stdin and parent.stdout

    def run(step: str) -> int:
        parent.stdin.write(step + "\n")
        parent.stdin.flush()
        return os.WTERMSIG(int(parent.stdout.readline()))

    yield run
    parent.communicate(timeout=10)


def offer(count: int) -> list[int]:
    kept = []
    for each in range(count):
        with transaction.atomic():
            entry = log.append(
                actor=actor.system(), action="thing.happened", at=clock.now(), subjects=[f"model:{each % 3}"]
            )
        kept.append(entry.pk)
    return kept


def whole(kept: list[int]) -> None:
    """Everything acknowledged is numbered exactly once, sealed, and the whole log verifies."""
    assert kept == list(Entry.objects.order_by("pk").values_list("pk", flat=True))
    assert sorted(kept) == sorted(Leaf.objects.values_list("entry_id", flat=True))
    assert list(Leaf.objects.order_by("seq").values_list("seq", flat=True)) == list(range(len(kept)))
    assert not Pending.objects.exists()
    assert selectors.latest().size == sidecar.recall().checkpoint.size == len(kept)
    assert verify.database().faults == []


def test_killed_before_or_after_any_step_the_next_run_goes_on(
    killed: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sequence, selectors, verify):
        monkeypatch.setattr(module, "FULL", 4)
    kept = offer(14)
    sequence.run_once(clock.now())
    for place, name, nth in STEPS:
        for when in ("before", "after"):
            kept += offer(16)
            assert killed(f"{place} {name} {nth} {when}") == signal.SIGKILL, (place, name, nth, when)
            assert selectors.hindrance() is None
            acknowledged = selectors.latest()
            sequence.run_once(clock.now())
            assert Checkpoint.objects.get(pk=acknowledged.pk).note == acknowledged.note
            whole(kept)


def test_with_no_room_for_the_memory_nothing_is_published_until_there_is(data_dir: Path) -> None:
    kept = offer(3)
    sequence.run_once(clock.now())
    kept += offer(4)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    real = sidecar.remember

    def without_room(*args: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
        try:
            real(*args)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    try:
        sidecar.remember = without_room
        with pytest.raises(OSError, match="File too large"):
            sequence.run_once(clock.now())
    finally:
        sidecar.remember = real
        signal.signal(signal.SIGXFSZ, previous)
    assert sidecar.recall().checkpoint.size == selectors.latest().size == 3
    sequence.run_once(clock.now())
    whole(kept)


@pytest.mark.sqlite
def test_in_a_full_database_nothing_is_half_numbered_and_it_goes_on_with_room(data_dir: Path) -> None:
    kept = offer(300)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA freelist_count")
        (free,) = cursor.fetchone()
        cursor.execute("CREATE TABLE filler (bytes)")
        cursor.execute(f"INSERT INTO filler VALUES (zeroblob({4096 * free}))")
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages + 2}")
        try:
            with pytest.raises(DatabaseError, match="full"):
                sequence.run_once(clock.now())
            with pytest.raises(DatabaseError, match="full"), transaction.atomic():
                for _ in range(200):
                    log.append(
                        actor=actor.system(), action="thing.happened", at=clock.now(), subjects=["model:1"],
                        about={"text": "x" * 5000},
                    )  # fmt: skip
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")
            cursor.execute("DROP TABLE filler")
    assert not Leaf.objects.exists()
    assert Pending.objects.count() == Entry.objects.count() == 300
    sequence.run_once(clock.now())
    whole(kept)
