"""A worker's threads take their turns again and again, whatever goes wrong in one of them."""

import logging
import threading
import time

import pytest
from django.db import connection

from jobs import rounds

pytestmark = pytest.mark.django_db(transaction=True)
log = logging.getLogger("attestry.rounds")


def begun(turn, until, **how):
    """Let a thread take turns until `until` says that it is enough."""
    stop = threading.Event()
    thread = rounds.start(stop, "somebody", turn, trouble="It cannot go on:", log=log, **how)
    end = time.monotonic() + 10
    while not until() and time.monotonic() < end:
        time.sleep(0.005)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert until()


def test_what_goes_wrong_is_told_once_for_as_long_as_it_is_the_same(caplog):
    turns = []

    def turn():
        turns.append(time.monotonic())
        if len(turns) not in {3, 4}:
            raise ValueError("full" if len(turns) < 6 else "broken")

    begun(turn, lambda: len(turns) >= 8)
    told = [record.exc_info[1].args for record in caplog.records]
    assert told[:3] == [("full",), ("full",), ("broken",)]
    assert len(told) == 3
    assert caplog.records[0].getMessage().startswith("It cannot go on:")


def test_what_turns_hold_is_let_go_after_an_error_and_at_the_end_and_the_connection_is_a_new_one():
    seen, left = [], []

    def turn():
        connection.ensure_connection()
        seen.append(connection.connection)
        if len(seen) == 2:
            raise ValueError("gone")

    begun(turn, lambda: len(seen) >= 4, leave=lambda: left.append(len(seen)))
    assert seen[0] is seen[1]
    assert seen[1] is not seen[2]
    assert seen[2] is seen[3]
    assert left[0] == 2
    assert len(left) == 2


class Hurried(threading.Event):
    """Remembers for how long it was to be waited for, and does not wait."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def wait(self, timeout=None):
        self.asked.append(timeout)
        return len(self.asked) > 3


def waited(*took, **how):
    """For how long a thread wanted to wait after turns that took so many seconds."""
    stop, left = Hurried(), iter(took)
    rounds.start(stop, "somebody", lambda: time.sleep(next(left)), trouble="", log=log, **how).join(10)
    return stop.asked[1:]


def test_a_turn_begins_so_long_after_the_one_before_began():
    after_long, *after_short = waited(0.5, 0, 0, every=60)
    assert after_long <= 59.5
    assert all(59.5 < asked <= 60 for asked in after_short)


def test_a_turn_rests_after_the_one_before_ended():
    assert waited(0.1, 0, 0, rest=60) == [60, 60, 60]
    assert waited(0.2, 0, 0, every=60, rest=59.9)[0] == 59.9


def test_whoever_is_told_to_stop_while_it_rests_stops_at_once():
    stop = threading.Event()
    thread = rounds.start(stop, "somebody", lambda: None, trouble="", log=log, rest=60)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
