"""Events and graphs that are larger than most: answered in time, with memory that is bounded."""

import gzip
import json
import subprocess
import sys
import time

import pytest

from lineage.models import ColumnEdge, Dataset, Facet, FacetBody, RawEvent
from tests.lineage.conftest import post

pytestmark = pytest.mark.django_db

WATCHED = """
import os, sys
import django
django.setup()
from lineage import event, reading
def now(): return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1024
before = now()
body = reading.unpack(sys.stdin.buffer.read(), "gzip")
with reading.undisturbed(len(body)):
    one = reading.read(*event.decode(body))
print(now() - before, one.size)
"""


def spark(rows):
    """An event like the largest that was seen in the wild: a logical plan of a hundred thousand parts."""
    plan = [
        {
            "class": "org.apache.spark.sql.catalyst.plans.logical.Project",
            "num-children": 1,
            "projectList": [[{"name": f"column_{row}", "dataType": "string", "exprId": {"id": row, "jvmId": "8b2f3c"},
                              "qualifier": ["spark_catalog", "default"], "url": "https://bob:hunter22@host/x"}]],
        }
        for row in range(rows)
    ]  # fmt: skip
    return {"runId": "01a1f883-1864-7d57-a48f-0268cd68af62", "facets": {"spark.logicalPlan": {"plan": plan}}}


@pytest.fixture(scope="module")
def huge():
    """The JSON of such an event, 23 MB."""
    event = {"job": {"namespace": "s", "name": "j"}, "eventTime": "2026-11-20T10:00:00Z", "run": spark(84_000)}
    event |= {"inputs": [{"namespace": "file", "name": "/a"}], "outputs": [{"namespace": "file", "name": "/b"}]}
    body = json.dumps(event).encode()
    assert 23_000_000 < len(body) < 26_000_000
    return body


def test_an_event_of_23_megabytes_costs_a_few_times_what_parsing_it_costs(producer, people, huge):
    """Five seconds is what OpenLineage's clients wait. Parsing takes a third of one, so this leaves room."""
    packed = gzip.compress(huge)
    start = time.thread_time()
    json.loads(huge)
    parsed = time.thread_time()
    answer = post(producer, packed, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 201
    assert time.thread_time() - parsed < 15 * (parsed - start)
    assert RawEvent.objects.get().size > 19_000_000
    assert len(RawEvent.objects.get().redacted) == 1000
    graph = people.ann.api.get("/api/v1/lineage", {"namespace": "file", "name": "/b"}).json()
    assert len(graph["nodes"]) == 3


def test_a_large_facet_stands_in_its_event_alone(producer, huge):
    post(producer, huge)
    facet = Facet.objects.get(name="spark.logicalPlan")
    body = FacetBody.objects.get(sha256=facet.sha256)
    assert (bytes(body.body), body.size > 19_000_000, facet.event) == (b"", True, RawEvent.objects.get().sha256)


def test_reading_it_takes_a_bounded_multiple_of_its_size(huge):
    run = [sys.executable, "-c", WATCHED]
    answer = subprocess.run(run, input=gzip.compress(huge), capture_output=True, check=True)
    grown, size = map(float, answer.stdout.split())
    assert size > 19_000_000
    assert grown < 12 * len(huge) / 1024 / 1024


@pytest.mark.parametrize("form", ["json", "svg", "csv", "ndjson"])
def test_a_name_of_64_kib_is_kept_and_shown(producer, people, say, form):
    name = "/" + "x" * 65_535
    assert post(producer, say("j", [name], ["/out"])).status_code == 201
    answer = people.ann.api.get("/api/v1/lineage", {"namespace": "file", "name": "/out", "format": form})
    assert answer.status_code == 200
    if form == "json":
        assert name in {node["name"] for node in answer.json()["nodes"]}
    page = people.ann.client.get("/lineage", {"namespace": "file", "name": "/out"})
    assert page.status_code == 200


def test_a_thousand_columns_come_and_go_in_one_piece(producer, people, say):
    fields = {f"c{i}": {"inputFields": [{"namespace": "file", "name": "/raw", "field": f"c{i}"}]} for i in range(1000)}
    written = {"namespace": "file", "name": "/wide", "facets": {"columnLineage": {"fields": fields}}}
    start = time.thread_time()
    assert post(producer, say("j", ["/raw"], [written])).status_code == 201
    answer = people.ann.api.get("/api/v1/lineage", {"namespace": "file", "name": "/wide", "columns": "1"}).json()
    assert len(answer["column_edges"]) == ColumnEdge.objects.count() == 1000
    assert time.thread_time() - start < 5


def test_a_ladder_of_diamonds_costs_what_its_steps_cost(producer, people, say, django_assert_max_num_queries):
    for level in range(16):
        ends = [[f"/l{at}-{side}" for side in "ab"] for at in (level, level + 1)]
        assert post(producer, say(f"job{level}", *ends)).status_code == 201
    asked = {"namespace": "file", "name": "/l16-a", "direction": "up", "depth": "20"}
    with django_assert_max_num_queries(120):
        start = time.thread_time()
        answer = people.ann.api.get("/api/v1/lineage", asked).json()
        assert time.thread_time() - start < 2
    assert len([node for node in answer["nodes"] if node["type"] == "dataset"]) == 33
    assert len(answer["edges"]) == 16 * 3 + 15
    assert not answer["truncated"]
    assert Dataset.objects.count() == 34


def test_what_grows_too_much_when_unpacked_is_refused_below_the_limit(producer):
    body = gzip.compress(b" " * 20_000_000)
    assert len(body) * 500 < 20_000_000
    assert post(producer, body, **{"Content-Encoding": "gzip"}).status_code == 413
