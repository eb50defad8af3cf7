"""What somebody was not allowed to do is in the log, and nothing else they sent."""

import json
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from django.db import DatabaseError

from audit import log
from audit.models import Entry

pytestmark = pytest.mark.django_db


def refused() -> list[dict[str, Any]]:
    rows = Entry.objects.filter(action="access.refused", outcome="denied").order_by("pk")
    return [json.loads(bytes(each.body)) for each in rows]


def test_a_refused_export_is_remembered(people: Ns) -> None:
    assert people.ann.api.get("/api/v1/audit/export").status_code == 403
    (entry,) = refused()
    assert entry["actor"]["id"] == str(people.ann.id)
    assert entry["about"] == {
        "code": "access.not_allowed", "wanted": "export", "door": "GET /api/v1/audit/export", "ids": {},
    }  # fmt: skip


def test_a_refused_page_is_remembered_with_the_ids_in_its_address(people: Ns) -> None:
    job = "6d1f0c1e-6a8a-4f0f-9d6e-1f1d2a3b4c5d"
    from jobs.models import Job

    Job.objects.create(pk=job, kind="audit.nothing", state="dead")
    assert people.ann.client.post(f"/settings/jobs/{job}/retry").status_code == 403
    (entry,) = refused()
    assert entry["about"]["ids"] == {"pk": job}
    assert entry["about"]["door"].startswith("POST /settings/jobs/<uuid:pk>")


def test_nothing_typed_gets_into_the_entry(people: Ns) -> None:
    people.ann.api.get("/api/v1/audit/tile/entries/Ana-Canary", {"q": "Ana Canary"})
    people.ann.api.post("/api/v1/scopes", {"name": "Ana Canary"}, content_type="application/json")
    assert refused()
    assert "Canary" not in json.dumps(refused())


def test_not_seeing_and_not_being_signed_in_are_no_refused_actions(people: Ns, client: Any) -> None:
    assert people.eve.api.get("/api/v1/audit/checkpoint").status_code == 404
    assert client.get("/api/v1/audit/export").status_code == 401
    assert refused() == []


def test_a_refusal_that_cannot_be_recorded_is_503(people: Ns, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise DatabaseError("database or disk is full")

    monkeypatch.setattr(log, "append", full)
    for answer in (people.ann.api.get("/api/v1/audit/export"), people.ann.client.post("/audit/export")):
        assert answer.status_code == 503


def test_a_denial_that_a_form_met_is_remembered_like_one_by_rest(people: Ns) -> None:
    """The form answers with its sentence; the log says who, what and which door, and nothing typed."""
    secret = "Zebra Canary"
    page = people.ann.client.post("/access/groups", {"name": secret})
    assert page.status_code == 422
    assert people.ann.api.post("/api/v1/groups", {"name": secret}, "application/json").status_code == 403
    by_form, by_rest = refused()
    assert by_form["actor"]["id"] == by_rest["actor"]["id"] == str(people.ann.id)
    assert (by_form["about"]["code"], by_form["about"]["wanted"]) == ("access.not_allowed", "manage_access")
    assert by_form["about"]["door"] == "POST /access/groups"
    assert {key: by_form["about"][key] for key in ("code", "wanted", "ids")} == {
        key: by_rest["about"][key] for key in ("code", "wanted", "ids")
    }
    assert secret not in json.dumps(refused())


def test_what_a_form_asked_wrongly_is_no_denial(people: Ns) -> None:
    assert people.adam.client.post("/access/groups", {"name": "x" * 140 + "/"}).status_code in {302, 422}
    assert refused() == []
