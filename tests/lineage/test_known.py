"""What a process remembers of the graph never answers otherwise than the tables do, whatever is done to them."""

from datetime import timedelta
from itertools import count
from time import sleep, time_ns
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.actor import NotSeen
from lineage import known
from lineage.graph import Budget, Direction, Question
from lineage.models import Alias, Dataset, Edge, Job, JobIO, Shape
from lineage.naming import key
from lineage.selectors import graph_for

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = [*([(Edge.Kind.IO, False)] * 4), (Edge.Kind.IO, True), (Edge.Kind.COLUMN, False), (Edge.Kind.EXPLICIT, True)]
few, keys = st.integers(0, 4), count()


@pytest.fixture
def world(people, payments, founded, now):
    """Five datasets and jobs; Ann sees what belongs to payments."""
    Shape.objects.update_or_create(pk=1, defaults={"number": time_ns()})  # other tests empty every table
    for model in (Alias, Edge, JobIO, Dataset, Job):
        model.objects.all().delete()
    seen = {"scope_id": payments.pk, "first_seen": now, "last_seen": now}
    things = [
        Dataset.objects.create(key=key("dataset", "file", str(n)), namespace="file", name=str(n), **seen)
        for n in range(5)
    ]
    jobs = [Job.objects.create(key=str(n), namespace="jobs", name=str(n), **seen) for n in range(5)]
    return SimpleNamespace(things=things, jobs=jobs, now=now, scopes=[payments.pk, founded.pk], ann=people.ann.actor)


def step(world, src, dst, job, kind, hours):
    at = {"first_seen": world.now + timedelta(hours=hours), "last_seen": world.now}
    made = {"job_id": world.jobs[job].pk, "kind": kind[0], "declared": kind[1]}
    Edge.objects.get_or_create(src=world.things[src], dst=world.things[dst], **made, defaults=at)


def end(world, thing, job, direction, kind, hours):
    at = {"first_seen": world.now + timedelta(hours=hours), "last_seen": world.now}
    made = {"direction": direction, "declared": kind[1]}
    JobIO.objects.get_or_create(dataset=world.things[thing], job=world.jobs[job], **made, defaults=at)


def no_step(_world, number):
    Edge.objects.filter(pk__in=Edge.objects.order_by("pk").values_list("pk", flat=True)[number : number + 1]).delete()


def move(world, thing, scope):
    Dataset.objects.filter(pk=world.things[thing].pk).update(scope_id=world.scopes[scope])


def hide(world, job, scope):
    Job.objects.filter(pk=world.jobs[job].pk).update(scope_id=world.scopes[scope])


def turn(world, thing, kind):
    Dataset.objects.filter(pk=world.things[thing].pk).update(type=kind)


def rename(world, job):
    Job.objects.filter(pk=world.jobs[job].pk).update(name=f"again {next(keys)}")


def alias(world, thing, other):
    at = {"namespace": "file", "name": str(other), "first_seen": world.now, "last_seen": world.now}
    Alias.objects.create(
        key=f"{next(keys)}", dataset=world.things[thing], other_key=key("dataset", "file", str(other)), **at
    )


def no_alias(_world):
    Alias.objects.all().delete()


kinds, hours = st.sampled_from(KINDS), st.sampled_from([-1, -1, -1, 1])
deeds = st.one_of(
    st.tuples(st.just(step), few, few, few, kinds, hours),
    st.tuples(st.just(step), few, few, few, kinds, hours),
    st.tuples(st.just(end), few, few, st.sampled_from(["in", "out"]), kinds, hours),
    st.tuples(st.just(no_step), few),
    st.tuples(st.just(move), few, st.integers(0, 1)),
    st.tuples(st.just(hide), few, st.integers(0, 1)),
    st.tuples(st.just(turn), few, st.sampled_from(["MODEL", "TABLE"])),
    st.tuples(st.just(rename), few),
    st.tuples(st.just(alias), few, few),
    st.tuples(st.just(no_alias)),
)


def told(world, question):
    try:
        graph = graph_for(world.ann, question)
    except NotSeen:
        return None
    told = graph.as_json() | {"beyond": dict(graph.beyond), "through": {k: set(v) for k, v in graph.through.items()}}
    told["edges"] = sorted((edge["from"], edge["to"]) for edge in told["edges"])
    return told | {"as_of": ""}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(deeds, min_size=5, max_size=15), few, st.sampled_from(Direction), st.integers(1, 9))
def test_what_is_remembered_says_what_the_tables_say_after_whatever_is_done(world, done, start, way, most):
    for deed, *rest in [(no_alias,), (no_step, 0), *done]:
        deed(world, *rest)
        for question in (
            Question("file", str(start), direction=way, through=True),
            Question("file", str(start), direction=way, budget=Budget(2, most)),
        ):
            remembered = told(world, question)
            with transaction.atomic():
                assert known.look() is None
                assert remembered == told(world, question)


def test_a_question_reads_no_step_and_no_name_again(world, django_assert_max_num_queries):
    for n in range(4):
        step(world, n, n + 1, n, (Edge.Kind.IO, False), -1)
    question = Question("file", "4", direction=Direction.UP)
    before = told(world, question)
    with django_assert_max_num_queries(6) as asked:
        assert told(world, question) == before
    assert len(before["nodes"]) == 9
    assert not any("lineage_edge" in one["sql"] or "lineage_jobio" in one["sql"] for one in asked.captured_queries)


def test_a_step_that_begins_later_is_seen_when_its_time_has_come(world):
    step(world, 0, 1, 0, (Edge.Kind.IO, False), 1 / 3600)
    question = Question("file", "1", direction=Direction.UP)
    assert len(told(world, question)["nodes"]) == 1
    sleep(1.1)
    assert len(told(world, question)["nodes"]) == 3


def test_what_somebody_else_does_past_all_of_this_is_seen(world):
    step(world, 0, 1, 0, (Edge.Kind.IO, False), -1)
    question = Question("file", "1", direction=Direction.UP)
    assert len(told(world, question)["nodes"]) == 3
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM lineage_edge")
    assert len(told(world, question)["nodes"]) == 1


def test_a_question_about_the_past_reads_the_tables(world):
    step(world, 0, 1, 0, (Edge.Kind.IO, False), -1)
    question = Question("file", "1", direction=Direction.UP, as_of=world.now - timedelta(hours=2))
    assert len(told(world, Question("file", "1", direction=Direction.UP))["nodes"]) == 3
    assert len(told(world, question)["nodes"]) == 1


def test_a_process_remembers_only_so_much(world, monkeypatch):
    for n in range(4):
        step(world, n, n + 1, n, (Edge.Kind.IO, False), -1)
    monkeypatch.setattr(known, "MOST", 3)
    question = Question("file", "4", direction=Direction.UP)
    first = told(world, question)
    full = known._last
    assert full.size == 5 + 5 + 4
    assert told(world, question) == first
    assert known._last is not full


def test_a_thing_with_two_names_is_found_by_whom_it_is_asked_with(world):
    for src, dst in ((0, 1), (1, 3), (2, 3)):
        step(world, src, dst, dst, (Edge.Kind.IO, False), -1)
    alias(world, 2, 0)
    assert len(told(world, Question("file", "1", direction=Direction.UP))["nodes"]) == 3
    question = Question("file", "3", direction=Direction.UP)
    remembered = told(world, question)
    with transaction.atomic():
        assert remembered == told(world, question)
