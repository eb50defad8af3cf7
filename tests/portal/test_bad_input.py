"""What hostile or broken requests get: a refusal with a code, never a 500."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

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
