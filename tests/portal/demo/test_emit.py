"""The demo's events, as they arrive over HTTP."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from portal.demo import data, emit
from portal.demo.train import Trained

TRACKING = "http://user:secret@127.0.0.1:5000"


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> data.Month:
    first = data.months(tmp_path_factory.mktemp("demo"))[0]
    data.make(first)
    return first


class Sink(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Authorization"], body))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def sink() -> Iterator[Any]:
    server = HTTPServer(("127.0.0.1", 0), Sink)
    server.got = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def told(month: data.Month, sink: Any) -> list[dict[str, Any]]:
    at = datetime(2026, 9, 2, 8, tzinfo=UTC)
    trained = Trained("3", "a" * 32, at, at, {"C": "1.0"}, "c" * 40)
    url = f"http://127.0.0.1:{sink.server_port}"
    emit.tell([*emit.tables(month), *emit.training(month, trained, TRACKING)], url, "secret-token")
    return [json.loads(body) for _, _, body in sink.got]


def test_events_arrive_where_openlineage_clients_send_them(month: data.Month, sink: Any) -> None:
    told(month, sink)
    assert {path for path, _, _ in sink.got} == {"/api/v1/lineage"}
    assert {token for _, token, _ in sink.got} == {"Bearer secret-token"}


def test_the_chain_runs_from_the_raw_table_to_the_model(month: data.Month, sink: Any) -> None:
    done = [event for event in told(month, sink) if event.get("eventType") == "COMPLETE"]
    steps = [(e["inputs"][0]["name"], e["outputs"][0]["name"]) for e in done]
    assert steps == [
        (str(month.raw), str(month.cleaned)),
        (str(month.cleaned), str(month.features)),
        (str(month.features), "models:/fraud-detector"),
    ]


def test_the_model_is_named_as_its_registry_names_it_without_credentials(month: data.Month, sink: Any) -> None:
    model = told(month, sink)[-1]["outputs"][0]
    assert model["namespace"] == "mlflow://127.0.0.1:5000"
    assert model["facets"]["version"]["datasetVersion"] == "3"
    assert model["facets"]["datasetType"]["datasetType"] == "MODEL"


def test_masking_is_said_where_the_original_can_no_longer_be_seen(month: data.Month, sink: Any) -> None:
    cleaned = told(month, sink)[2]["outputs"][0]["facets"]["columnLineage"]["fields"]
    key = cleaned["customer_key"]["inputFields"][0]
    assert (key["field"], key["transformations"][0]["masking"]) == ("email", True)
    assert cleaned["amount"]["inputFields"][0]["transformations"][0]["masking"] is False


def test_telling_twice_says_the_same_bytes(month: data.Month, sink: Any) -> None:
    told(month, sink)
    told(month, sink)
    bodies = [body for _, _, body in sink.got]
    assert bodies[:7] == bodies[7:]


def test_no_event_holds_a_value_of_the_raw_table(month: data.Month, sink: Any) -> None:
    told(month, sink)
    secrets = Path(month.raw).read_text().splitlines()[1].replace('"', "").split(",")[2:6]
    for _, _, body in sink.got:
        assert not any(secret in body.decode() for secret in secrets)
