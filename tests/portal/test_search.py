"""The search box finds what one may see, and nothing else."""

import pytest
from django.db import transaction


@pytest.fixture
def catalog(people, payments, founded, now):
    from governance.access import records as access
    from governance.catalog import records
    from governance.catalog.records import Named

    loans = access.place(founded, "team", "loans")
    with transaction.atomic():
        records.discover_model(Named("mlflow://h:5000", "fraud-detector", payments.pk), now)
        records.discover_model(Named("mlflow://h:5000", "fraud-of-loans", loans.pk), now)
        records.discover_dataset(Named("file", "/data/fraud.csv", payments.pk, 7), now)


def found(client, words):
    return [(hit["type"], hit["name"]) for hit in client.get("/api/v1/search", {"q": words}).json()["results"]]


def test_one_finds_only_what_one_may_see(people, catalog):
    assert found(people.ann.api, "FRAUD") == [("model", "fraud-detector"), ("dataset", "/data/fraud.csv")]
    assert found(people.vera.api, "fraud-of") == [("model", "fraud-of-loans")]
    assert found(people.eve.api, "fraud") == []


def test_people_are_found_by_name_and_address_among_those_one_may_know_of(people):
    assert found(people.ann.api, "olg") == [("person", "Olga")]
    assert found(people.ann.api, "omar@ex") == [("person", "Omar")]
    assert found(people.eve.api, "olga") == []
    assert found(people.eve.api, "eve") == [("person", "Eve")]


def test_the_page_links_to_what_it_found(people, catalog):
    page = people.ann.client.get("/search", {"q": "fraud"}).content.decode()
    assert "fraud-detector" in page
    assert 'href="/models/' in page
    assert "fraud-of-loans" not in page


@pytest.mark.parametrize("words", ["", "x", "  y  ", "%%", "__"])
def test_too_little_to_search_for_is_said_and_wildcards_are_letters(people, catalog, words):
    page = people.vera.client.get("/search", {"q": words})
    assert page.status_code == 200
    assert "fraud" not in page.content.decode()


@pytest.mark.parametrize("words", ["", "x", "y" * 101, "a\x00b"])
def test_a_search_that_cannot_be_is_refused_over_rest(people, words):
    answer = people.vera.api.get("/api/v1/search", {"q": words})
    assert (answer.status_code, answer.json()["code"]) == (400, "access.bad_query")


def test_requests_are_found_by_key_and_by_model(people, catalog, now):
    from governance.catalog.models import Asset, Version

    model = Asset.objects.get(name="fraud-detector")
    digest = "sha256:" + "0" * 64
    Version.objects.create(
        asset=model, label="1", number=1, state="sealed", manifest_digest=digest, seen_at=now, created_at=now
    )
    asked = {"model": "fraud-detector", "version": "1", "environment": "production", "purpose": "Score payments."}
    key = people.ann.api.post("/api/v1/promotions", asked, "application/json").json()["key"]
    for words in (key, key.lower(), "detector"):
        assert ("promotion", f"{key} fraud-detector 1") in found(people.olga.api, words)
    assert found(people.eve.api, key) == []
    why = people.olga.api.get("/api/v1/explain", {"action": "approve", "resource": f"promotion:{key}"}).json()
    assert why["decision"] is True
    assert people.eve.api.get("/api/v1/explain", {"action": "read", "resource": f"promotion:{key}"}).status_code == 404


def test_what_is_found_is_shown_as_text(people, payments, now):
    from governance.catalog import records
    from governance.catalog.records import Named

    with transaction.atomic():
        records.discover_model(Named("mlflow://h:5000", "<script>alert(1)</script>{{7*7}}", payments.pk), now)
    page = people.ann.client.get("/search", {"q": "script"}).content.decode()
    assert "<script>alert" not in page
    assert "{{7*7}}" in page
