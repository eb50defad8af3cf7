import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from jobs import records, selectors, tasks
from jobs.dispatch import Dispatcher
from jobs.models import Job, Repeat
from portal.celery import CLOCK

pytestmark = pytest.mark.django_db


@pytest.fixture
def done() -> Iterator[list[str]]:
    """What the errand `test.note` was called with; it fails while told `boom`, and is away while told `away`."""
    calls: list[str] = []

    def note(work: tasks.Work, word: str) -> None:
        calls.append(word)
        if word == "boom":
            raise ValueError("a secret value")
        if word == "away":
            raise tasks.Away("The registry does not answer.")

    tasks.ERRANDS["test.note"] = note
    yield calls
    del tasks.ERRANDS["test.note"]


def test_owed_work_is_done_once(done: list[str]) -> None:
    job = records.enqueue("test.note", "a")
    assert tasks.run_due() == 1
    tasks.perform(str(job.pk))
    assert done == ["a"]
    assert Job.objects.get(pk=job.pk).state == Job.State.DONE


@pytest.mark.django_db(transaction=True)
def test_work_owed_outside_a_transaction_is_refused() -> None:
    with pytest.raises(records.OutsideTransaction):
        records.enqueue("test.note", "a")


@pytest.mark.django_db(transaction=True)
def test_work_owed_by_a_transaction_that_rolls_back_is_not_owed() -> None:
    def owes_and_fails() -> None:
        with transaction.atomic():
            records.enqueue("test.note", "a")
            raise LookupError

    with pytest.raises(LookupError):
        owes_and_fails()
    assert not Job.objects.exists()


def test_a_queued_twin_stands_for_both(done: list[str]) -> None:
    first = records.enqueue("test.note", "a", dedupe_key="k")
    assert records.enqueue("test.note", "a", dedupe_key="k").pk == first.pk
    tasks.run_due()
    records.enqueue("test.note", "a", dedupe_key="k")
    tasks.run_due()
    assert done == ["a", "a"]


def test_a_failure_waits_longer_each_time_and_keeps_no_message(done: list[str]) -> None:
    job = records.enqueue("test.note", "boom")
    tasks.run_due()
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED
    assert job.run_after > selectors.now()
    assert "ValueError" in job.error
    assert "secret" not in job.error


def test_the_last_failure_is_shown_and_can_be_retried(done: list[str]) -> None:
    job = records.enqueue("test.note", "boom")
    Job.objects.filter(pk=job.pk).update(attempts=7)
    tasks.run_due()
    job.refresh_from_db()
    assert job.state == Job.State.DEAD
    assert records.retry(str(job.pk), selectors.now())
    assert not records.retry(str(job.pk), selectors.now())


def test_what_is_away_does_not_count_as_a_failure(done: list[str]) -> None:
    job = records.enqueue("test.note", "away")
    tasks.run_due()
    job.refresh_from_db()
    assert (job.state, job.attempts, job.words) == (Job.State.QUEUED, 0, "The registry does not answer.")


def test_an_expired_lease_is_taken_back() -> None:
    job = records.enqueue("test.note", "a")
    at = selectors.now()
    assert records.claim(str(job.pk), "elsewhere:1", at)
    assert records.claim(str(job.pk), "here:2", at) is None
    assert records.reclaim(at, []) == 0
    assert records.reclaim(at + records.LEASE + timedelta(seconds=1), []) == 1


def test_the_lease_of_a_process_that_is_gone_is_taken_back_at_once() -> None:
    job = records.enqueue("test.note", "a")
    records.claim(str(job.pk), tasks.owner().rpartition(":")[0] + ":999999", selectors.now())
    assert records.reclaim(selectors.now(), tasks.gone_owners()) == 1


def test_a_clock_line_is_owed_once_per_turn(done: list[str]) -> None:
    at = selectors.now()
    table = {"watch": (20.0, "test.note")}
    for second in (0, 1, 19, 21):
        tasks.clock(table, at + timedelta(seconds=second))
        Job.objects.update(pending_key=None)
    assert Job.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_is_waited_for(done: list[str]) -> None:
    sent: list[str] = []

    def send(kind: str, pk: str) -> None:
        sent.append(pk)
        if len(sent) == 1:
            raise ConnectionError("no broker")

    for word in ("one", "two"):
        Job.objects.create(kind="test.note", args=[word])
    dispatcher = Dispatcher(send, {}, places=2)
    dispatcher.start()
    end = time.monotonic() + 10
    while len(sent) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    dispatcher.stopped.set()
    dispatcher.join(10)
    assert len(set(sent)) == 2


def test_long_errands_leave_a_place_for_short_ones(done: list[str]) -> None:
    tasks.ERRANDS["test.long"] = tasks.ERRANDS["test.note"]
    tasks.LONG.add("test.long")
    sent: list[str] = []
    for _ in range(3):
        records.enqueue("test.long", "slow")
    records.enqueue("test.note", "quick")
    dispatcher = Dispatcher(lambda kind, pk: sent.append(kind), {}, places=2)
    try:
        dispatcher.turn(sweep=True)
        dispatcher.turn(sweep=False)
    finally:
        del tasks.ERRANDS["test.long"]
        tasks.LONG.discard("test.long")
    assert sorted(sent) == ["test.long", "test.note"]


def test_work_put_off_stands_for_later_twins(done: list[str]) -> None:
    records.enqueue("test.note", "away", dedupe_key="k")
    tasks.run_due()
    records.enqueue("test.note", "away", dedupe_key="k")
    assert Job.objects.filter(state=Job.State.QUEUED).count() == 1


def test_work_put_off_behind_a_queued_twin_leaves_it_to_the_twin(done: list[str]) -> None:
    first = records.enqueue("test.note", "away", dedupe_key="k")
    claimed = records.claim(str(first.pk), "here:1", selectors.now())
    records.enqueue("test.note", "away", dedupe_key="k")
    assert claimed is not None
    records.postpone(claimed, selectors.now(), "later")
    assert Job.objects.get(pk=first.pk).state == Job.State.DONE
    assert Job.objects.filter(state=Job.State.QUEUED).count() == 1


def test_work_that_always_ends_its_worker_is_given_up() -> None:
    job = records.enqueue("test.note", "a")
    Job.objects.filter(pk=job.pk).update(attempts=7)
    at = selectors.now()
    records.claim(str(job.pk), "elsewhere:1", at)
    assert records.reclaim(at + records.LEASE + timedelta(seconds=1), []) == 0
    assert Job.objects.get(pk=job.pk).state == Job.State.DEAD


def test_answers_to_repeated_requests_are_forgotten_after_a_day_and_some_at_a_time(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "FORGOTTEN_AT_ONCE", 3)
    day = timedelta(days=1)
    ages = [day + timedelta(minutes=n) for n in (1, 2, 3, 4)] + [day - timedelta(minutes=1), timedelta(0)]
    for n, age in enumerate(ages):
        Repeat.objects.create(principal_id=uuid4(), key=str(n), asked="0" * 64, status=201, answer="{}", at=now - age)
    assert CLOCK["jobs.forget"][1] in tasks.ERRANDS
    for left in ({"0", "4", "5"}, {"4", "5"}, {"4", "5"}):
        with transaction.atomic():
            records.enqueue(CLOCK["jobs.forget"][1])
        assert tasks.run_due() == 1
        assert set(Repeat.objects.values_list("key", flat=True)) == left
