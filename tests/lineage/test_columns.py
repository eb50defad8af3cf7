"""Whatever a row says is what the database gives back, on both databases and however many rows go at once."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from lineage.columns import columns_of
from lineage.models import NEVER, Dataset, FacetBody, JobIO, Metric, Run, RunIO, Schema
from lineage.records import look, merge, ready

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)
ODD = [
    "",
    "NULL",
    "null",
    "{}",
    "a,b",
    'say "x"',
    "\\",
    '\\"',
    "back\\slash",
    " blank ",
    "tab\tline\n",
    "ünïcode \U0001f600",
    "'",
]


def dataset(name, scope, **more):
    return {
        "key": f"{name!r:.64}",
        "namespace": name,
        "name": name,
        "scope_id": scope,
        "first_seen": AT,
        "last_seen": AT,
        **more,
    }


def test_texts_of_every_kind_come_back_as_they_were():
    scope = uuid.uuid4()
    rows = [{**dataset(text, scope), "key": str(at)} for at, text in enumerate(ODD * 10)]
    found = dict(merge(Dataset, rows, ("key", "id")))
    assert found.keys() == {row["key"] for row in rows}
    kept = Dataset.objects.in_bulk(found.values())
    for row in rows:
        one = kept[found[row["key"]]]
        assert (one.name, one.scope_id, one.first_seen, one.type_at, one.type) == (row["name"], scope, AT, NEVER, "")


def test_numbers_times_truth_and_nothing_come_back_as_they_were():
    (job,) = (pk for (pk,) in merge_job())
    (data,) = (pk for (pk,) in merge(Dataset, [dataset("d", uuid.uuid4())], ("id",)))
    seen = {"first_seen": AT, "last_seen": AT}
    run = {
        "key": "r",
        "uuid": uuid.UUID(int=7),
        "given": "g",
        "job_id": job,
        "started_at": None,
        "ended_at": AT,
        **seen,
    }
    ((run_id,),) = merge(Run, [{**run, "declared": True, "state_rank": 3}], ("id",))
    io = {"run_id": run_id, "dataset_id": data, "direction": "in", "rows": 2**62, "bytes": None, "files": 0, **seen}
    merge(RunIO, [io, {**io, "direction": "out", "rows": None}])
    merge(
        JobIO,
        [{"job_id": job, "dataset_id": data, "direction": "in", "declared": said, **seen} for said in (True, False)],
    )
    merge(Metric, [{"key": str(v), "run_id": None, "dataset_id": data, "facet": "f", "name": "n", "value": v, "at": AT}
                   for v in (1e-7, -2.5, 1e300, 3)])  # fmt: skip
    one = Run.objects.get()
    assert (one.uuid, one.started_at, one.ended_at, one.declared, one.parent_uuid) == (
        uuid.UUID(int=7),
        None,
        AT,
        True,
        None,
    )
    assert list(RunIO.objects.order_by("direction").values_list("rows", "bytes")) == [(2**62, None), (None, None)]
    assert set(JobIO.objects.values_list("declared", flat=True)) == {True, False}
    assert set(Metric.objects.values_list("value", flat=True)) == {1e-7, -2.5, 1e300, 3.0}


def merge_job():
    from lineage.models import Job

    seen = {"first_seen": AT, "last_seen": AT + timedelta(days=1)}
    return merge(Job, [{"key": "j", "namespace": "n", "name": "j", "scope_id": uuid.uuid4(), **seen}], ("id",))


def test_json_and_bytes_come_back_as_they_were():
    fields = [{"name": text, "n": [1, None, 2.5, True]} for text in ODD]
    merge(Schema, [{"sha256": "s", "fields": fields}, {"sha256": "t", "fields": []}])
    assert {one.sha256: one.fields for one in Schema.objects.all()} == {"s": fields, "t": []}
    bodies = {"a": bytes(range(256)), "b": b"", "c": b'{"\\'}
    merge(FacetBody, [{"sha256": key, "size": 1, "body": body} for key, body in bodies.items()])
    assert {one.sha256: bytes(one.body) for one in FacetBody.objects.all()} == bodies


def test_a_text_with_nul_in_it_is_refused_where_columns_would_slip():
    name = next(one for one in columns_of(Dataset, "postgresql") if one.name == "name")
    with pytest.raises(ValueError, match="NUL"):
        name.values([{"name": "a\0b"}, {"name": "c"}])


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ready(Dataset, []).write() == []


def test_a_question_about_many_things_is_one_statement(django_assert_num_queries):
    scope = uuid.uuid4()
    found = dict(merge(Dataset, [dataset(str(n), scope) for n in range(1200)], ("key", "id")))
    with django_assert_num_queries(1):
        assert len(look("SELECT id FROM lineage_dataset WHERE key = ANY(%s)", [*found, "none"])) == 1200
    assert len(look("SELECT key FROM lineage_dataset WHERE id = ANY(%s)", sorted(found.values())[:3])) == 3
