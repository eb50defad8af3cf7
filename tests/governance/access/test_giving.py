"""Giving and withdrawing roles, and asking why: by page and by REST alike."""

from datetime import timedelta
from uuid import uuid4

import pytest

from audit.models import Entry
from governance.access import records, selectors
from governance.access.models import Grant, Group

JSON = "application/json"


def by_page(giver, holder, role, scope, **extra):
    given = {"holder": str(holder), "role": role, "scope": str(scope.pk), "reason": "covers for Olga", **extra}
    return giver.client.post("/access/grants/new", given).status_code == 302


def by_rest(giver, holder, role, scope, **extra):
    given = {"principal": str(holder), "role": role, "scope": str(scope.pk), "reason": "covers for Olga", **extra}
    return giver.api.post("/api/v1/grants", given, JSON).status_code == 201


both_doors = pytest.mark.parametrize("give", [by_page, by_rest], ids=["page", "rest"])


@both_doors
def test_a_role_given_counts_at_once_and_the_reason_is_not_in_the_entry(people, payments, give):
    assert give(people.adam, people.eve.id, "approver", payments)
    assert selectors.may(people.eve.user.pk, "approve", payments)
    grant = Grant.objects.get(principal_id=people.eve.id)
    assert (grant.reason, grant.granted_by) == ("covers for Olga", people.adam.id)
    body = bytes(Entry.objects.get(action="grant.given").body)
    assert b"approver" in body
    assert b"covers" not in body


@both_doors
@pytest.mark.parametrize("role", ["approver", "compliance_officer", "owner", "contributor", "auditor"])
def test_nobody_gives_themselves_a_role_that_decides_or_shows_personal_data(people, payments, give, role):
    assert not give(people.adam, people.adam.id, role, payments)
    assert not Grant.objects.filter(principal_id=people.adam.id, role=role).exists()


@both_doors
def test_nor_through_a_group_they_are_in(people, payments, give):
    group = Group.objects.create(name="deciders")
    group.members.add(people.adam.user, people.ann.user)
    assert not give(people.adam, group.pk, "approver", payments)
    assert give(people.adam, group.pk, "viewer", payments)


def test_nor_by_joining_later_a_group_they_gave_it_to(people, payments, now):
    group = Group.objects.create(name="deciders")
    records.grant(group.pk, "compliance_officer", payments, people.vera.id, now)
    group.members.add(people.vera.user)
    assert not selectors.may(people.vera.user.pk, "approve", payments)
    assert people.vera.user not in selectors.people_who_may("approve", payments.pk)


@both_doors
@pytest.mark.parametrize("role", ["approver", "compliance_officer", "auditor", "admin"])
def test_whoever_owns_a_place_does_not_pick_its_judges(people, person, payments, give, role):
    owner = person("Oona", "owner", payments)
    assert not give(owner, people.eve.id, role, payments)
    assert give(owner, people.ann.id, "viewer", payments)


@both_doors
def test_an_owner_gives_nothing_above_or_beside_their_place(people, person, payments, founded, give):
    owner = person("Oona", "owner", payments)
    other = records.place(founded, "team", "loans")
    assert not give(owner, people.ann.id, "viewer", founded)
    assert not give(owner, people.ann.id, "viewer", other)


@both_doors
@pytest.mark.parametrize(
    "role", ["approver", "compliance_officer", "owner", "admin", "contributor", "system", "nonsense"]
)
def test_machines_hold_only_roles_that_decide_nothing(people, person, payments, give, role):
    bot = person("Bot", kind="service", owner=people.ann.user)
    assert not give(people.adam, bot.id, role, payments)


@both_doors
@pytest.mark.parametrize("role", ["system", "operator", "root", ""])
def test_some_roles_nobody_can_be_given(people, payments, give, role):
    assert not give(people.adam, people.eve.id, role, payments)


@both_doors
def test_the_very_same_is_not_given_twice(people, payments, give):
    assert give(people.adam, people.eve.id, "viewer", payments)
    assert not give(people.adam, people.eve.id, "viewer", payments)


@both_doors
def test_an_end_in_the_past_is_refused_and_one_to_come_ends_it(people, payments, give, now):
    past, soon = now - timedelta(minutes=1), now + timedelta(days=2)
    assert not give(people.adam, people.eve.id, "viewer", payments, expires_at=past.isoformat())
    assert give(people.adam, people.eve.id, "viewer", payments, expires_at=soon.strftime("%Y-%m-%dT%H:%M"))
    assert Grant.objects.get(principal_id=people.eve.id).expires_at.date() == soon.date()


@both_doors
def test_the_shut_out_are_given_nothing(people, payments, give):
    people.eve.user.is_active = False
    people.eve.user.save()
    assert not give(people.adam, people.eve.id, "viewer", payments)


@pytest.mark.parametrize("changes", [{"reason": ""}, {"granted_by": str(uuid4())}, {"role": 7}, {"scope": "x"}])
def test_a_malformed_gift_is_refused_with_what_is_wrong(people, payments, changes):
    given = {"principal": str(people.eve.id), "role": "viewer", "scope": str(payments.pk), "reason": "r", **changes}
    answer = people.adam.api.post("/api/v1/grants", given, JSON)
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_foreign_principal_or_scope_is_not_seen(people, payments):
    base = {"principal": str(people.eve.id), "role": "viewer", "scope": str(payments.pk), "reason": "r"}
    for name in ("principal", "scope"):
        answer = people.adam.api.post("/api/v1/grants", base | {name: str(uuid4())}, JSON)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_seen")


def test_one_object_is_granted_only_by_those_who_manage_everything(people, person, payments):
    owner = person("Oona", "owner", payments)
    given = {"principal": str(people.ann.id), "role": "viewer", "scope": str(payments.pk), "reason": "r"}
    given["object"] = str(uuid4())
    assert owner.api.post("/api/v1/grants", given, JSON).status_code == 403
    assert people.adam.api.post("/api/v1/grants", given, JSON).status_code == 201


def withdraw_by_page(actor, grant):
    return actor.client.post(f"/access/grants/{grant.pk}/withdraw", {"reason": "moved on"}).status_code == 302


def withdraw_by_rest(actor, grant):
    answer = actor.api.post(f"/api/v1/grants/{grant.pk}/withdraw", {"reason": "moved on"}, JSON)
    return answer.status_code == 200


withdrawals = pytest.mark.parametrize("withdraw", [withdraw_by_page, withdraw_by_rest], ids=["page", "rest"])


@withdrawals
def test_a_withdrawn_grant_stops_counting_at_once(people, payments, withdraw):
    grant = Grant.objects.get(principal_id=people.ann.id)
    assert withdraw(people.adam, grant)
    assert not selectors.may(people.ann.user.pk, "browse", payments)
    assert not withdraw(people.adam, grant)


@withdrawals
def test_an_owner_cannot_take_away_what_they_could_not_give(people, person, payments, withdraw, now):
    owner = person("Oona", "owner", payments)
    grant = records.grant(people.eve.id, "approver", payments, people.adam.id, now)
    assert not withdraw(owner, grant)


@withdrawals
def test_the_last_administrators_grant_stays(people, withdraw):
    assert not withdraw(people.adam, Grant.objects.get(principal_id=people.adam.id))


@withdrawals
def test_attestrys_own_grants_stay(people, withdraw):
    for grant in Grant.objects.filter(source="founding"):
        assert not withdraw(people.adam, grant)


def test_a_role_is_changed_in_one_step(people, payments):
    old = Grant.objects.get(principal_id=people.ann.id)
    answer = people.adam.api.patch(f"/api/v1/grants/{old.pk}", {"role": "viewer", "reason": "reads only"}, JSON)
    assert answer.status_code == 200
    old.refresh_from_db()
    assert old.revoked_at is not None
    assert not selectors.may(people.ann.user.pk, "request", payments)
    assert selectors.may(people.ann.user.pk, "read", payments)


def test_people_see_their_own_grants_and_auditors_all(people):
    own = people.ann.api.get("/api/v1/grants").json()["results"]
    assert {one["principal"] for one in own} == {str(people.ann.id)}
    seen = people.vera.api.get("/api/v1/grants?limit=500").json()["results"]
    assert {str(people.ann.id), str(people.olga.id), str(people.adam.id)} <= {one["principal"] for one in seen}
    assert people.eve.api.get("/api/v1/grants").json()["results"] == []


def explain(asker, **query):
    return asker.api.get("/api/v1/explain", query)


def test_an_explanation_names_the_grant_and_agrees_with_the_decision(people, payments):
    answer = explain(people.ann, action="request", resource=f"scope:{payments.pk}").json()
    assert answer["decision"] is True
    assert answer["determining"] == [str(Grant.objects.get(principal_id=people.ann.id).pk)]
    no = explain(people.ann, action="approve", resource=f"scope:{payments.pk}").json()
    assert (no["decision"], no["reason_code"], no["requestable"]) == (False, "access.no_grant", True)
    assert no["missing"] == ["approver", "compliance_officer"]
    assert no["sentence"]


def test_others_are_explained_only_to_those_who_manage_or_audit(people, payments):
    query = {"subject": f"user:{people.ann.id}", "action": "request", "resource": f"scope:{payments.pk}"}
    assert explain(people.vera, **query).json()["decision"] is True
    assert explain(people.olga, **query).status_code == 200
    assert explain(people.eve, **query).status_code == 404
    mine = {**query, "subject": str(people.olga.id)}
    assert explain(people.ann, **mine).status_code == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"action": "fly"}, 400),
        ({"action": "read", "subject": "x"}, 400),
        ({"action": "read", "resource": "scope:x"}, 400),
        ({"action": "read", "resource": f"scope:{uuid4()}"}, 404),
        ({"action": "read", "resource": f"planet:{uuid4()}"}, 404),
        ({"action": "read", "subject": str(uuid4())}, 404),
        ({}, 400),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(people, query, status):
    assert explain(people.vera, **query).status_code == status


def test_the_why_page_says_it_in_words(people, payments):
    query = {"subject": str(people.ann.id), "action": "approve", "scope": str(payments.pk)}
    page = people.vera.client.get("/access/why", query).content.decode()
    assert "may not" in page
    assert "compliance officer" in page or "compliance_officer" in page
    assert "Olga, Omar" in page
    assert people.eve.client.get("/access/why", query).status_code == 422


@pytest.mark.parametrize("who", ["ann", "olga", "vera", "adam", "eve"])
def test_every_page_of_the_room_opens_for_everybody(people, payments, who):
    reader = getattr(people, who)
    group = Group.objects.create(name="some")
    group.members.add(reader.user)
    client = reader.client
    paths = ["", "/groups", "/scopes", "/grants", "/grants/new", "/people/new", "/why"]
    for path in (*paths, f"/people/{reader.id}", f"/groups/{group.pk}"):
        assert client.get(f"/access{path}").status_code == 200, path
