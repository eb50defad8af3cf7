"""The projection: accumulated per run, free of order, rebuilt from raw events."""

import copy
import json
import random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage import projection, reading, selectors, services
from lineage.models import ColumnEdge, Dataset, DatasetVersion, Edge, Job, JobIO, RawEvent, Run, RunIO, Schema

pytestmark = pytest.mark.django_db

TABLES = (
    (Dataset, ("key", "namespace", "name", "type", "schema", "first_seen", "last_seen")),
    (Job, ("key", "namespace", "name", "first_seen", "last_seen")),
    (Run, ("key", "uuid", "job__key", "declared", "parent_uuid", "state", "started_at", "ended_at", "last_seen")),
    (Schema, ("sha256",)),
    (DatasetVersion, ("dataset__key", "version", "schema", "first_seen", "last_seen")),
    (RunIO, ("run__key", "dataset__key", "direction", "version", "schema", "rows", "bytes", "first_seen", "last_seen")),
    (JobIO, ("job__key", "dataset__key", "direction", "first_seen", "last_seen")),
    (Edge, ("src__key", "dst__key", "kind", "first_seen", "last_seen")),
    (ColumnEdge, ("key", "src__key", "dst__key", "dst_field", "how", "masking", "first_seen", "last_seen")),
)  # fmt: skip


def picture():
    """Everything in the projection, without the ids that the database gave."""
    jobs = dict(Job.objects.values_list("pk", "key"))
    edges = sorted((jobs.get(job), key) for job, key in Edge.objects.values_list("job_id", "dst__key"))
    return [sorted(map(repr, model.objects.values_list(*columns))) for model, columns in TABLES], edges


def wipe():
    for model, _ in reversed(TABLES):
        model.objects.all().delete()
    RawEvent.objects.all().delete()


def take(events, now, scope):
    for event in events:
        one = reading.read(event, [])
        projection.project([projection.Placed(one.event, one.event.at or now, scope)])


def facets(**more):
    return {"namespace": "file", "name": "/clean", "facets": more}


def story(say):
    """A run told in pieces, a late START, a retry of another run, a JobEvent, a DatasetEvent, and quotes."""
    parent = {"run": {"runId": str(UUID(int=8))}, "job": {"name": "dag", "namespace": "jobs"}}
    run = {"runId": str(UUID(int=7)), "facets": {"parent": parent}}
    masked = {"transformations": [{"masking": True, "type": "DIRECT"}]}
    columns = {"fields": {"a": {"inputFields": [{"namespace": "file", "name": "/raw", "field": "a", **masked}]}}}
    only = {"lineage": {"inputs": [{"namespace": "file", "name": "/only", "type": "DATASET"}]}}
    return [
        say("clean", ["/raw"], [], eventType="RUNNING", run=run),
        say("clean", [], [facets(schema={"fields": [{"name": "a"}]})], eventType="RUNNING", run=run),
        say("clean", ["/more"], [facets(columnLineage=columns, version={"datasetVersion": "v1"})], run=run),
        say("clean", [], [], eventType="START", eventTime="2026-11-20T09:00:00Z", run=run),
        say("clean", ["/raw"], ["/clean"], eventType="FAIL"),
        say("declared", [{"namespace": "duckdb", "name": '"db"."t"'}], ["/declared"], run=None),
        say("train", ["/clean", {"namespace": "duckdb", "name": "db.t"}], ["models:/fraud@3"]),
        {"eventTime": "2026-11-20T08:00:00Z", "dataset": facets(datasetType={"datasetType": "TABLE"})},
        say("other", ["/clean"], [{"namespace": "file", "name": "/view", "facets": only}]),
    ]  # fmt: skip


def test_inputs_and_outputs_in_separate_events_make_an_edge(say, now, payments):
    take([say("h", ["/in"], [], eventType="RUNNING"), say("h", [], ["/out"], eventType="RUNNING")], now, payments.pk)
    assert Edge.objects.filter(src__name="/in", dst__name="/out", kind=Edge.Kind.IO).count() == 1


def test_a_late_start_only_fills_gaps(say, now, payments):
    done = say("h", ["/in"], ["/out"], eventTime="2026-11-20T12:00:00Z")
    start = say("h", [], [], eventType="START", eventTime="2026-11-20T11:00:00Z")
    take([done, start], now, payments.pk)
    run = Run.objects.get()
    assert (run.state, run.started_at.hour, run.ended_at.hour) == ("COMPLETE", 11, 12)


def test_quotes_do_not_break_the_graph(say, now, payments):
    written = {"namespace": "duckdb", "name": "db.demo.raw"}
    read = {"namespace": "duckdb", "name": '"db"."demo"."raw"'}
    take([say("load", [], [written]), say("use", [read], ["/out"])], now, payments.pk)
    assert Dataset.objects.filter(namespace="duckdb").get().name == "db.demo.raw"


def test_a_lineage_facet_beats_inputs_by_outputs(say, now, payments, people):
    stated = {"inputs": [{"type": "DATASET", "namespace": "file", "name": "/a"}]}
    out = {"namespace": "file", "name": "/x", "facets": {"lineage": stated}}
    take([say("j", ["/a", "/b"], [out, "/y"])], now, payments.pk)
    steps = selectors._Steps(now.replace(year=2030))
    x = Dataset.objects.get(name="/x")
    a = Dataset.objects.get(name="/a")
    assert [one.src for one in steps([x.pk], selectors.Direction.UP)] == [a.pk]
    below_b = steps([Dataset.objects.get(name="/b").pk], selectors.Direction.DOWN)
    assert [one.dst for one in below_b] == [Dataset.objects.get(name="/y").pk]


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False), size=st.integers(1, 9))
def test_any_order_repetition_and_batching_give_the_same_tables(say, now, payments, chance, size):
    events = [copy.deepcopy(one) for one in story(say)]
    wipe()
    take(events, now, payments.pk)
    expected = picture()
    wipe()
    shuffled = events + chance.sample(events, 4)
    chance.shuffle(shuffled)
    for start in range(0, len(shuffled), size):
        ready = [reading.read(one, []) for one in shuffled[start : start + size]]
        projection.project([projection.Placed(r.event, r.event.at or now, payments.pk) for r in ready])
    assert picture() == expected


def test_a_rebuild_gives_the_same_tables_and_ids(say, now, payments, producer):
    from django.test import TestCase

    from lineage.projection import rebuild

    events = story(say)
    random.Random(3).shuffle(events)
    with TestCase.captureOnCommitCallbacks():
        services.ingest.__wrapped__(actor=producer.actor, readings=[reading.read(e, []) for e in events], now=now)
    before, ids = picture(), list(Dataset.objects.order_by("pk").values_list("pk", "key", "scope_id"))
    Dataset.objects.filter(name="/clean").update(name="wrong", last_seen="2030-01-01T00:00:00Z", schema="x" * 64)
    Edge.objects.all().delete()
    Run.objects.update(state="FAIL", state_rank=9)
    assert rebuild() == RawEvent.objects.count()
    assert picture() == before
    assert list(Dataset.objects.order_by("pk").values_list("pk", "key", "scope_id")) == ids


@pytest.mark.django_db(transaction=True)
def test_a_rebuild_is_for_administrators_and_logged(say, now, people, producer):
    from audit.models import Entry
    from audit.refusals import Forbidden

    services.ingest(actor=producer.actor, readings=[reading.read(say("a", [], ["/x"]), [])], now=now)
    with pytest.raises(Forbidden):
        services.rebuild(actor=people.vera.actor, now=now)
    assert services.rebuild(actor=people.adam.actor, now=now) == 1
    assert Entry.objects.filter(action="lineage.rebuilt").count() == 1


def test_a_raw_event_is_never_changed(say, now, payments, producer):
    from django.db import DatabaseError, transaction

    services.ingest.__wrapped__(actor=producer.actor, readings=[reading.read(say("a"), [])], now=now)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        RawEvent.objects.update(size=1)


def test_a_name_of_sixty_four_kibibytes_is_kept(say, now, payments):
    name = "x" * 65_536
    take([say("j", [name], ["/out"])], now, payments.pk)
    assert selectors.dataset_named("file", name) is not None


def test_a_thousand_columns_are_kept(say, now, payments):
    fields = {f"c{i}": {"inputFields": [{"namespace": "file", "name": "/raw", "field": f"c{i}"}]} for i in range(1000)}
    take([say("j", ["/raw"], [facets(columnLineage={"fields": fields})])], now, payments.pk)
    assert ColumnEdge.objects.count() == 1000


def test_odd_facets_break_nothing(say, now, payments):
    odd = [
        None,
        3,
        "x",
        [],
        {},
        [None],
        {"fields": 3},
        {"fields": [3]},
        {"fields": {"a": 1}},
        {"inputs": [3]},
        {"entries": [1]},
    ]
    for value in odd:
        names = ("schema", "version", "columnLineage", "lineage", "datasetType", "dataQualityMetrics")
        seen = {
            "namespace": "n",
            "name": "d",
            "facets": dict.fromkeys(names, value),
            "outputFacets": {"outputStatistics": value},
        }
        take(
            [say("j", [seen], [seen]) | {"job": {"namespace": "n", "name": "j", "facets": {"lineage": value}}}],
            now,
            payments.pk,
        )
    assert json.dumps(sorted(Dataset.objects.values_list("name", flat=True))) == '["d"]'
