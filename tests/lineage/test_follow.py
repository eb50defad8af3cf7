"""What is kept is answered at once and in the tables soon; whoever reads finds all that was accepted before."""

import random
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.actor import Unavailable
from audit.models import Entry
from jobs.models import Job as Work
from jobs.tasks import run_due
from lineage import follow, rebuild, services
from lineage.models import Dataset, Edge, Owed, RawEvent, Run
from lineage.together import door
from tests.lineage.conftest import post
from tests.lineage.test_projection import picture, story, wipe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def followed(monkeypatch):
    """A process that leaves the tables to a worker."""
    monkeypatch.setattr(door, "after", follow.keep_pace)


@contextmanager
def another():
    """Somebody else, on a connection of their own, who projects all the while."""
    begun, over = threading.Event(), threading.Event()

    def hold():
        with follow._alone() as got:
            assert got
            begun.set()
            over.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(10)
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_an_event_is_answered_when_it_is_kept_and_in_the_log(followed, producer, say):
    assert post(producer, say("clean", ["/raw"], ["/clean"])).status_code == 201
    assert RawEvent.objects.count() == Owed.objects.count() == 1
    assert Entry.objects.filter(action="lineage.event_accepted").count() == 1
    assert not Dataset.objects.exists()
    assert follow.settle() == 1
    assert {one.name for one in Dataset.objects.all()} == {"/raw", "/clean"}
    assert Work.objects.filter(kind="catalog.discover").count() == 2
    assert not Owed.objects.exists()
    assert follow.settle() == 0


def test_whoever_reads_finds_what_was_accepted_before(followed, producer, people, say):
    post(producer, say("clean", ["/raw"], ["/clean"]))
    answer = people.ann.api.get("/api/v1/lineage", {"namespace": "file", "name": "/clean"})
    assert {node["name"] for node in answer.json()["nodes"]} == {"/raw", "clean", "/clean"}
    post(producer, say("derive", ["/clean"], ["/features"]))
    page = people.ann.client.get("/lineage", {"namespace": "file", "name": "/clean"})
    assert "/features" in page.content.decode()


def test_where_lineage_is_not_read_nobody_waits(followed, producer, people, say):
    post(producer, say("clean", ["/raw"], ["/clean"]))
    assert people.ann.client.get(reverse("settings")).status_code == 200
    assert Owed.objects.count() == 1


def test_owed_work_finds_what_was_accepted_before_it_began(followed, producer, say, monkeypatch):
    post(producer, say("clean", ["/raw"], ["/clean"]))
    seen = []
    monkeypatch.setitem(run_due.__globals__["ERRANDS"], "probe", lambda work: seen.append(Dataset.objects.count()))
    Work.objects.create(kind="probe")
    run_due()
    assert seen == [2]


def test_while_others_project_one_waits_for_them_and_not_for_ever(followed, producer, people, say, monkeypatch):
    post(producer, say("clean", ["/raw"], ["/clean"]))
    monkeypatch.setattr(follow.catch_up, "__defaults__", (0.2,))
    with another():
        assert follow.settle() == 0
        with pytest.raises(Unavailable, match="behind"):
            follow.catch_up()
        answer = people.ann.api.get("/api/v1/lineage", {"namespace": "file", "name": "/clean"})
        assert (answer.status_code, answer.json()["code"]) == (503, "lineage.behind")
        assert answer["Retry-After"]
        work = Work.objects.create(kind="probe", max_attempts=1)
        run_due()
        work.refresh_from_db()
        assert work.state == "queued"
    follow.catch_up()
    assert Dataset.objects.count() == 2


def test_the_order_and_size_of_turns_change_nothing(followed, producer, say, monkeypatch):
    events = story(say)
    door.after = follow.catch_up
    for event in events:
        post(producer, event)
    whole = picture()
    door.after = follow.keep_pace
    for size in (1, 4, 250):
        wipe()
        monkeypatch.setattr(follow, "BATCH", size)
        random.Random(size).shuffle(events)
        for event in events + events[:5]:
            post(producer, event)
        while follow.settle():
            pass
        assert picture() == whole


def test_an_event_without_a_time_happened_when_it_came(followed, producer, say):
    post(producer, say("clean", [], ["/clean"], eventTime=None))
    follow.settle()
    assert Dataset.objects.get().first_seen == RawEvent.objects.get().received_at


def test_a_large_event_has_a_turn_of_its_own(followed, producer, say, monkeypatch):
    monkeypatch.setattr(follow, "BYTES", 1000)
    for name in ("/a", "/b", "/c"):
        post(producer, say("job" + name, [], [name], tags=["x" * 600]))
    assert [follow.settle() for _ in range(4)] == [1, 1, 1, 0]


def test_what_cannot_be_written_now_stays_owed(followed, producer, say, monkeypatch):
    post(producer, say("clean", ["/raw"], ["/clean"]))
    with monkeypatch.context() as broken:
        broken.setattr(follow, "paid", lambda _: (_ for _ in ()).throw(OperationalError("disk is full")))
        with pytest.raises(OperationalError):
            follow.settle()
    assert not Edge.objects.exists()
    assert Owed.objects.filter(stuck=False).count() == 1
    assert follow.settle() == 1
    assert (Edge.objects.count(), Work.objects.filter(kind="catalog.discover").count()) == (1, 2)


def test_an_event_that_cannot_be_projected_is_set_aside_and_the_others_go_on(
    followed, producer, people, say, now, monkeypatch
):
    for name in ("a", "bad", "c"):
        post(producer, say(name, [], [f"/{name}"]))
    project = follow.project

    def picky(batch, *rest):
        assert all(one.event.job.name != "bad" for one in batch)
        return project(batch, *rest)

    monkeypatch.setattr(follow, "project", picky)
    assert follow.settle() == 3
    assert {one.name for one in Dataset.objects.all()} == {"/a", "/c"}
    assert (follow.stuck(), follow.backlog().events) == (1, 0)
    follow.catch_up()
    copy = rebuild.prepared()
    services.rebuild(actor=people.adam.actor, copy=copy, now=now)
    copy.close()
    assert (Dataset.objects.count(), follow.stuck()) == (3, 0)


def test_making_the_tables_again_takes_in_what_is_owed(followed, producer, people, say, now):
    post(producer, say("clean", ["/raw"], ["/clean"]))
    copy = rebuild.prepared()
    post(producer, say("late", ["/clean"], ["/late"]))
    assert services.rebuild(actor=people.adam.actor, copy=copy, now=now) == (2, 0)
    copy.close()
    assert Edge.objects.count() == 2
    assert not Owed.objects.exists()


def test_whoever_brings_more_than_is_projected_helps(followed, producer, say, monkeypatch):
    monkeypatch.setattr(follow, "LOOK", 0)
    monkeypatch.setattr(follow, "BEHIND", 3)
    monkeypatch.setattr(follow, "BATCH", 2)
    for number in range(12):
        post(producer, say(f"job{number}", [], [f"/{number}"]))
        assert Owed.objects.count() <= 5
    assert Run.objects.count() >= 7


def test_how_far_the_tables_are_behind_is_told(followed, producer, people, say):
    assert follow.backlog() == follow.Backlog(0, None)
    for name in ("a", "b"):
        post(producer, say(name, [], [f"/{name}"]))
    told = follow.backlog()
    assert told.events == 2
    assert told.oldest_at == RawEvent.objects.earliest("pk").received_at
    page = people.adam.api.get("/metrics").content.decode()
    assert "attestry_lineage_waiting_events 2" in page
    assert "attestry_lineage_stuck_events 0" in page


def test_a_worker_follows_by_itself(followed, producer, say):
    stop = threading.Event()
    thread = follow.start(stop)
    try:
        post(producer, say("clean", ["/raw"], ["/clean"]))
        end = time.monotonic() + 10
        while Owed.objects.exists() and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        stop.set()
        thread.join(10)
        connections.close_all()
    assert Dataset.objects.count() == 2


def test_while_the_follower_has_more_to_project_nobody_else_begins(followed, producer, say, monkeypatch):
    monkeypatch.setattr(follow, "BATCH", 2)
    for number in range(5):
        post(producer, say(f"job{number}", [], [f"/{number}"]))
    oldest, others = follow._oldest, []

    def try_it():
        others.append(follow.settle())
        connection.close()

    def look():
        other = threading.Thread(target=try_it)
        other.start()
        other.join(10)
        return oldest()

    monkeypatch.setattr(follow, "_oldest", look)
    follow._settle_all(threading.Event())
    assert others == [0, 0, 0]
    assert (Run.objects.count(), Owed.objects.count()) == (5, 0)


def test_a_follower_told_to_stop_leaves_the_rest_owed(followed, producer, say, monkeypatch):
    monkeypatch.setattr(follow, "BATCH", 2)
    for number in range(5):
        post(producer, say(f"job{number}", [], [f"/{number}"]))
    stop, project = threading.Event(), follow.project
    monkeypatch.setattr(follow, "project", lambda *all_: (project(*all_), stop.set()))
    follow._settle_all(stop)
    assert Owed.objects.count() == 3
    assert follow.settle() == 2


def test_where_nothing_is_owed_the_turn_of_those_who_write_is_not_taken(followed, producer, say):
    post(producer, say("clean", ["/raw"], ["/clean"]))
    with CaptureQueriesContext(connection) as some:
        assert follow.settle() == 1
    assert any(one["sql"].startswith(("BEGIN", "INSERT")) for one in some.captured_queries)
    with CaptureQueriesContext(connection) as none:
        assert follow.settle() == 0
    assert all(one["sql"].startswith("SELECT") for one in none.captured_queries)


SENDS = """
import os, sys
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from portal.served import application
from tests.portal.test_quick import send
body = b'{"job": {"namespace": "n", "name": "j"}, "outputs": [{"namespace": "file", "name": "/out"}]}'
answer = send(body, sys.argv[2], way=lambda: application)
print(answer.status, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_killed_after_its_answer_nothing_is_lost(producer):
    argv = [sys.executable, "-c", SENDS, str(connection.settings_dict["NAME"]), producer.token]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=100)
    assert (done.stdout.split()[-1:], done.returncode) == (["201"], -9), done.stderr[-2000:]
    raw = RawEvent.objects.get()
    (entry,) = Entry.objects.filter(action="lineage.event_accepted")
    assert raw.sha256 in bytes(entry.body).decode()
    assert Owed.objects.count() == 1
    follow.catch_up()
    assert {one.name for one in Dataset.objects.all()} == {"/out"}
