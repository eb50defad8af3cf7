"""The projection: accumulated per run, free of order, rebuilt from raw events."""

import copy
import json
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage import projection, reading, selectors, services
from lineage.models import ColumnEdge, Dataset, Edge, Job, RawEvent, Run, RunIO
from lineage.placed import Placed
from lineage.steps import Steps
from lineage.tables import RULES

pytestmark = pytest.mark.django_db

IDS = {"dataset_id": Dataset, "src_id": Dataset, "dst_id": Dataset, "job_id": Job, "run_id": Run}
ABOUT = {"dataset": Dataset, "job": Job, "run": Run}
ORDERED = {"id", "scope_id", "key"}
"""What depends on order by nature: ids, keys made of them, and the scope of whoever named a thing first."""


def picture():
    """Every column of every table of the projection, with names in the place of the ids that the database gave."""
    keys = {model: dict(model.objects.values_list("pk", "key")) for model in (Dataset, Job)}
    keys[Run] = {pk: (uuid, keys[Job][job]) for pk, uuid, job in Run.objects.values_list("pk", "uuid", "job_id")}
    io = {one["id"]: (keys[Run][one["run_id"]], keys[Dataset][one["dataset_id"]]) for one in RunIO.objects.values()}
    return {model.__name__: sorted(repr(plain(row, keys, io)) for row in model.objects.values()) for model in RULES}


def plain(row, keys, io):
    """A row without ids."""
    said = {name: keys[IDS[name]].get(value) if name in IDS else value for name, value in row.items()}
    if "about_id" in row:
        said["about_id"] = (keys[ABOUT[row["about"]]] if row["about"] in ABOUT else io).get(row["about_id"])
    return [(name, bytes(v) if isinstance(v, memoryview) else v) for name, v in said.items() if name not in ORDERED]


def wipe():
    for model in reversed(RULES):
        model.objects.all().delete()
    RawEvent.objects.all().delete()


def take(events, now, scope, size=1):
    """Project events, `size` at a time."""
    ready = [reading.read(event, []) for event in events]
    placed = [Placed(one.event, one.event.at or now, scope, one.sha256) for one in ready]
    for start in range(0, len(placed), size):
        projection.project(placed[start : start + size])


def facets(**more):
    return {"namespace": "file", "name": "/clean", "facets": more}


def story(say):
    """A run told in pieces, a late START, a retry of another run, JobEvents, DatasetEvents, and every kind of facet."""
    parent = {"run": {"runId": str(UUID(int=8))}, "job": {"name": "dag", "namespace": "jobs"}}
    parent["root"] = {"run": {"runId": str(UUID(int=9))}, "job": {"name": "top", "namespace": "jobs"}}
    done = {"tests": [{"name": "t", "status": "pass", "severity": "error"}]}
    run = {"runId": str(UUID(int=7)), "facets": {"parent": parent, "test": done}}
    later = {"runId": str(UUID(int=7)), "facets": {"test": {"tests": [{"name": "t", "status": "fail"}]}}}
    masked = {"transformations": [{"masking": True, "type": "DIRECT"}]}
    raw = {"namespace": "file", "name": "/raw", "field": "a"}
    columns = {"fields": {"a": {"inputFields": [raw | masked]}}, "dataset": [raw]}
    only = {"lineage": {"inputs": [{"namespace": "file", "name": "/only", "type": "DATASET"}]}}
    nothing = {"lineage": {"inputs": []}}
    owned = [{"ownership": {"owners": [{"name": name, "type": "MAINTAINER"}]}} for name in ("team:a", "team:b")]
    gone = {"ownership": {"_deleted": True}}
    checked = {"assertions": [{"assertion": "not_null", "column": "a", "success": False}]}
    counted = {"rowCount": 3, "columnMetrics": {"a": {"nullCount": 0, "quantiles": {"0.5": 2.5}}}}
    read = {"namespace": "file", "name": "/raw", "inputFacets": {"dataQualityAssertions": checked}}
    read["inputFacets"] |= {"dataQualityMetrics": counted, "subset": {"inputCondition": {"type": "location"}}}
    renamed = {"lifecycleStateChange": "RENAME", "previousIdentifier": {"namespace": "file", "name": "/before"}}
    linked = {"identifiers": [{"namespace": "hive", "name": "db.clean", "type": "TABLE"}]}
    steps = {"upstream": [{"job": {"namespace": "jobs", "name": "first"}}]}
    own = {"entries": [{"type": "JOB", "inputs": [{"type": "DATASET", "namespace": "file", "name": "/seed"}]}]}
    tagged = {"tags": [{"key": "pii", "value": "true", "field": "a"}, {"key": "x", "value": "y"}]}
    return [
        say("clean", [read], [], eventType="RUNNING", run=run),
        say("clean", [], [facets(schema={"fields": [{"name": "a"}]}, tags=tagged)], eventType="RUNNING", run=later),
        say("clean", ["/more"], [facets(columnLineage=columns, version={"datasetVersion": "v1"})], run=run),
        say("clean", [], [], eventType="START", eventTime="2026-11-20T09:00:00Z", run=run),
        say("clean", ["/raw"], [facets(symlinks=linked)], eventType="FAIL"),
        say("declared", [{"namespace": "duckdb", "name": '"db"."t"'}], ["/declared"], run=None),
        say("declared", ["/raw"], ["/declared"], run=None),
        say("train", ["/clean", {"namespace": "duckdb", "name": "db.t"}], ["models:/fraud@3"]),
        {"eventTime": "2026-11-20T08:00:00Z", "dataset": facets(datasetType={"datasetType": "TABLE"}, **owned[0])},
        {"eventTime": "2026-11-20T08:10:00Z", "dataset": facets(**owned[1], **only)},
        {"eventTime": "2026-11-20T08:20:00Z", "dataset": facets(**nothing)},
        {"eventTime": "2026-11-20T08:30:00Z", "dataset": facets(**gone, lifecycleStateChange=renamed)},
        say("other", ["/clean"], [{"namespace": "file", "name": "/view", "facets": only}]),
        say("sql", ["/a"], ["/b"]) | {"job": {"namespace": "jobs", "name": "sql", "facets": {"sql": {"query": "1"}}}},
        say("own", run={"runId": str(UUID(int=5)), "facets": {"jobDependencies": steps}}) | {"job": {
            "namespace": "jobs", "name": "own", "facets": {"lineage": own, "jobType": {"processingType": "BATCH"}}}},
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
    steps = Steps(now.replace(year=2030))
    x = Dataset.objects.get(name="/x")
    a = Dataset.objects.get(name="/a")
    assert [src for src, _, _ in steps([x.pk], selectors.Direction.UP)] == [a.pk]
    below_b = steps([Dataset.objects.get(name="/b").pk], selectors.Direction.DOWN)
    assert [dst for _, dst, _ in below_b] == [Dataset.objects.get(name="/y").pk]


@settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False), size=st.integers(1, 9))
def test_any_order_repetition_and_batching_give_the_same_tables(say, now, payments, chance, size):
    events = [copy.deepcopy(one) for one in story(say)]
    wipe()
    take(events, now, payments.pk)
    expected = picture()
    wipe()
    assert all(expected.values()), [name for name, rows in expected.items() if not rows]
    shuffled = events + chance.sample(events, 4)
    chance.shuffle(shuffled)
    take(shuffled, now, payments.pk, size)
    assert picture() == expected


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
