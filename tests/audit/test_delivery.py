"""Real collectors on this machine: a web server and syslog sockets that keep what they are given."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from audit import delivery, sequence, sinks
from audit.models import Delivery
from audit.refusals import Invalid, Unavailable

pytestmark = pytest.mark.django_db(transaction=True)


class Collector(ThreadingHTTPServer):
    """Takes batches, or answers what it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.answer = 204
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if collector.answer < 300:
                    collector.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(collector.answer)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def numbers(self) -> list[int]:
        return [json.loads(line)["seq"] for _, body in self.taken for line in body.splitlines()]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def siem(collector: Collector, settings: Any, data_dir: Any) -> sinks.Sink:
    settings.AUDIT_SINKS = f"siem=http://127.0.0.1:{collector.server_port}/in?team=1"
    return sinks.configured()[0]


def fill(offer: Any, now: Any, count: int = 5) -> None:
    for _ in range(count):
        offer()
    sequence.run_once(now)


def test_a_collector_gets_every_entry_once_in_order_and_signed(
    siem: sinks.Sink, collector: Collector, offer: Any, now: Any, run_jobs: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(delivery, "BATCH", 3)
    fill(offer, now, 8)
    assert delivery.behind() == ["siem"]
    owe(run_jobs)
    assert collector.numbers == list(range(8))
    head, body = collector.taken[0]
    key = base64.b64decode(sinks.secret("siem").removeprefix("whsec_"))
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
    good = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert head["webhook-signature"] == f"v1,{good}"
    assert delivery.behind() == []
    owe(run_jobs)
    assert len(collector.taken) == 3


def owe(run_jobs: Any) -> None:
    from django.db import transaction

    from jobs.records import enqueue

    with transaction.atomic():
        enqueue("audit.sinks")
    run_jobs()


def test_while_it_is_away_nothing_is_lost_and_people_can_see_why(
    siem: sinks.Sink, collector: Collector, offer: Any, now: Any, run_jobs: Any
) -> None:
    fill(offer, now)
    collector.answer = 503
    owe(run_jobs)
    state = delivery.states()[0]
    assert (state.delivered, state.owed, state.problem) == (0, 5, "it answered 503")
    assert state.away_since is not None
    collector.answer = 200
    assert delivery.deliver(siem, now) == 5
    assert collector.numbers == list(range(5))
    assert delivery.states()[0].away_since is None


def test_a_batch_that_was_sent_but_not_noted_is_sent_again(
    siem: sinks.Sink, collector: Collector, offer: Any, now: Any, monkeypatch: Any
) -> None:
    fill(offer, now)
    with monkeypatch.context() as patch:
        patch.setattr("audit.records.delivered", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            delivery.deliver(siem, now)
    delivery.deliver(siem, now)
    assert collector.numbers == [*range(5), *range(5)]


def test_an_entry_without_a_checkpoint_is_not_sent(
    siem: sinks.Sink, collector: Collector, offer: Any, now: Any
) -> None:
    fill(offer, now, 2)
    offer()
    delivery.deliver(siem, now)
    assert collector.numbers == [0, 1]


def test_syslog_over_tcp_is_framed_and_numbered(data_dir: Any, offer: Any, now: Any) -> None:
    fill(offer, now, 3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        got: list[bytes] = []
        thread = threading.Thread(target=lambda: got.append(everything(server)))
        thread.start()
        sink = sinks.read(f"log=syslog+tcp://127.0.0.1:{server.getsockname()[1]}#ecs")[0]
        assert delivery.deliver(sink, now) == 3
        thread.join(10)
    rest, found = got[0], []
    while rest:
        length, _, rest = rest.partition(b" ")
        found.append(rest[: int(length)])
        rest = rest[int(length) :]
    for number, each in enumerate(found):
        head, _, text = each.partition(b"\xef\xbb\xbf")
        fields = head.decode().split(" ")
        assert fields[0] == "<109>1" and fields[3] == "attestry" and fields[5] == f"seq-{number}"
        assert json.loads(text)["event"]["sequence"] == number
    assert len(found) == 3


def everything(server: socket.socket) -> bytes:
    line, _ = server.accept()
    with line:
        parts = []
        while part := line.recv(65_536):
            parts.append(part)
        return b"".join(parts)


def test_syslog_over_udp_is_a_datagram_an_entry(data_dir: Any, offer: Any, now: Any) -> None:
    fill(offer, now, 2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        delivery.deliver(sinks.read(f"log=syslog+udp://127.0.0.1:{server.getsockname()[1]}")[0], now)
        assert [b"seq-0 " in server.recv(65_536), b"seq-1 " in server.recv(65_536)] == [True, True]


def test_nobody_listening_is_away(data_dir: Any, offer: Any, now: Any) -> None:
    fill(offer, now)
    for scheme in ("http", "https", "syslog+tcp", "syslog+tls"):
        with pytest.raises(Unavailable) as refused:
            delivery.deliver(sinks.read(f"log={scheme}://127.0.0.1:1")[0], now)
        assert refused.value.code == "audit.sink_away"
    assert Delivery.objects.get().position == 0


@pytest.mark.parametrize(
    "text",
    ["siem", "siem=", "siem=ftp://h", "S=https://h", "a=https://u:p@h/", "a=https://h#cef", "a=https://h a=https://i",
     "a=https://h:99999", "a=https://[", "=https://h"],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        sinks.read(text)
    assert refused.value.code == "audit.bad_sink"


def test_lines_are_fetched_by_auditors_of_the_whole_and_nobody_else(
    people: Any, data_dir: Any, offer: Any, now: Any
) -> None:
    fill(offer, now)
    answer = people.vera.api.get("/api/v1/audit/lines?from=2&limit=2&dialect=ocsf")
    assert answer["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line)["metadata"]["sequence"] for line in answer.content.splitlines()] == [2, 3]
    assert people.ann.api.get("/api/v1/audit/lines").status_code == 403
    for wrong in ("from=-1", "from=x", "limit=1001", "dialect=cef", "from=9" + "9" * 20):
        refused = people.vera.api.get(f"/api/v1/audit/lines?{wrong}")
        assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")


def test_sinks_are_told_without_their_paths(people: Any, siem: sinks.Sink, offer: Any, now: Any) -> None:
    fill(offer, now)
    told = people.vera.api.get("/api/v1/audit/sinks").json()["results"]
    assert [(each["name"], each["owed"], "team" in json.dumps(each)) for each in told] == [("siem", 5, False)]
    assert people.ann.api.get("/api/v1/audit/sinks").status_code == 403


@pytest.mark.parametrize(
    ("setting", "value", "line"),
    [
        ("AUDIT_SINKS", "siem=https://collector.example/", "audit.sinks"),
        ("AUDIT_TSA_URL", "https://tsa.example/", "audit.anchor"),
        ("AUDIT_WITNESSES", "https://witness.example/ key", "audit.witness"),
    ],
)
def test_the_clock_knows_what_the_settings_ask_for(settings: Any, setting: str, value: str, line: str) -> None:
    from audit import tasks

    settings.AUDIT_SINKS = settings.AUDIT_TSA_URL = settings.AUDIT_WITNESSES = ""
    always = tasks.clock().keys()
    assert always == {"audit.pin_ends", "audit.readings", "audit.verify"}
    setattr(settings, setting, value)
    assert tasks.clock().keys() - always == {line}
