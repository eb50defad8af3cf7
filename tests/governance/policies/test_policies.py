"""Publishing and reading policies, through the service and both doors."""

import json
from copy import deepcopy

import pytest
from django.db import DatabaseError, transaction

from governance.policies import records, selectors
from governance.policies.models import Environment, Policy
from governance.policies.rules import understand
from portal.founding import found

pytestmark = pytest.mark.django_db


@pytest.fixture
def production(founded):
    return selectors.environment_named("production")


def stricter():
    body = deepcopy(records.STARTERS["production"])
    body["rules"][0]["needed"] = 3
    return body


def publish(client, body, after=1, **headers):
    sent = {"environment": "production", "after": after, "body": body}
    return client.post("/api/v1/policies", json.dumps(sent), content_type="application/json", **headers)


def test_a_new_house_has_two_environments_each_with_a_policy(founded, now):
    found(now)
    assert [(each.name, each.alias) for each in Environment.objects.order_by("position")] == [
        ("staging", "challenger"),
        ("production", "champion"),
    ]
    assert Policy.objects.count() == 2
    assert understand(selectors.current(selectors.environment_named("production")).body).rules[0].needed == 2


def test_an_officer_publishes_the_next_policy_and_the_old_one_stays(people, production):
    first = selectors.current(production)
    answer = publish(people.olga.api, stricter())
    assert answer.status_code == 201, answer.content
    assert (answer.json()["number"], selectors.current(production).number) == (2, 2)
    assert selectors.policy_seen_by(people.olga.actor, first.pk).digest == first.digest


def test_publishing_over_a_policy_one_has_not_seen_is_refused(people):
    assert publish(people.olga.api, stricter()).status_code == 201
    late = publish(people.omar.api, stricter())
    assert (late.status_code, late.json()["code"]) == (409, "policies.published_meanwhile")


@pytest.mark.parametrize("who", ["ann", "vera", "adam", "eve"])
def test_nobody_else_publishes(people, who):
    assert publish(getattr(people, who).api, stricter()).status_code == 403
    assert Policy.objects.count() == 2


@pytest.mark.parametrize("body", [{}, {"v": 1}, {**records.STARTERS["production"], "rules": []}, {"v": {"a": [1]}}])
def test_a_policy_that_makes_no_sense_is_refused_and_nothing_is_written(people, body):
    assert publish(people.olga.api, body).status_code == 422
    assert Policy.objects.count() == 2


def test_a_role_that_only_machines_hold_cannot_be_asked_to_approve(people):
    body = stricter()
    body["rules"][0]["role"] = "ingest"
    assert publish(people.olga.api, body).json()["params"] == {"place": "rules[0].role"}


def test_the_database_refuses_to_change_a_published_policy(production):
    with pytest.raises(DatabaseError), transaction.atomic():
        Policy.objects.filter(environment=production).update(body={})


@pytest.mark.parametrize("path", ["/settings/policies", "/settings/environments"])
def test_the_pages_show_both_environments(people, path):
    page = people.ann.client.get(path)
    assert page.status_code == 200
    assert b"production" in page.content
    assert b"staging" in page.content


def test_the_policys_page_explains_it_in_words(people, production):
    page = people.ann.client.get(f"/settings/policies/{selectors.current(production).pk}")
    assert "2 different people who hold the role" in page.content.decode()


def test_a_stranger_sees_no_policy(people, production):
    assert people.eve.client.get(f"/settings/policies/{selectors.current(production).pk}").status_code == 404
    assert people.eve.api.get("/api/v1/policies").json()["results"] == []
    assert people.eve.api.get("/api/v1/environments").json()["results"] == []


def test_the_environments_say_which_policy_is_in_force(people, production):
    rows = people.ann.api.get("/api/v1/environments").json()["results"]
    assert [(row["name"], row["policy"]["number"]) for row in rows] == [("staging", 1), ("production", 1)]
    assert rows[1]["policy"]["digest"] == selectors.current(production).digest
