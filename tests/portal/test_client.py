"""The command line's client against a real HTTP server that misbehaves in the ways servers do."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from portal import client
from portal.client import ERROR, REFUSED, SIGNED_OUT, USAGE, Failed, Portal


class Server:
    """Answers from a script of (status, headers, body), and remembers what was asked."""

    def __init__(self) -> None:
        self.script: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked.append((self.command, self.path, dict(self.headers), body))
                status, headers, answer = server.script.pop(0)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = answer  # noqa: N815

            def log_message(self, *_: Any) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    def will(self, status: int, body: Any = None, **headers: str) -> None:
        self.script.append((status, headers, json.dumps(body).encode() if body is not None else b""))


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()


@pytest.fixture
def portal(server: Server, monkeypatch: pytest.MonkeyPatch) -> Portal:
    monkeypatch.setattr(client.time, "sleep", lambda _: None)
    return Portal(server.url, "att_secret")


def test_the_token_travels_with_every_request(portal: Portal, server: Server) -> None:
    server.will(200, {"results": []})
    assert portal.get("/api/v1/models", q="a b", cursor="") == {"results": []}
    assert server.asked[0][:2] == ("GET", "/api/v1/models?q=a+b")
    assert server.asked[0][2]["Authorization"] == "Bearer att_secret"


def test_a_busy_portal_is_asked_again_under_the_same_key(portal: Portal, server: Server) -> None:
    server.will(503)
    server.will(201, {"key": "PR-1"})
    assert portal.post("/api/v1/promotions", {"model": "m"}) == {"key": "PR-1"}
    keys = [headers["Idempotency-Key"] for _, _, headers, _ in server.asked]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_two_posts_have_two_keys(portal: Portal, server: Server) -> None:
    for _ in range(2):
        server.will(201, {})
        portal.post("/x", {})
    assert len({headers["Idempotency-Key"] for _, _, headers, _ in server.asked}) == 2


def test_a_redirect_is_never_followed(portal: Portal, server: Server) -> None:
    server.will(302, None, Location="https://elsewhere.example/steal")
    with pytest.raises(Failed) as refused:
        portal.get("/api/v1/models")
    assert refused.value.code == ERROR
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, SIGNED_OUT), (403, REFUSED), (404, REFUSED), (409, REFUSED), (422, REFUSED), (500, ERROR)],
)
def test_each_kind_of_no_has_its_exit_code(portal: Portal, server: Server, status: int, code: int) -> None:
    server.will(status, {"code": "a.b", "detail": "Because."})
    with pytest.raises(Failed, match="Because") as refused:
        portal.get("/x")
    assert refused.value.code == code
    assert refused.value.problem["code"] == "a.b"


def test_the_fields_that_were_wrong_are_named(portal: Portal, server: Server) -> None:
    server.will(400, {"detail": "Some fields are wrong.", "errors": {"model": ["This field is required."]}})
    with pytest.raises(Failed, match="model: This field is required"):
        portal.post("/x", {})


def test_an_answer_that_is_no_problem_document_is_survived(portal: Portal, server: Server) -> None:
    server.script.append((404, {}, b"<html>nginx</html>"))
    with pytest.raises(Failed, match="status 404"):
        portal.get("/x")


def test_a_portal_that_is_away_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.time, "sleep", lambda _: None)
    with pytest.raises(Failed, match="does not answer") as refused:
        Portal("http://127.0.0.1:9", "t").get("/x")
    assert refused.value.code == ERROR


@pytest.mark.parametrize("url", ["", "attestry.example", "ftp://host", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Failed) as refused:
        client.from_environment({"ATTESTRY_URL": url, "ATTESTRY_TOKEN": "t"})
    assert refused.value.code == USAGE


def test_without_a_token_one_is_not_signed_in() -> None:
    with pytest.raises(Failed) as refused:
        client.from_environment({"ATTESTRY_URL": "http://127.0.0.1"})
    assert refused.value.code == SIGNED_OUT


def test_polling_ends_when_it_is_done_and_slows_down_meanwhile() -> None:
    answers, pauses = iter(["open", "open", "open", "done", "never"]), []
    assert client.poll(lambda: next(answers), lambda seen: seen == "done", 60, pauses.append) == "done"
    assert pauses == sorted(pauses)
    assert len(pauses) == 3


def test_polling_gives_up_at_its_time_and_returns_the_last_look() -> None:
    pauses: list[float] = []
    assert client.poll(lambda: "open", lambda _: False, 7, pauses.append) == "open"
    assert sum(pauses) == pytest.approx(7)
