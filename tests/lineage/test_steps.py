"""Which steps hold: what is declared replaces, what is renamed or has two names stays joined, precedence."""

from datetime import timedelta
from uuid import UUID

import pytest

from lineage.graph import Direction, Question, Step
from lineage.models import Dataset, Job, JobIO, Run
from lineage.steps import Steps, columns, ends_of
from lineage.story import graph_for
from tests.lineage.test_projection import facets, take

pytestmark = pytest.mark.django_db


def at(hour, value):
    return value | {"eventTime": f"2026-11-20T{hour:02}:00:00Z"}


def job_event(say, read, written, hour):
    return at(hour, {k: v for k, v in say("plan", read, written).items() if k not in {"run", "eventType"}})


def sources(name, when):
    """What `name` was made from as of a time, by name."""
    pk = Dataset.objects.get(name=name).pk
    names = dict(Dataset.objects.values_list("pk", "name"))
    return {names[src] for src, _, _ in Steps(when)([pk], Direction.UP) if src}


def test_a_later_job_event_replaces_what_an_earlier_one_declared(say, now, payments):
    events = [job_event(say, ["/a"], ["/x"], 8), job_event(say, ["/b"], ["/x"], 10)]
    take(events[::-1], now, payments.pk)
    assert sources("/x", now) == {"/b"}
    assert sources("/x", now.replace(year=2026, month=11, day=20, hour=9)) == {"/a"}
    job = Job.objects.get()
    assert {end.dataset for end in ends_of(job.pk, now)} == set(
        Dataset.objects.exclude(name="/a").values_list("pk", flat=True)
    )


def test_what_runs_did_is_not_replaced_by_what_is_declared(say, now, payments):
    take([at(8, say("plan", ["/a"], ["/x"])), job_event(say, ["/b"], ["/x"], 10)], now, payments.pk)
    assert sources("/x", now) == {"/a", "/b"}


def test_a_job_event_without_datasets_takes_nothing_back(say, now, payments):
    take([job_event(say, ["/a"], ["/x"], 8), job_event(say, [], [], 10)], now, payments.pk)
    assert sources("/x", now) == {"/a"}


def dataset_event(hour, **more):
    return at(hour, {"dataset": facets(**more)})


def lineage_of(*names):
    return {"inputs": [{"type": "DATASET", "namespace": "file", "name": name} for name in names]}


def test_a_view_is_made_from_what_its_dataset_event_says_last(now, payments):
    take([dataset_event(9, lineage=lineage_of("/b")), dataset_event(8, lineage=lineage_of("/a"))], now, payments.pk)
    assert sources("/clean", now) == {"/b"}
    assert not Job.objects.exists()


def test_a_dataset_event_about_something_else_takes_no_lineage_back(now, payments):
    take([dataset_event(8, lineage=lineage_of("/a")), dataset_event(9, documentation={})], now, payments.pk)
    assert sources("/clean", now) == {"/a"}


def test_an_empty_list_says_that_nothing_lies_upstream(say, now, payments):
    none = {"lineage": {"inputs": []}}
    take([say("j", ["/a"], [{"namespace": "file", "name": "/x", "facets": none}, "/y"])], now, payments.pk)
    assert sources("/x", now) == set()
    assert sources("/y", now) == {"/a"}


def test_jobs_that_a_lineage_facet_names_read_and_write(say, now, payments):
    seed = {"type": "DATASET", "namespace": "file", "name": "/seed"}
    entries = [
        {"type": "JOB", "inputs": [seed]},
        {**seed, "name": "/made", "inputs": [{"type": "JOB"}, {"type": "JOB", "namespace": "jobs", "name": "other"}]},
    ]
    job = {"namespace": "jobs", "name": "own", "facets": {"lineage": {"entries": entries}}}
    take([say("own") | {"job": job}], now, payments.pk)
    found = set(JobIO.objects.values_list("job__name", "direction", "dataset__name"))
    assert found == {("own", "in", "/seed"), ("own", "out", "/made"), ("other", "out", "/made")}


def test_a_renamed_dataset_is_still_what_it_was_made_from(say, now, payments):
    what = {"lifecycleStateChange": "RENAME", "previousIdentifier": {"namespace": "file", "name": "/old"}}
    renamed = {"namespace": "file", "name": "/new", "facets": {"lifecycleStateChange": what}}
    take([say("move", [], [renamed]), say("make", ["/a"], ["/old"])], now, payments.pk)
    assert sources("/new", now) == {"/old"}
    assert sources("/old", now) == {"/a"}
    assert Dataset.objects.get(name="/new").change == "RENAME"


def test_a_dataset_is_found_under_its_other_name(say, now, payments):
    linked = {"symlinks": {"identifiers": [{"namespace": "hive", "name": "db.t", "type": "TABLE"}]}}
    place = {"namespace": "s3://lake", "name": "t", "facets": linked}
    table = {"namespace": "hive", "name": "db.t"}
    take([say("load", ["/a"], [place]), say("use", [table], ["/x"])], now, payments.pk)
    assert sources("/x", now) == {"db.t"}
    assert sources("db.t", now) == {"/a"}
    place_pk, x = Dataset.objects.get(name="t").pk, Dataset.objects.get(name="/x").pk
    assert {(src, dst) for src, dst, _ in Steps(now)([place_pk], Direction.DOWN)} == {(place_pk, x)}


def test_columns_that_shape_a_whole_dataset_are_kept(say, now, payments):
    filtered = {"columnLineage": {"fields": {}, "dataset": [{"namespace": "file", "name": "/raw", "field": "country"}]}}
    take([say("j", ["/raw"], [facets(**filtered)])], now, payments.pk)
    clean = Dataset.objects.get(name="/clean").pk
    assert [(field, to) for _, field, _, to, _ in columns([clean], now)] == [("country", "")]


def test_runs_that_read_and_write_the_same_by_the_same_code_are_one_version_of_a_job(say, now, payments):
    def run(number, read, code="select 1"):
        job = {"namespace": "jobs", "name": "j", "facets": {"sql": {"query": code, "_producer": str(number)}}}
        return say("j", read, ["/x"]) | {"job": job, "run": {"runId": str(UUID(int=number))}}

    take([run(1, ["/a"]), run(2, ["/a"]), run(3, ["/a", "/b"]), run(4, ["/a"], "select 2")], now, payments.pk)
    one, two, three, four = Run.objects.order_by("uuid").values_list("version", flat=True)
    assert (one == two, len({one, three, four})) == (True, 3)


def test_a_deleted_schema_and_type_are_gone_and_come_back(now, payments):
    said = {"schema": {"fields": [{"name": "a"}]}, "datasetType": {"datasetType": "VIEW"}}
    gone = {"schema": {"_deleted": True}, "datasetType": {"_deleted": True}}
    take([dataset_event(9, **gone), dataset_event(8, **said)], now, payments.pk)
    assert Dataset.objects.values_list("schema", "type").get() == ("", "")
    take([dataset_event(10, **said)], now, payments.pk)
    assert Dataset.objects.get().type == "VIEW"


def test_a_time_between_is_asked_of_the_times_that_were_declared(say, now, payments):
    take([job_event(say, [name], ["/x"], hour) for name, hour in (("/a", 8), ("/b", 9), ("/c", 10))], now, payments.pk)
    morning = now.replace(year=2026, month=11, day=20, hour=8, minute=30)
    assert [sources("/x", morning + timedelta(hours=hour)) for hour in range(3)] == [{"/a"}, {"/b"}, {"/c"}]


def test_a_step_to_itself_is_no_step(say, now, payments):
    take([say("j", ["/x"], ["/x"])], now, payments.pk)
    pk = Dataset.objects.get().pk
    assert list(Steps(now)([pk], Direction.UP)) == [Step(0, pk, Job.objects.get().pk)]


def test_a_version_is_followed_through_another_name(say, now, payments, people):
    linked = {"symlinks": {"identifiers": [{"namespace": "hive", "name": "db.t", "type": "TABLE"}]}}
    place = {"namespace": "s3://lake", "name": "t", "facets": linked}
    table = {"namespace": "hive", "name": "db.t"}
    take([say("load", ["/a"], [place]), say("train", [table], ["models:/fraud@3"])], now, payments.pk)
    asked = Question("mlflow://127.0.0.1:5001", "fraud", type="model", version="3")
    graph = graph_for(people.ann.actor, asked)
    assert {node.name for node in graph.nodes} == {"/a", "load", "t", "db.t", "train", "models:/fraud"}
    assert ("dataset:s3://lake:t", "dataset:hive:db.t") in graph.edges
