"""What hostile or broken requests get: a refusal with a code, never a 500."""

import base64
import json
import string
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.portal.asking import ask

CURSORS = (b"[Infinity]", b"[" * 100_000, b'["\\u0000", "x"]', b'["0001-01-01T00:00:00+14:00", "x"]', b"{}", b"\xff")
LISTS = ("models", "datasets", "promotions", "people", "grants", "audit/entries", "waivers", "reports")


@pytest.mark.parametrize("cursor", CURSORS, ids=range(len(CURSORS)))
@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_of_somebody_elses_making_is_refused(people: SimpleNamespace, path: str, cursor: bytes) -> None:
    answer = people.olga.api.get(f"/api/v1/{path}", {"cursor": base64.urlsafe_b64encode(cursor).decode()})
    assert answer.status_code in {400, 403, 404}, (path, answer.content[:300])


@pytest.mark.parametrize("limit", ["0", "-1", "x", "9" * 5000, "501"])
def test_a_limit_out_of_range_is_refused(people: SimpleNamespace, limit: str) -> None:
    answer = people.olga.api.get("/api/v1/models", {"limit": limit})
    assert (answer.status_code, answer.json()["code"]) == (400, "request.bad_limit")


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"\\ud800": 1}', b"nonsense", b"[]", b"7", b"\xff\xfe", b""])
def test_a_body_that_cannot_be_read_is_refused(people: SimpleNamespace, body: bytes) -> None:
    answer = people.ann.api.post("/api/v1/promotions", body, content_type="application/json")
    assert answer.status_code in {400, 422}, answer.content[:300]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["code"]


def test_an_event_nested_too_deeply_is_refused_and_the_rest_of_its_batch_is_kept(
    people: SimpleNamespace, person: Any
) -> None:
    deep: Any = {}
    for _ in range(700):
        deep = {"a": deep}
    good = {"eventTime": "2026-01-01T00:00:00Z", "job": {"namespace": "n", "name": "j"}, "run": {"runId": "1"}}
    bot = person("Bot", "ingest", kind="service", owner=people.adam.user)
    answer = bot.api.post(
        "/api/v1/lineage/batch", json.dumps([good, {**good, "x": deep}]), content_type="application/json"
    )
    assert answer.status_code in {200, 400}, answer.content[:300]
    if answer.status_code == 200:
        assert answer.json()["summary"]["successful"] == 1


def test_a_cookie_with_a_nul_in_it_is_nobody(founded: Any) -> None:
    client = Client()
    client.cookies["attestry"] = "\x00abcdefgh"
    assert client.get("/approvals").status_code == 302


@pytest.mark.parametrize("path", ["/models", "/datasets", "/approvals", "/audit", "/lineage", "/search"])
def test_a_nul_in_a_filter_is_no_500(people: SimpleNamespace, path: str) -> None:
    answer = people.olga.client.get(path, {"q": "a\x00b", "name": "\x00", "since": "0001-01-01T00:00:00+14:00"})
    assert answer.status_code < 500, answer.content[:300]


DOORS = (
    ("GET", "/api/v1/models?limit=3"), ("POST", "/api/v1/groups"), ("GET", "/audit?x=%ff"), ("POST", "/account/login"),
    ("PATCH", "/api/v1/people/6d1f0c1e-6a8a-4f0f-9d6e-1f1d2a3b4c5d"), ("GET", "/readyz"), ("POST", "/api/v1/lineage"),
    ("POST", "/api/v1/promotions/PR-1/decisions"), ("POST", "/api/v1/hooks/mlflow"),
)  # fmt: skip
LATIN = st.text(st.characters(min_codepoint=0, max_codepoint=255, exclude_characters="\r\n"), max_size=40)
ODD = st.one_of(
    LATIN,
    st.text(string.printable.replace("\r", "").replace("\n", ""), max_size=40),
    st.sampled_from(["9" * 5000, "-1", "=?utf-8?q?x?=", "\x00", "\xff\xfe", ";;;=", "a" * 9000, "[::1", 'W/"1"']),
)
KINDS = ("application/json", "multipart/form-data; boundary=", "application/x-www-form-urlencoded", "text/", "")
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "CONTENT_TYPE": st.builds("{}{}{}".format, st.sampled_from(KINDS), st.sampled_from(["", "; charset="]), ODD),
        "CONTENT_LENGTH": st.one_of(ODD, st.sampled_from(["", "0", "5", "99999999999", "+3", "3.5"])),
        "HTTP_ACCEPT": ODD,
        "HTTP_ACCEPT_LANGUAGE": ODD,
        "HTTP_HOST": ODD,
        "HTTP_COOKIE": st.builds(
            "{}{}".format, st.sampled_from(["attestry=", "csrf=", "messages=", "theme=", ""]), ODD
        ),
        "HTTP_AUTHORIZATION": st.builds("{}{}".format, st.sampled_from(["Bearer ", "Bearer att_", "Basic ", ""]), ODD),
        "HTTP_IF_MATCH": ODD,
        "HTTP_IDEMPOTENCY_KEY": ODD,
        "HTTP_X_FORWARDED_FOR": ODD,
        "HTTP_ORIGIN": ODD,
        "HTTP_CONTENT_ENCODING": st.one_of(ODD, st.just("gzip")),
        "HTTP_IF_NONE_MATCH": ODD,
        "HTTP_IF_MODIFIED_SINCE": ODD,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    door=st.sampled_from(DOORS),
    headers=HEADERS,
    body=st.sampled_from([b"", b"{}", b"\xff", b"a=1"]),
    known=st.booleans(),
)
def test_no_header_makes_us_fail(
    people: SimpleNamespace, door: tuple[str, str], headers: dict[str, str], body: bytes, known: bool
) -> None:
    given_by = {"HTTP_AUTHORIZATION": f"Bearer {people.adam.token}"} if known else {}
    answer = ask(door[1], door[0], body, **{**headers, **given_by})
    assert answer.status < 500 or (door[1] == "/readyz" and answer.status == 503), answer


ADDRESS_ONLY = (
    ("post", "/api/v1/registries/{}/sync"), ("post", "/api/v1/registries/{}/probe"), ("post", "/api/v1/jobs/{}/retry"),
    ("post", "/api/v1/promotions/PR-1/put-back"), ("delete", "/api/v1/account/sessions/{}"),
    ("delete", "/api/v1/tokens/{}"), ("delete", "/api/v1/registries/{}"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ADDRESS_ONLY)
def test_a_door_that_needs_no_body_refuses_what_it_does_not_know(
    people: SimpleNamespace, method: str, path: str
) -> None:
    address = path.format("6d1f0c1e-6a8a-4f0f-9d6e-1f1d2a3b4c5d")
    ask_api = getattr(people.adam.api, method)
    refused = ask_api(address, json.dumps({"force": True}), content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "request.unknown_fields")
    assert ask_api(address, "[1]", content_type="application/json").status_code == 400
    assert ask_api(address, "", content_type="application/json").status_code == 404
    assert ask_api(address, "{}", content_type="application/json").status_code == 404
