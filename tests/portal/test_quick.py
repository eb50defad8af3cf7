"""Events of machines with a token go a quicker way, and meet the same answers, locks and headers on it."""

import gzip
import json
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpRequest

from audit.models import Entry
from governance.access.models import Grant, Token, User
from governance.signin import selectors as signin
from lineage.models import RawEvent
from portal import middleware, quick
from portal.quick import Application
from tests.lineage.conftest import producer, say  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db
ONE, MANY = "/api/v1/lineage", "/api/v1/lineage/batch"


@pytest.fixture(autouse=True)
def nobody_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a process that nobody showed a token yet."""
    monkeypatch.setattr(quick, "_lately", {})


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Keep the connection that the test's transaction is in, as Django's own test client does."""
    signals = (request_started, request_finished)
    for each in signals:
        each.disconnect(close_old_connections)
    yield
    for each in signals:
        each.connect(close_old_connections)


class Answer:
    """What a WSGI server would send."""

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = int(status.split(maxsplit=1)[0]), dict(headers), body

    def json(self) -> Any:
        return json.loads(self.body)


def send(body: Any, token: str = "", path: str = ONE, way: Any = Application, **more: str) -> Answer:
    """POST as the web server hands it over."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000", "HTTP_HOST": "127.0.0.1:8000", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(data), "wsgi.errors": sys.stderr, "CONTENT_LENGTH": str(len(data)),
        "CONTENT_TYPE": "application/json", **({"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}), **more,
    }  # fmt: skip
    told: list[Any] = []
    found = way()(environ, lambda status, headers, _=None: told.extend([status, headers]))
    answer = Answer(told[0], told[1], b"".join(found))
    getattr(found, "close", lambda: None)()
    return answer


class Long(Application):
    """The way of everything else."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return super(Application, self).__call__(environ, start_response)


class Quick(Application):
    """The quick way alone, which stumbles where it would hand over."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        assert quick.kept(environ | {"wsgi.input": BytesIO(environ["wsgi.input"].getvalue())}) is not None
        return super().__call__(environ, start_response)


def test_an_event_goes_the_quick_way(producer, say):  # noqa: F811
    answer = send(say("clean", ["/raw"], ["/clean"]), producer.token, way=Quick)
    assert (answer.status, answer.json()["status"]) == (201, "duplicate")
    assert RawEvent.objects.count() == Entry.objects.filter(action="lineage.event_accepted").count() == 1
    answer = send([say("derive", ["/clean"], ["/features"])], producer.token, MANY, way=Quick)
    assert (answer.status, answer.body) == (204, b"")
    assert RawEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("path", "body", "more"),
    [
        (ONE, b'{"job": {"namespace": "n", "name": "j"}}', {}),
        (ONE, gzip.compress(b'{"job": {"namespace": "n", "name": "j"}}', mtime=0), {"HTTP_CONTENT_ENCODING": "gzip"}),
        (MANY, b'[{"job": {"namespace": "n", "name": "j"}}]', {}),
        (MANY, b'[{"job": {"namespace": "n", "name": "j"}}, {}]', {}),
        (ONE, b"nope", {}),
        (MANY, b"{}", {}),
        (ONE, b"", {}),
        (ONE, b"{}", {"CONTENT_TYPE": "application/json; charset=utf-7"}),
        (ONE, b"{}", {"HTTP_CONTENT_ENCODING": "br"}),
        (ONE, gzip.compress(b" " * 33 * 1024 * 1024, mtime=0), {"HTTP_CONTENT_ENCODING": "gzip"}),
        (ONE, b"{}", {"HTTP_HOST": "elsewhere.example.org"}),
        (ONE, b"nope", {"HTTP_ACCEPT_LANGUAGE": "es"}),
    ],
)
def test_both_ways_answer_alike(producer, path, body, more):  # noqa: F811
    short, long = (send(body, producer.token, path, way, **more) for way in (Application, Long))
    assert short.status == long.status
    if short.status == 201:
        assert short.json() == long.json() | {"status": "stored"}
    else:
        assert short.body == long.body or short.json() == long.json()
    ignored = {"Content-Length", "Vary", "Allow", "Content-Language", "X-Frame-Options"}
    kept = [{name: value for name, value in each.headers.items() if name not in ignored} for each in (short, long)]
    assert kept[0] == kept[1]
    assert "Content-Security-Policy" in kept[0]


@pytest.mark.parametrize("length", ["", "x", "-1", "99999999999"])
def test_a_length_that_is_none_is_left_to_the_frame(producer, length):  # noqa: F811
    body = b'{"job": {"namespace": "n", "name": "j"}}'
    short, long = (send(body, producer.token, way=way, CONTENT_LENGTH=length) for way in (Application, Long))
    assert (short.status, short.json().get("code")) == (long.status, long.json().get("code"))


def test_a_token_that_was_not_shown_for_a_minute_is_noted(producer, now):  # noqa: F811
    body = b'{"job": {"namespace": "n", "name": "j"}}'
    Token.objects.filter(user=producer.user).update(last_used_at=None)
    assert send(body, producer.token).status == 201
    assert Entry.objects.filter(action="token.first_used").count() == 1
    assert Token.objects.get(user=producer.user).last_used_at >= now


def test_who_may_not_is_refused_and_remembered_on_it(people, say):  # noqa: F811
    answer = send(say("a", [], ["/x"]), people.ann.token)
    assert (answer.status, answer.json()["code"]) == (403, "access.not_allowed")
    assert Entry.objects.filter(action="access.refused", actor_id=people.ann.user.pk).count() == 1
    assert not RawEvent.objects.exists()


def test_nobody_gets_in_by_it(say, producer):  # noqa: F811
    event = say("a", [], ["/x"])
    wrong = producer.token[:-1] + ("0" if producer.token[-1] != "0" else "1")
    for more in ({}, {"HTTP_AUTHORIZATION": "Bearer nonsense"}, {"HTTP_AUTHORIZATION": "Basic eA=="}):
        assert send(event, **more).status == 401
    assert send(event, wrong).status == 401
    assert not RawEvent.objects.exists()


@pytest.mark.parametrize("end", ["token", "expiry", "holder", "owner"])
def test_a_token_that_ended_a_moment_ago_does_not_count(producer, say, now, end):  # noqa: F811
    app = Application()

    def event() -> int:
        return send(say("a", [], ["/x"]), producer.token, way=lambda: app).status

    assert event() == 201
    if end == "token":
        Token.objects.filter(user=producer.user).update(revoked_at=now)
    elif end == "expiry":
        Token.objects.filter(user=producer.user).update(expires_at=now)
    else:
        User.objects.filter(pk=producer.user.pk if end == "holder" else producer.user.owner_id).update(is_active=False)
    assert event() == 401


def test_who_showed_a_token_a_moment_ago_is_asked_about_once_where_events_are_kept(producer, say, monkeypatch):  # noqa: F811
    looks: list[str] = []
    real = signin.shown
    monkeypatch.setattr(signin, "shown", lambda text: looks.append(text) or real(text))
    for job in "abc":
        assert send(say(job, [], ["/x"]), producer.token, way=Quick).status == 201
    assert len(looks) == 1
    assert producer.token not in str(quick._lately)
    monkeypatch.setattr(quick, "LATELY", 0.0)
    assert send(say("d", [], ["/x"]), producer.token).status == 201
    assert len(looks) == 2
    moments = RawEvent.objects.order_by("pk").values_list("received_at", flat=True)
    assert list(moments) == sorted(moments)


def test_a_process_knows_no_more_than_so_many_tokens_again(producer, people, say, monkeypatch):  # noqa: F811
    monkeypatch.setattr(quick, "HOLDERS", 1)
    assert send(say("a", [], ["/x"]), producer.token).status == 201
    send(say("a", [], ["/x"]), people.ann.token)
    assert len(quick._lately) == 1


def test_a_grant_that_ended_a_moment_ago_does_not_count(producer, say, now):  # noqa: F811
    assert send(say("a", [], ["/x"]), producer.token).status == 201
    Grant.objects.filter(principal_id=producer.user.pk).update(revoked_at=now)
    assert send(say("b", [], ["/x"]), producer.token).status == 403


def test_the_holder_of_a_token_is_read_when_somebody_asks(producer, django_assert_num_queries):  # noqa: F811
    request = HttpRequest()
    request.META["HTTP_AUTHORIZATION"] = f"Bearer {producer.token}"
    with django_assert_num_queries(1):
        middleware.WhoAsks(lambda _: None)(request)  # type: ignore[arg-type]
    assert request.user.is_authenticated
    assert request.user.email == producer.user.email  # type: ignore[union-attr]
