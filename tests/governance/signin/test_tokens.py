"""Tokens: one's own and service accounts', by page and by REST; and what the database then holds."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client

from audit.models import Entry
from audit.refusals import Conflict, Forbidden, Invalid, NotSeen
from governance.access import selectors as access
from governance.access.models import Grant, Token, User
from governance.signin import services
from governance.signin.rules import ServiceAccount, read_token
from jobs.models import Repeat
from tests.audit.test_sequence_races import together

JSON = "application/json"


def bearer(text):
    return Client(headers={"authorization": f"Bearer {text}"})


def make(person, **body):
    return person.api.post("/api/v1/tokens", {"name": "CI", "days": 1, **body}, JSON)


def test_a_token_is_shown_once_and_works(people):
    page = people.ann.client.post("/account/tokens", {"name": "laptop", "days": 30})
    assert page.status_code == 201
    text = page.content.decode().partition('id="token">')[2].partition("<")[0]
    assert bearer(text).get("/api/v1/account").json()["name"] == "Ann"
    assert text not in people.ann.client.get("/account").content.decode()
    token = Token.objects.get(prefix=read_token(text).prefix)
    assert text not in str(vars(token))


def test_a_token_over_rest_is_in_that_answer_and_never_again(people):
    headers = {"Idempotency-Key": "once"}
    session = people.ann.client
    first = session.post("/api/v1/tokens", {"name": "CI", "days": 7}, JSON, headers=headers)
    again = session.post("/api/v1/tokens", {"name": "CI", "days": 7}, JSON, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    assert "token" not in again.json()
    assert bearer(first.json()["token"]).get("/api/v1/account").status_code == 200
    assert first.json()["token"] not in Repeat.objects.get().answer
    assert not any(first.json()["token"].encode() in bytes(entry.body) for entry in Entry.objects.all())


@pytest.mark.parametrize("days", [0, 366, -1, "many"])
def test_a_token_lives_at_most_a_year(people, days):
    assert people.ann.client.post("/account/tokens", {"name": "x", "days": days}).status_code == 422
    assert people.ann.client.post("/api/v1/tokens", {"name": "x", "days": days}, JSON).status_code in (400, 422)


def test_a_token_made_with_a_token_does_not_outlive_it(people):
    assert make(people.ann, days=2).json()["code"] == "access.token_outlives"
    Token.objects.filter(user=people.ann.id).update(expires_at=Token.objects.first().expires_at + timedelta(days=9))
    assert make(people.ann, days=2).status_code == 201


def test_an_ended_token_is_refused_on_the_next_request(people, now):
    client = people.ann.api
    token = Token.objects.get(user=people.ann.id)
    assert people.ann.client.post(f"/account/tokens/{token.pk}/revoke").status_code == 302
    refused = client.get("/api/v1/account")
    assert (refused.status_code, refused.json()["code"]) == (401, "access.bad_token")
    with pytest.raises(Conflict):
        services.revoke_token(actor=people.ann.actor, token_id=token.pk, now=now)


def test_an_expired_token_is_refused(people, now):
    Token.objects.filter(user=people.ann.id).update(expires_at=now)
    assert people.ann.api.get("/api/v1/account").status_code == 401


@pytest.mark.parametrize("text", ["", "att_", "x" * 62, "att_00000000_" + "0" * 49, "Basic abc", "\udce4"])
def test_nonsense_is_no_token(founded, text):
    client = Client(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert client.get("/api/v1/account").status_code == 401


def test_a_bearer_token_wins_over_nothing_but_itself(people):
    client = people.ann.client
    assert client.get("/api/v1/account", HTTP_AUTHORIZATION="Bearer nonsense").status_code == 401
    assert client.get("/api/v1/account", HTTP_AUTHORIZATION=f"Bearer {people.olga.token}").json()["name"] == "Olga"


def test_a_session_needs_the_csrf_token_and_a_bearer_does_not(people):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = people.ann.client.cookies
    assert strict.post("/api/v1/tokens", {"name": "x"}, JSON).status_code == 403
    strict = Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {people.ann.token}"})
    assert strict.post("/api/v1/tokens", {"name": "x", "days": 1}, JSON).status_code in (201, 422)


def test_nobody_ends_anothers_token_but_administrators(people, now):
    token = Token.objects.get(user=people.ann.id)
    with pytest.raises(NotSeen):
        services.revoke_token(actor=people.olga.actor, token_id=token.pk, now=now)
    services.revoke_token(actor=people.adam.actor, token_id=token.pk, now=now)


def account(people, payments, **changes):
    given = {"name": "Retrain CI", "roles": ("ingest", "request"), "scope_id": payments.pk, "owner_id": people.adam.id}
    return ServiceAccount(**{**given, **changes})


def issue(people, payments, now, who=None, days=30, **changes):
    actor = (who or people.adam).actor
    return services.create_service_token(actor=actor, account=account(people, payments, **changes), days=days, now=now)


def test_a_service_account_comes_with_its_token_and_roles(people, payments, now):
    token, text = issue(people, payments, now)
    robot = token.user
    assert (robot.kind, robot.owner_id, robot.has_usable_password()) == ("service", people.adam.id, False)
    assert access.may(robot.pk, "request", payments)
    assert not access.may(robot.pk, "approve", payments)
    answer = bearer(text).get("/api/v1/account").json()
    assert (answer["kind"], answer["email"].endswith(".invalid")) == ("service", True)


def test_a_second_token_of_the_same_name_is_of_the_same_account(people, payments, now):
    first, _ = issue(people, payments, now)
    second, _ = issue(people, payments, now, roles=("ingest", "viewer"))
    assert first.user == second.user
    held = set(Grant.objects.filter(principal_id=first.user_id).values_list("role", flat=True))
    assert held == {"ingest", "request", "viewer"}


@pytest.mark.parametrize(
    "roles", [("approver",), ("ingest", "compliance_officer"), ("admin",), ("system",), ("owner",)]
)
def test_a_service_account_decides_nothing(people, payments, now, roles):
    with pytest.raises(Invalid):
        issue(people, payments, now, roles=roles)
    assert not User.objects.filter(kind="service").exists()


def test_it_takes_the_right_to_manage_access_there(people, person, payments, founded, now):
    with pytest.raises(Forbidden):
        issue(people, payments, now, who=people.ann, owner_id=people.ann.id)
    owner = person("Oona", "owner", payments)
    token, _ = issue(people, payments, now, who=owner, owner_id=owner.id)
    assert token.user.owner_id == owner.id
    with pytest.raises((Forbidden, NotSeen)):
        issue(people, founded, now, who=owner, name="higher", owner_id=owner.id, scope_id=founded.pk)


def test_nobody_takes_over_anothers_service_account(people, person, payments, now):
    issue(people, payments, now)
    owner = person("Oona", "owner", payments)
    with pytest.raises((Conflict, Forbidden)):
        issue(people, payments, now, who=owner, owner_id=owner.id)
    with pytest.raises(Forbidden):
        issue(people, payments, now, who=owner)


def test_an_owner_shut_out_stops_their_machines_on_the_next_request(people, payments, person, now):
    owner = person("Oona", "owner", payments)
    _token, text = issue(people, payments, now, who=owner, owner_id=owner.id)
    robot = bearer(text)
    assert robot.get("/api/v1/account").status_code == 200
    people.adam.api.patch(f"/api/v1/people/{owner.id}", {"active": False, "reason": "left"}, JSON)
    assert robot.get("/api/v1/account").status_code == 401


def test_a_service_account_makes_no_tokens_and_has_no_page(people, payments, now):
    _token, text = issue(people, payments, now)
    assert bearer(text).post("/api/v1/tokens", {"name": "x", "days": 1}, JSON).status_code == 422
    assert bearer(text).get("/account").status_code == 404


def test_the_name_of_a_token_is_not_in_the_entry(people):
    people.ann.client.post("/account/tokens", {"name": "Ann's secret laptop", "days": 3})
    assert b"laptop" not in bytes(Entry.objects.get(action="token.created").body)


def test_over_rest_a_service_account_comes_with_account(people, payments):
    body = {"account": {"name": "CI", "roles": ["ingest"], "scope": str(payments.pk)}, "days": 1}
    answer = people.adam.api.post("/api/v1/tokens", body, JSON)
    assert answer.status_code == 201
    assert bearer(answer.json()["token"]).get("/api/v1/account").json()["kind"] == "service"
    body["account"]["admin"] = True
    assert people.adam.api.post("/api/v1/tokens", body, JSON).status_code == 400


def test_sessions_are_listed_and_ended_over_rest(people):
    here, there = people.ann.client, people.ann.client
    there.get("/account")
    rows = here.get("/api/v1/account/sessions").json()["results"]
    assert [row["this_one"] for row in rows].count(True) == 1
    other = next(row for row in rows if not row["this_one"])
    assert here.delete(f"/api/v1/account/sessions/{other['id']}").status_code == 204
    assert there.get("/account").status_code == 302
    assert here.get("/account").status_code == 200


def test_anothers_session_is_not_seen(people):
    people.olga.client.get("/account")
    row = people.olga.user.sessions.get()
    assert people.ann.client.post(f"/account/sessions/{row.id}/end").status_code == 404
    assert people.ann.api.delete(f"/api/v1/account/sessions/{row.id}").status_code == 404


def test_leaving_everywhere_else_keeps_only_this_browser(people):
    here, there = people.ann.client, people.ann.client
    assert here.post("/account/sessions/end-others").status_code == 302
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302


def test_the_operator_makes_service_accounts_from_the_command_line(people, payments, now):
    from audit.actor import OPERATOR_ID, operator

    adam = SimpleNamespace(actor=operator())
    token, _ = issue(people, payments, now, who=adam, owner_id=OPERATOR_ID)
    assert token.user.owner_id == OPERATOR_ID


def mine(person):
    return person.client.post("/api/v1/tokens", {"name": "CI", "days": 1}, JSON).json()


def first_uses():
    rows = Entry.objects.filter(action="token.first_used").order_by("pk")
    return [json.loads(bytes(each.body)) for each in rows]


def test_the_first_use_of_a_token_is_an_entry_and_no_later_one(people):
    made = mine(people.ann)
    assert first_uses() == []
    for _ in range(3):
        assert bearer(made["token"]).get("/api/v1/account").status_code == 200
    (entry,) = first_uses()
    assert entry["subjects"] == [f"token:{made['id']}", f"person:{people.ann.id}"]
    assert entry["actor"]["token"] == made["id"]


def test_a_token_that_is_refused_was_not_used(people):
    made = mine(people.ann)
    Token.objects.filter(pk=made["id"]).update(revoked_at=Token.objects.get(pk=made["id"]).created_at)
    assert bearer(made["token"]).get("/api/v1/account").status_code == 401
    assert first_uses() == []


@pytest.mark.django_db(transaction=True)
def test_first_requests_that_race_make_one_entry(people):
    texts = [mine(people.ann)["token"] for each in range(3)]
    answers = []

    def ask(text):
        answers.append(bearer(text).get("/api/v1/account").status_code)

    together(*(lambda text=text: ask(text) for text in texts for _ in range(4)))
    assert answers == [200] * 12
    assert len(first_uses()) == 3
