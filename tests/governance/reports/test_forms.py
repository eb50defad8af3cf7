"""The forms of a report: OpenLineage that can be sent again, PROV, GraphML, each from the same story."""

import hashlib
import json
from xml.etree import ElementTree as ET

import pytest
from django.db import transaction

from governance.access import records
from lineage.models import Dataset, RawEvent
from tests.governance.reports.made import ask, taken

pytestmark = pytest.mark.django_db
G = "{http://graphml.graphdrawing.org/xmlns}"
AS_OF = "2026-11-20T11:30:00Z"


def graph_of(who):
    asked = {"type": "model", "namespace": "mlflow://h:5001", "name": "fraud", "version": "2", "as_of": AS_OF}
    answer = who.api.get("/api/v1/lineage", asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize(
    ("form", "kind", "ending"),
    [
        ("ndjson", "application/x-ndjson", "ndjson"),
        ("prov", "application/json", "prov.json"),
        ("graphml", "application/graphml+xml", "graphml"),
    ],
)
def test_every_form_says_what_it_is(version, people, run_jobs, form, kind, ending):
    answer = taken(people.vera, version, run_jobs, format=form)
    assert answer["Content-Type"] == kind
    assert answer["Content-Disposition"].endswith(f'fraud-2.{ending}"')


@pytest.fixture
def empty(people, person, payments):
    """A portal where nothing was told yet, how to come back to it, and a producer that tells."""
    producer = person("Second", "ingest", payments)
    return transaction.savepoint(), producer


def test_the_events_sent_to_an_empty_portal_make_the_same_graph(empty, version, people, run_jobs):
    before, producer = empty
    lines = taken(people.vera, version, run_jobs, format="ndjson").content.splitlines()
    drawn = graph_of(people.vera)
    assert [json.loads(line)["job"]["name"] for line in lines] == ["generate", "derive", "train"]
    digests = [hashlib.sha256(line).hexdigest() for line in lines]
    transaction.savepoint_rollback(before)
    assert not RawEvent.objects.exists()
    for line in lines:
        assert producer.api.post("/api/v1/lineage", line, content_type="application/json").status_code == 201
    assert sorted(RawEvent.objects.values_list("sha256", flat=True)) == sorted(digests)
    assert graph_of(people.vera) == drawn


def test_an_event_that_names_what_they_may_not_see_is_left_out_whole(version, person, payments, founded, run_jobs):
    elsewhere = records.place(founded, "team", "elsewhere")
    Dataset.objects.filter(name="/more").update(scope_id=elsewhere.pk)
    reader = person("Rita", "auditor", payments)
    body = taken(reader, version, run_jobs, format="ndjson").content
    assert b"/more" not in body
    assert [json.loads(line)["job"]["name"] for line in body.splitlines()] == ["generate", "train"]
    report = json.loads(taken(reader, version, run_jobs).content)
    assert len(report["evidence"]) == 3


def test_the_graphml_is_the_graph_of_the_report(version, people, run_jobs):
    root = ET.fromstring(taken(people.vera, version, run_jobs, format="graphml").content)
    graph = root.find(f"{G}graph")
    assert (root.tag, graph.get("edgedefault")) == (f"{G}graphml", "directed")
    keys = {key.get("id") for key in root.iter(f"{G}key")}
    names = {}
    for node in graph.iter(f"{G}node"):
        data = {one.get("key"): one.text for one in node.iter(f"{G}data")}
        assert data.keys() == keys
        names[node.get("id")] = data["label"]
    edges = {(names[edge.get("source")], names[edge.get("target")]) for edge in graph.iter(f"{G}edge")}
    assert edges == {
        ("generate", "/raw"), ("/raw", "derive"), ("/more", "derive"), ("derive", "/features"),
        ("/features", "train"), ("train", "models:/fraud"),
    }  # fmt: skip


def test_the_provenance_says_who_used_and_made_what(version, people, run_jobs):
    told = json.loads(taken(people.vera, version, run_jobs, format="prov").content)
    entities = {name: (one["attestry:name"], one.get("attestry:version")) for name, one in told["entity"].items()}
    runs = {name: one["prov:label"] for name, one in told["activity"].items()}
    used = {(runs[one["prov:activity"]], entities[one["prov:entity"]]) for one in told["used"].values()}
    made = {(runs[one["prov:activity"]], entities[one["prov:entity"]]) for one in told["wasGeneratedBy"].values()}
    assert used == {("derive", ("/raw", None)), ("derive", ("/more", None)), ("train", ("/features", None))}
    assert ("train", ("models:/fraud", "2")) in made and len(made) == 3
    agents = {one["prov:agent"] for one in told["wasAssociatedWith"].values()}
    assert agents == told["agent"].keys() and len(agents) == 3
    assert {one["prov:usedEntity"] for one in told["wasDerivedFrom"].values()} <= entities.keys()


def test_the_page_offers_every_form(version, people):
    text = people.vera.client.get("/reports").content.decode()
    for form in ("json", "csv", "svg", "ndjson", "prov", "graphml"):
        assert f'value="{form}"' in text
    assert ask(people.vera, version, format="graphml").status_code == 202
