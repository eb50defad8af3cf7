"""Events in and graphs out over HTTP."""

import gzip
import json

import pytest

from lineage.models import Dataset, Job, RawEvent, Run
from tests.lineage.conftest import post


def get(who, **query):
    return who.api.get("/api/v1/lineage", query)


def test_an_event_is_stored_once(producer, say):
    event = say("clean", ["/raw"], ["/clean"])
    first, again = post(producer, event), post(producer, event)
    assert (first.status_code, first.json()["status"]) == (201, "stored")
    assert (again.status_code, again.json()["status"]) == (201, "duplicate")
    assert first.json()["event_id"] == again.json()["event_id"]
    assert RawEvent.objects.count() == 1


def test_what_is_odd_is_said_and_kept(producer, say):
    event = say("clean", ["/raw"], ["/clean"], producer="feast", run={"runId": "run_id"})
    answer = post(producer, event).json()
    assert {"producer.not_a_uri", "run.id_not_uuid"} <= set(answer["warnings"])
    assert set(RawEvent.objects.get().warnings) == set(answer["warnings"])


def test_gzip_is_taken(producer, say):
    body = gzip.compress(json.dumps(say("clean", ["/raw"], ["/clean"])).encode())
    assert post(producer, body, **{"Content-Encoding": "gzip"}).status_code == 201


def test_a_large_event_is_taken_and_a_bomb_is_not(producer, say):
    big = say("clean", ["/raw"], ["/clean"], run={"runId": "r", "facets": {"plan": {"rows": list(range(500_000))}}})
    body = json.dumps(big).encode()
    assert len(body) > 3_000_000
    assert post(producer, body).status_code == 201
    assert post(producer, gzip.compress(body), **{"Content-Encoding": "gzip"}).json()["status"] == "duplicate"
    bomb = gzip.compress(b" " * (33 * 1024 * 1024))
    assert post(producer, bomb, **{"Content-Encoding": "gzip"}).status_code == 413
    assert post(producer, gzip.compress(b"{}")[:-4], **{"Content-Encoding": "gzip"}).status_code == 400
    assert post(producer, b"{}", **{"Content-Encoding": "br"}).status_code == 415


@pytest.mark.parametrize("body", [b"", b"nope", b"[]", b"{}", b'{"job": {"name": 3}}', b"[" * 100_000])
def test_only_what_cannot_be_identified_is_refused(producer, body):
    answer = post(producer, body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"].startswith("lineage.")
    assert not RawEvent.objects.exists()


def test_a_batch_says_by_index_what_failed(producer, say):
    good = say("clean", ["/raw"], ["/clean"])
    answer = post(producer, [good, {"x": 1}, good], "/api/v1/lineage/batch")
    assert answer.status_code == 200
    body = answer.json()
    assert body["summary"] == {"received": 3, "successful": 2, "failed": 1, "retriable": 0, "non_retriable": 1}
    assert [one["index"] for one in body["failed_events"]] == [1]
    assert post(producer, [good], "/api/v1/lineage/batch").status_code == 204
    assert post(producer, good, "/api/v1/lineage/batch").status_code == 400
    assert RawEvent.objects.count() == 1


def test_nobody_ingests_without_the_role(people, say, client):
    event = say("clean", ["/raw"], ["/clean"])
    for who in (people.ann, people.vera, people.eve):
        assert post(who, event).status_code == 403
    assert client.post("/api/v1/lineage", event, content_type="application/json").status_code == 401
    assert not RawEvent.objects.exists()


def test_secrets_are_gone_before_anything_is_kept(producer, people, say):
    read = {"namespace": "postgres://bob:hunter22@db:5432", "name": "s.t"}
    facets = {"debezium": {"database.password": "hunter22", "note": "ask anna@example.org"}}
    post(producer, say("clean", [read], ["/clean"], run={"runId": "r", "facets": facets}))
    import zlib

    from lineage.reading import again

    body = zlib.decompress(RawEvent.objects.get().body)
    assert b"hunter22" not in body and b"anna@" not in body
    assert {one["at"] for one in RawEvent.objects.get().redacted} == {
        "/inputs/0/namespace",
        "/run/facets/debezium/database.password",
        "/run/facets/debezium/note",
    }
    assert again(body).inputs[0].namespace == "postgres://db:5432"
    assert get(people.ann, namespace="postgres://db", name="s.t").status_code == 200


def test_the_graph_runs_from_raw_to_model(chain, people):
    answer = get(
        people.ann, namespace="mlflow://127.0.0.1:5001", name="models:/fraud", type="model", direction="up"
    ).json()
    assert {"from": "job:jobs:train", "to": "dataset:mlflow://127.0.0.1:5001:models:/fraud"} in answer["edges"]
    assert {"from": "dataset:file:/raw", "to": "job:jobs:clean"} in answer["edges"]
    assert {node["id"] for node in answer["nodes"] if node["type"] == "job"} == {
        f"job:jobs:{name}" for name in ("generate", "clean", "derive", "train")
    }
    assert [node["type"] for node in answer["nodes"]].count("model") == 1
    assert (answer["truncated"], answer["frontier"], answer["hidden_nodes"]) == (False, [], 0)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"name": "/clean", "direction": "down", "depth": "1"}, {"/clean", "derive", "/features"}),
        ({"name": "/clean", "direction": "up"}, {"/clean", "clean", "/raw", "generate"}),
        ({"name": "derive", "type": "job", "namespace": "jobs", "depth": "0"}, {"derive", "/clean", "/features"}),
        ({"name": "/raw", "direction": "down", "max_nodes": "3"}, {"/raw", "clean", "/clean"}),
    ],
)
def test_direction_depth_and_budget_are_kept(chain, people, query, expected):
    answer = get(people.ann, **{"namespace": "file", **query}).json()
    assert {node["name"] for node in answer["nodes"]} == expected
    assert answer["truncated"] == (query.get("direction") != "up")


def test_a_name_alone_is_enough_while_it_is_the_only_one(chain, people, producer, say):
    assert get(people.ann, name="/clean").json()["nodes"][0]["namespace"] == "file"
    assert get(people.ann, name="fraud", type="model").json()["nodes"][0]["name"] == "models:/fraud"
    assert get(people.ann, name="/none").status_code == 404
    post(producer, say("other", [], [{"namespace": "s3://b", "name": "/clean"}]))
    answer = get(people.ann, name="/clean")
    assert (answer.status_code, answer.json()["code"]) == (400, "lineage.namespace_needed")


def test_a_time_before_the_first_event_shows_the_thing_alone(chain, people):
    early = get(people.ann, namespace="file", name="/clean", as_of="2026-11-19").json()
    assert [node["name"] for node in early["nodes"]] == ["/clean"]
    assert early["as_of"].startswith("2026-11-19T23:59:59")


def test_columns_come_with_masking(producer, people, say):
    fields = {
        "mail": {
            "inputFields": [
                {"namespace": "file", "name": "/raw", "field": "email", "transformations": [{"masking": True}]}
            ]
        },
        "sum": {"inputFields": [{"namespace": "file", "name": "/raw", "field": "amount"}]},
    }
    written = {"namespace": "file", "name": "/clean", "facets": {"columnLineage": {"fields": fields}}}
    post(producer, say("clean", ["/raw"], [written]))
    answer = get(people.ann, namespace="file", name="/clean", columns="1").json()
    assert answer["column_edges"] == [
        {
            "from": {"dataset": "dataset:file:/raw", "field": one},
            "to": {"dataset": "dataset:file:/clean", "field": other},
            "masking": masking,
        }
        for one, other, masking in (("amount", "sum", False), ("email", "mail", True))
    ]
    assert "column_edges" not in get(people.ann, namespace="file", name="/clean").json()


def test_what_may_not_be_seen_is_a_stub_and_the_path_goes_on(person, founded, say):
    from governance.access import records

    mine, theirs = records.place(founded, "team", "mine"), records.place(founded, "team", "theirs")
    ours, others = person("Ours", ["ingest"], mine), person("Others", ["ingest"], theirs)
    reader = person("Rita", "viewer", mine)
    post(ours, say("a", ["/first"], ["/second"]))
    post(others, say("b", ["/second"], ["/secret"]))
    post(ours, say("c", [], ["/third"]))
    post(others, say("d", ["/secret"], ["/third"]))
    answer = get(reader, namespace="file", name="/third", direction="up").json()
    assert {node["name"] for node in answer["nodes"] if node["type"] != "hidden"} == {
        "/first",
        "/second",
        "/third",
        "a",
        "c",
    }
    assert answer["hidden_nodes"] == 3
    assert "secret" not in json.dumps(answer)
    assert get(reader, namespace="file", name="/secret").status_code == 404
    assert get(reader, namespace="file", name="/nothing").status_code == 404


def test_a_stranger_sees_nothing(chain, people):
    assert get(people.eve, namespace="file", name="/raw").status_code == 404


@pytest.mark.parametrize(
    ("query", "kind", "start"),
    [
        ({"format": "svg"}, "image/svg+xml", b"<svg"),
        ({"format": "csv"}, "text/csv; charset=utf-8", b"from_type"),
        ({"format": "ndjson"}, "application/x-ndjson", b"{"),
        ({"format": "json"}, "application/json", b"{"),
        ({"format": "prov"}, "application/json", b'{"prefix"'),
        ({"format": "graphml"}, "application/graphml+xml", b"<?xml"),
    ],
)
def test_the_form_is_chosen_by_parameter(chain, people, query, kind, start):
    answer = get(people.ann, namespace="file", name="/clean", **query)
    assert answer["Content-Type"] == kind
    assert answer.content.startswith(start)


def test_the_form_is_chosen_by_accept(chain, people):
    answer = people.ann.api.get(
        "/api/v1/lineage", {"namespace": "file", "name": "/clean"}, headers={"accept": "image/svg+xml"}
    )
    assert answer.content.startswith(b"<svg")


def test_the_ndjson_of_a_graph_can_be_sent_again(chain, people, producer):
    lines = get(people.ann, namespace="file", name="/clean", format="ndjson").content.splitlines()
    assert all(post(producer, line).status_code == 201 for line in lines)
    after = get(people.ann, namespace="file", name="/clean").json()
    assert len(after["nodes"]) == 8


def test_marquez_tools_find_what_they_know(chain, people):
    graph = get(people.ann, nodeId="dataset:file:/clean").json()["graph"]
    assert {node["id"] for node in graph} >= {"dataset:file:/clean", "job:jobs:clean", "job:jobs:derive"}
    assert get(people.ann, nodeId="job:jobs:clean").status_code == 200
    model = get(people.ann, nodeId="dataset:mlflow://127.0.0.1:5001:models:/fraud").json()["graph"]
    assert any(node["data"]["type"] == "MODEL" for node in model)
    assert get(people.ann, nodeId="dataset:file:/none").status_code == 404


@pytest.mark.parametrize(
    "query",
    [{"type": "x"}, {"direction": "left"}, {"depth": "-1"}, {"depth": "9" * 30}, {"max_nodes": "0"}, {"as_of": "then"},
     {"format": "pdf"}, {"name": ""}, {"nodeId": "run:x"}, {"depth": "٣"}],
)  # fmt: skip
def test_a_wrong_parameter_is_named(chain, people, query):
    answer = get(people.ann, **{"namespace": "file", "name": "/raw", **query})
    assert answer.status_code == 400
    assert answer.json()["code"] == "lineage.bad_parameter"


def test_the_catalog_is_owed_a_look_at_each_new_dataset(producer, say):
    from jobs.models import Job as Owed

    post(producer, say("clean", ["/raw"], ["/clean"]))
    post(producer, say("clean", ["/raw"], ["/clean"], eventType="RUNNING"))
    owed = Owed.objects.filter(kind="catalog.discover").values_list("args", flat=True)
    assert sorted(owed) == sorted([str(pk)] for pk in Dataset.objects.values_list("pk", flat=True))


def test_each_new_event_has_an_entry_and_a_duplicate_has_none(producer, say):
    from audit.models import Entry

    event = say("clean", ["/raw"], ["/clean"])
    digest = post(producer, event).json()["event_id"]
    post(producer, event)
    entry = Entry.objects.get(action="lineage.event_accepted")
    assert digest.encode() in bytes(entry.body)


def test_things_appear_in_the_scope_of_whoever_named_them_first(producer, person, founded, say, payments):
    post(producer, say("clean", ["/raw"], ["/clean"]))
    post(person("Other", "ingest"), say("clean", ["/raw"], ["/clean"], eventType="RUNNING"))
    assert set(Dataset.objects.values_list("scope_id", flat=True)) == {payments.pk}
    assert Job.objects.get().scope_id == payments.pk
    assert Run.objects.get().state == "COMPLETE"


def test_a_version_is_traced_through_its_own_runs_only(producer, people, say):
    for month in ("08", "09"):
        run = {"run": {"runId": f"00000000-0000-4000-8000-0000000000{month}"}}
        assert post(producer, say("clean", [f"/raw-{month}"], [f"/clean-{month}"], **run)).status_code == 201
        train = {"run": {"runId": f"00000000-0000-4000-8000-0000000001{month}"}}
        version = f"models:/fraud@{int(month) - 7}"
        assert post(producer, say("train", [f"/clean-{month}"], [version], **train)).status_code == 201
    asked = "/api/v1/lineage?type=model&namespace=mlflow://127.0.0.1:5001&name=fraud&direction=up"
    everything = people.ann.api.get(asked).json()
    assert {"/raw-08", "/raw-09"} <= {node["name"] for node in everything["nodes"]}
    exact = people.ann.api.get(f"{asked}&version=2").json()
    assert {node["name"] for node in exact["nodes"]} == {"/raw-09", "clean", "/clean-09", "train", "models:/fraud"}
    picture = people.ann.client.get(f"/lineage/file?{asked.partition('?')[2]}&version=2&format=svg")
    assert (picture.status_code, b"raw-09" in picture.content, b"raw-08" in picture.content) == (200, True, False)
    assert people.ann.api.get(f"{asked}&version=7").status_code == 404
    assert people.eve.api.get(f"{asked}&version=2").status_code == 404
