"""A clock that jumps is told of; the log goes on whatever the time is."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from audit import selectors, sequence, timekeeping
from audit.models import Entry, Leaf
from audit.timekeeping import Watch, jump

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def told() -> list[dict]:
    rows = Entry.objects.filter(action="audit.clock_jumped").order_by("pk")
    return [json.loads(bytes(each.body))["about"] for each in rows]


@pytest.mark.parametrize(
    ("seconds", "jumped"), [(0, False), (60, False), (61, True), (-1, False), (-1.5, True), (-3600, True)]
)
def test_a_second_back_or_a_minute_ahead_is_no_jump(seconds: float, jumped: bool, now: datetime) -> None:
    assert (jump(now, now + timedelta(seconds=seconds)) is not None) == jumped


def test_a_clock_that_runs_with_ours_says_nothing(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()
    watch.look(now)
    ticked = timekeeping.time.monotonic()
    monkeypatch.setattr(timekeeping.time, "monotonic", lambda: ticked + 3600)
    assert watch.look(now + HOUR) is None
    assert told() == []


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_jump_is_told_once_however_many_notice(by: timedelta, now: datetime) -> None:
    watches = [Watch(), Watch()]
    for each in watches:
        each.look(now)
    assert all(each.look(now + by) is not None for each in watches)
    assert [abs(each["seconds"] - by.total_seconds()) <= 2 for each in told()] == [True]


def test_a_clock_set_back_while_nothing_ran_is_seen_against_the_newest_checkpoint(
    sequenced: Callable, now: datetime
) -> None:
    sequenced(3)
    assert Watch().look(now - HOUR) == -HOUR
    assert [each["seconds"] for each in told()] == [-3600]


def test_with_the_clock_set_back_numbers_go_on_and_a_checkpoint_is_signed(
    sequenced: Callable, offer: Callable, now: datetime
) -> None:
    sequenced(3)
    offer(at=now - HOUR)
    assert sequence.run_once(now - HOUR) == 1
    assert selectors.latest().size == 4 == Leaf.objects.count()
