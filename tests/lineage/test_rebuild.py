"""Rebuilding: the same tables from raw events alone, whole or not at all."""

import subprocess
import sys
from contextlib import closing

import pytest
from django.db import connection

from audit.models import Entry
from audit.refusals import Conflict, Forbidden
from lineage import reading, rebuild, services
from lineage.models import Dataset, Edge, Facet, JobLink, Owner, RawEvent, Run, RunIO
from lineage.together import door
from tests.lineage.test_projection import picture, story

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept(say, now, producer):
    """A story that was ingested."""
    events = [reading.read(event, []) for event in story(say)]
    door.ingest(actor=producer.actor, readings=events, now=now)
    return len(events)


def again(people, now):
    with closing(rebuild.prepared()) as copy:
        return services.rebuild(actor=people.adam.actor, copy=copy, now=now)


def spoil():
    Dataset.objects.filter(name="/clean").update(name="wrong", last_seen="2030-01-01T00:00:00Z", schema="x" * 64)
    Edge.objects.all().delete()
    Run.objects.update(state="FAIL", state_rank=9)
    RunIO.objects.update(rows=77)
    Owner.objects.create(key="k", about="dataset", about_id=1, name="nobody", first_seen="2026-01-01T00:00:00Z",
                         last_seen="2026-01-01T00:00:00Z")  # fmt: skip
    JobLink.objects.all().delete()
    Facet.objects.update(sha256="0" * 64)


def test_what_was_spoilt_is_put_right_and_ids_stay(kept, people, now):
    before, ids = picture(), list(Dataset.objects.order_by("pk").values_list("pk", "key", "scope_id"))
    spoil()
    assert picture() != before
    events, differed = again(people, now)
    assert (events, differed > 20) == (kept, True)
    assert picture() == before
    assert list(Dataset.objects.order_by("pk").values_list("pk", "key", "scope_id")) == ids
    assert again(people, now) == (kept, 0)


def test_scopes_that_things_were_moved_to_stay(kept, people, now, founded):
    Dataset.objects.update(scope_id=founded.pk)
    again(people, now)
    assert set(Dataset.objects.values_list("scope_id", flat=True)) == {founded.pk}


def test_tables_that_were_lost_altogether_come_back(kept, people, now):
    before = picture()
    for model in (Edge, RunIO, Run, Dataset):
        model.objects.all().delete()
    again(people, now)
    assert picture() == before


def test_events_that_come_meanwhile_are_in_it(kept, people, now, producer, say):
    with closing(rebuild.prepared()) as copy:
        late = [reading.read(say("late", ["/clean"], ["/late"]), [])]
        door.ingest(actor=producer.actor, readings=late, now=now)
        before = picture()
        assert services.rebuild(actor=people.adam.actor, copy=copy, now=now) == (kept + 1, 0)
    assert picture() == before


def test_readers_see_the_old_tables_until_the_new_ones_are_whole(kept, people, now, monkeypatch):
    spoil()
    old = picture()
    with closing(rebuild.prepared()) as copy:
        assert picture() == old
        surplus = rebuild.Copy._surplus
        monkeypatch.setattr(
            rebuild.Copy, "_surplus", lambda self, model: 1 / 0 if model is Facet else surplus(self, model)
        )
        with pytest.raises(ZeroDivisionError):
            services.rebuild(actor=people.adam.actor, copy=copy, now=now)
    assert picture() == old


def test_things_that_only_the_copy_knows_are_not_put_in_place(kept, people, now):
    with closing(rebuild.Copy()) as copy:
        Run.objects.all().delete()
        copy.catch_up()
        with pytest.raises(Conflict, match="not_replayed"):
            services.rebuild(actor=people.adam.actor, copy=copy, now=now)


def test_it_is_for_administrators_and_logged(kept, people, now):
    with closing(rebuild.prepared()) as copy:
        with pytest.raises(Forbidden):
            services.rebuild(actor=people.vera.actor, copy=copy, now=now)
        services.rebuild(actor=people.adam.actor, copy=copy, now=now)
    assert Entry.objects.filter(action="lineage.rebuilt").count() == 1


def test_it_says_how_far_it_is(kept):
    told = []
    with closing(rebuild.prepared(lambda done, total: told.append((done, total)))):
        assert told[-1] == (kept, RawEvent.objects.count())


def test_the_copy_is_a_file_that_nobody_else_sees_and_that_ends_with_its_process(kept):
    with closing(rebuild.Copy()) as copy, copy.open(), connection.cursor() as cursor:
        cursor.execute("PRAGMA database_list")
        assert [row[2] for row in cursor.fetchall()] == [""]


REBUILDS = """
import sys, time
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from audit.actor import Actor
from jobs import selectors as clock
from lineage import rebuild, services
from lineage.models import Facet
from uuid import UUID
surplus = rebuild.Copy._surplus
def half(self, model):
    if model is Facet:
        print("half of it is put in place", flush=True)
        time.sleep(60)
    return surplus(self, model)
rebuild.Copy._surplus = half
services.rebuild(actor=Actor(UUID(sys.argv[2]), "person", "session"), copy=rebuild.prepared(), now=clock.now())
"""


@pytest.mark.slow
def test_killed_while_it_is_put_in_place_nothing_has_changed(kept, people, now):
    before = picture()
    spoil()
    spoilt = picture()
    argv = [sys.executable, "-c", REBUILDS, str(connection.settings_dict["NAME"]), str(people.adam.actor.principal_id)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half of it is put in place\n"
        process.kill()
    assert picture() == spoilt
    again(people, now)
    assert picture() == before
