"""Both doors of the catalog: what REST does, the browser does by the same services."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from governance.catalog import selectors

FULL = {
    "purpose": "Flag payments.",
    "out_of_scope_use": "Anything else.",
    "affected_people": "Card holders.",
    "owners": "Risk team",
    "limits": "Instalments.",
    "oversight": "An analyst.",
    "risk_tier": "medium",
    "metrics_by_slice": [{"slice": "over 60", "metric": "auc", "value": "0.91"}],
}
FORM = FULL | {"metrics_by_slice": "over 60 | auc | 0.91"}


def put_card(who: Any, pk: object, fields: object, revision: int = 0) -> Any:
    body = {"fields": fields, "revision": revision}
    return who.api.put(f"/api/v1/models/{pk}/card", body, content_type="application/json")


def test_lists_show_what_one_may_see_by_name_and_page_by_page(discovered, payments, founded, people) -> None:
    for name in ("a", "b", "c"):
        discovered(name, payments)
    discovered("hidden", founded)
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        answer = people.ann.api.get(f"/api/v1/models?limit=2&cursor={cursor}").json()
        seen += [each["name"] for each in answer["results"]]
        cursor = answer["next"]
    assert sorted(seen) == ["a", "b", "c"]
    assert [m["name"] for m in people.ann.api.get("/api/v1/models?name=models:/b").json()["results"]] == ["b"]
    assert people.eve.api.get("/api/v1/models").json()["results"] == []


def test_unseen_and_unknown_are_the_same(fraud, people) -> None:
    answers = [people.eve.api.get(f"/api/v1/models/{pk}") for pk in (fraud.pk, uuid4())]
    assert [a.status_code for a in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert people.ann.api.get(f"/api/v1/datasets/{fraud.pk}").status_code == 404


def test_the_card_by_rest(fraud, people) -> None:
    assert people.ann.api.get(f"/api/v1/models/{fraud.pk}/card").json()["revision"] == 0
    answer = put_card(people.ann, fraud.pk, FULL)
    assert answer.status_code == 200
    assert answer.json()["gaps"] == []
    assert put_card(people.ann, fraud.pk, {"purpose": "x"}).status_code == 409
    assert put_card(people.vera, fraud.pk, {"purpose": "x"}, 1).status_code == 403
    shown = people.vera.api.get(f"/api/v1/models/{fraud.pk}").json()
    assert shown["card"] == {"revision": 1, "gaps": []}


def test_the_card_in_the_browser(fraud, people) -> None:
    path = f"/models/{fraud.pk}/card"
    assert people.ann.client.get(path).status_code == 200
    answer = people.ann.client.post(path, FORM | {"revision": 0})
    assert answer.status_code == 302
    assert selectors.card_of(fraud).fields == FULL
    stale = people.ann.client.post(path, FORM | {"revision": 0, "purpose": "Other."})
    assert stale.status_code == 422
    assert "Somebody changed this" in stale.content.decode()
    assert people.vera.client.post(path, FORM | {"revision": 1, "purpose": "x"}).status_code == 422


def test_a_line_that_is_no_slice_is_explained_beside_the_form(fraud, people) -> None:
    answer = people.ann.client.post(f"/models/{fraud.pk}/card", {"metrics_by_slice": "over 60: 0.91", "revision": 0})
    assert answer.status_code == 422
    assert "slice | metric | value" in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"fields": {"purpose": "x"}}, 400),
        ({"fields": {"colour": "x"}, "revision": 0}, 400),
        ({"fields": [], "revision": 0}, 400),
        ({"fields": {"risk_tier": "none"}, "revision": 0}, 422),
        ({"fields": {}, "revision": -1}, 400),
        ({"fields": {}, "revision": 0, "force": True}, 400),
        ({"fields": {"purpose": "a\ud800"}, "revision": 0}, 400),
    ],
)
def test_a_malformed_card_is_a_sentence_never_a_500(fraud, people, body, status) -> None:
    answer = people.ann.api.put(f"/api/v1/models/{fraud.pk}/card", body, content_type="application/json")
    assert answer.status_code == status
    assert answer.json()["code"]
    assert selectors.card_of(fraud) is None


def test_if_match_stands_for_the_revision(fraud, people) -> None:
    answer = people.ann.api.put(
        f"/api/v1/models/{fraud.pk}/card",
        {"fields": {"purpose": "x"}},
        content_type="application/json",
        headers={"if-match": '"0"'},
    )
    assert answer.status_code == 200


def test_adopting_by_rest_and_in_the_browser(discovered, payments, people) -> None:
    one, two = discovered("one", payments), discovered("two", payments)
    answer = people.ann.api.post(f"/api/v1/assets/{one.pk}/adopt", {"revision": 0}, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json()["owners"] == [{"id": str(people.ann.id), "name": "Ann"}]
    path = f"/assets/{two.pk}/adopt"
    assert people.ann.client.get(path).status_code == 200
    form = {"owners": [str(people.ann.id)], "scope": str(payments.pk), "revision": 0}
    assert people.ann.client.post(path, form).status_code == 302
    assert people.ann.client.post(path, form).status_code == 422
    assert people.vera.client.post(path, form).status_code == 403


def test_labels_and_owners_by_rest_and_in_the_browser(fraud, people) -> None:
    path = f"/api/v1/assets/{fraud.pk}"
    ann = people.ann
    answer = ann.api.patch(path, {"labels": ["pii"], "revision": 0}, content_type="application/json")
    assert answer.json()["labels"] == ["pii"]
    both = ann.api.patch(path, {"labels": [], "owners": [], "revision": 1}, content_type="application/json")
    assert both.status_code == 400
    page = f"/assets/{fraud.pk}/edit"
    assert ann.client.get(page).status_code == 200
    assert ann.client.post(page, {"labels": "pii, eu", "revision": 1}).status_code == 302
    assert ann.client.post(page, {"labels": "é", "revision": 2}).status_code == 422
    owners = {"set_owners": 1, "owners": [str(ann.id)], "revision": 2}
    assert ann.client.post(page, owners).status_code == 302
    fraud.refresh_from_db()
    assert (fraud.labels, fraud.revision) == (["eu", "pii"], 3)
    assert people.vera.client.post(page, {"labels": "x", "revision": 3}).status_code == 403


def test_the_lists_in_the_browser(discovered, payments, people) -> None:
    assert "No models yet" in people.ann.client.get("/models").content.decode()
    discovered("fraud", payments)
    listed = people.ann.client.get("/models?q=FRA&unowned=1").content.decode()
    assert "fraud" in listed
    assert "Discovered" in listed
    assert "No model matches" in people.ann.client.get("/models?label=pii").content.decode()
    assert "No datasets yet" in people.ann.client.get("/datasets").content.decode()


def test_lineage_links_lead_to_the_page(fraud, people, dataset_asset) -> None:
    model = people.ann.client.get("/models/by-name?namespace=mlflow://h:5000&name=models:/fraud")
    assert (model.status_code, model["Location"]) == (302, f"/models/{fraud.pk}")
    data = people.ann.client.get(f"/datasets/by-lineage/{dataset_asset.lineage_dataset_id}")
    assert data["Location"] == f"/datasets/{dataset_asset.pk}"
    for path in ("/models/by-name", "/datasets/by-lineage/999999", "/models/by-name?namespace=x&name=y"):
        assert people.ann.client.get(path).status_code == 404
    assert people.eve.client.get("/models/by-name?namespace=mlflow://h:5000&name=fraud").status_code == 404


@pytest.fixture
def dataset_asset(payments: Any, now: Any) -> Any:
    from django.db import transaction

    from governance.catalog import records
    from governance.catalog.records import Named

    with transaction.atomic():
        return records.discover_dataset(Named("file", "/data/x", payments.pk, lineage_dataset_id=77), now)[0]


def test_the_door_is_locked_to_strangers(fraud) -> None:
    assert Client().get(f"/api/v1/models/{fraud.pk}").status_code == 401
    assert re.match(r"/account/login", Client().get("/models")["Location"])


def test_the_forms_of_owners_are_for_who_may_edit_and_name_only_people_they_know(
    discovered, payments, founded, person, people
) -> None:
    from governance.access import records

    fraud, hidden = discovered("fraud2", payments), records.place(founded, "team", "hidden")
    zoe = person("Zoe", "viewer", hidden)
    for page in (f"/assets/{fraud.pk}/edit", f"/assets/{fraud.pk}/adopt"):
        refused, shown = people.vera.client.get(page), people.ann.client.get(page).content.decode()
        assert refused.status_code == 403
        assert b"Olga" not in refused.content
        assert "Olga" in shown and "Zoe" not in shown
    for pk in (zoe.id, uuid4()):
        body = {"owners": [str(pk)], "revision": 0}
        answer = people.ann.api.patch(f"/api/v1/assets/{fraud.pk}", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (422, "catalog.bad_owner")
    assert not fraud.owners.exists()
