"""Several writers and several sequencers at once, on real transactions."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, transaction

from audit import actor, log, selectors, sequence
from audit.canonical import parse
from audit.models import Checkpoint, Entry, Leaf, Pending
from jobs import selectors as clock

pytestmark = pytest.mark.django_db(transaction=True)


class ChangedMindError(Exception):
    """Rolls a business transaction back."""


def together(*calls: Callable[[], None]) -> None:
    """Run each in a thread with its own connection; raise what any of them raised."""
    errors: list[BaseException] = []

    def run(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - handed to the test below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(each,)) for each in calls]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if errors:
        raise errors[0]


def write(worker: int, count: int, kept: list[int]) -> None:
    dice = random.Random(worker)
    for each in range(count):
        try:
            with transaction.atomic():
                entry = log.append(
                    actor=actor.system(), action="thing.happened", at=clock.now(),
                    subjects=[f"worker:{worker}", f"model:{each % 3}"],
                )  # fmt: skip
                time.sleep(dice.random() / 200)
                if dice.random() < 0.2:
                    raise ChangedMindError
        except ChangedMindError:
            continue
        kept.append(entry.pk)


def keep_numbering(done: threading.Event) -> None:
    while not done.is_set():
        sequence.run_once(clock.now())


def test_what_was_committed_is_numbered_once_and_nothing_else(data_dir: Path) -> None:
    kept: list[int] = []
    done = threading.Event()

    def writers() -> None:
        try:
            together(*(lambda n=n: write(n, 15, kept) for n in range(4)))
        finally:
            done.set()

    together(writers, lambda: keep_numbering(done), lambda: keep_numbering(done))
    sequence.run_once(clock.now())
    assert sorted(kept) == sorted(Entry.objects.values_list("pk", flat=True))
    assert sorted(kept) == sorted(Leaf.objects.values_list("entry_id", flat=True))
    assert list(Leaf.objects.order_by("seq").values_list("seq", flat=True)) == list(range(len(kept)))
    assert not Pending.objects.exists()
    assert selectors.latest().size == len(kept)
    for number in range(4):
        chain = [
            link
            for leaf in Leaf.objects.order_by("seq")
            for link in parse(bytes(leaf.body))["subjects"]
            if link["id"] == f"worker:{number}"
        ]
        assert [each["subj_seq"] for each in chain] == list(range(len(chain)))


@pytest.mark.postgresql  # SQLite has one writer at a time, so commits follow ids
def test_an_entry_committed_late_is_not_passed_over(data_dir: Path) -> None:
    """Numbers follow commits: an earlier id that commits after a later one was numbered still gets its own."""
    offered, numbered = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            log.append(actor=actor.system(), action="thing.slow", subjects=[], at=clock.now())
            offered.set()
            numbered.wait(10)

    def quick() -> None:
        offered.wait(10)
        with transaction.atomic():
            log.append(actor=actor.system(), action="thing.quick", subjects=[], at=clock.now())
        sequence.run_once(clock.now())
        numbered.set()

    together(slow, quick)
    sequence.run_once(clock.now())
    assert list(Leaf.objects.order_by("seq").values_list("entry__action", flat=True)) == ["thing.quick", "thing.slow"]


def test_while_one_works_another_does_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(0, 3, [])
    inside, leave = threading.Event(), threading.Event()
    real = sequence._grow

    def slow(*args: int) -> None:
        inside.set()
        leave.wait(10)
        real(*args)

    monkeypatch.setattr(sequence, "_grow", slow)
    found: list[int] = []

    def other() -> None:
        inside.wait(10)
        found.append(sequence.run_once(clock.now()))
        leave.set()

    together(lambda: found.append(sequence.run_once(clock.now())), other)
    assert found[0] == 0
    assert found[1] == Leaf.objects.count() == selectors.latest().size


def test_a_started_sequencer_publishes_by_itself_and_stops(data_dir: Path) -> None:
    stop = threading.Event()
    thread = sequence.start(stop)
    try:
        write(0, 3, [])
        patience = time.monotonic() + 60
        written = Entry.objects.count()
        while not Checkpoint.objects.filter(size=written).exists() and time.monotonic() < patience:
            time.sleep(0.05)
        assert selectors.latest().size == written > 0
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def test_a_sequencer_survives_what_keeps_it_from_working(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "EVERY", 0.05)
    (data_dir / "audit.key").rename(data_dir / "away")
    write(0, 3, [])
    stop = threading.Event()
    thread = sequence.start(stop)
    try:
        time.sleep(0.3)
        assert Pending.objects.exists()
        (data_dir / "away").rename(data_dir / "audit.key")
        patience = time.monotonic() + 60
        while Pending.objects.exists() and time.monotonic() < patience:
            time.sleep(0.05)
        assert not Pending.objects.exists()
    finally:
        stop.set()
        thread.join(5)
