"""Adding, shutting out and letting back in; groups and scopes: by page and by REST alike."""

import pytest
from django.test import Client

from audit.models import Entry
from governance.access.models import Group, Scope, ScopeClosure, Session, SigninLink, Token, User
from governance.signin import services as signin

JSON = "application/json"


def pages(admin):
    client = admin.client

    def do(what, pk=None, **given):
        address = {
            "add": "/access/people/new",
            "deactivate": f"/access/people/{pk}/deactivate",
            "reactivate": f"/access/people/{pk}/reactivate",
            "group": "/access/groups",
            "members": f"/access/groups/{pk}",
            "scope": "/access/scopes",
        }[what]
        return client.post(address, given).status_code == 302

    return do


def rest(admin):
    client = admin.api

    def do(what, pk=None, **given):
        address, method, extra = {
            "add": ("/people", client.post, {}),
            "deactivate": (f"/people/{pk}", client.patch, {"active": False}),
            "reactivate": (f"/people/{pk}", client.patch, {"active": True}),
            "group": ("/groups", client.post, {}),
            "members": (f"/groups/{pk}", client.patch, {}),
            "scope": ("/scopes", client.post, {}),
        }[what]
        return method(f"/api/v1{address}", {**given, **extra}, JSON).status_code in (200, 201)

    return do


both_doors = pytest.mark.parametrize("door", [pages, rest], ids=["page", "rest"])


def last(action):
    return Entry.objects.filter(action=action).latest("at")


@both_doors
def test_somebody_added_can_do_nothing_and_their_name_is_not_in_the_entry(people, door):
    assert door(people.adam)("add", name="Noor  Haddad", email="Noor@Example.org")
    noor = User.objects.get(email="noor@example.org")
    assert (noor.name, noor.kind, noor.has_usable_password()) == ("Noor Haddad", "person", False)
    body = bytes(last("person.added").body)
    assert str(noor.pk).encode() in body
    assert b"Noor" not in body
    assert b"example.org" not in body


@both_doors
@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("Noor", "ANN@example.org"),
        ("Noor", "no address"),
        ("Noor", "noor@attestry.invalid"),
        ("", "noor@example.org"),
        ("N\u202eoor", "noor@example.org"),
        ("N" * 151, "noor@example.org"),
    ],
)
def test_a_taken_address_or_an_odd_name_is_refused_and_nothing_is_written(people, door, name, email):
    before = (User.objects.count(), Entry.objects.count())
    assert not door(people.adam)("add", name=name, email=email)
    assert (User.objects.count(), Entry.objects.count()) == before


@both_doors
@pytest.mark.parametrize("who", ["ann", "olga", "vera", "eve"])
def test_only_those_who_manage_access_add_people(people, door, who):
    assert not door(getattr(people, who))("add", name="Noor", email="noor@example.org")


@both_doors
def test_shutting_out_ends_sessions_and_tokens_at_once(people, door, now):
    browser, machine = people.ann.client, people.ann.api
    assert browser.get("/account").status_code == 200
    assert machine.get("/api/v1/account").status_code == 200
    _link, secret = signin.issue_signin_link(
        actor=people.adam.actor, person_id=people.ann.id, purpose="signin", host="testserver", now=now
    )
    assert door(people.adam)("deactivate", people.ann.id, reason="left the company")
    assert browser.get("/account").status_code == 302
    assert browser.get("/api/v1/account").status_code == 401
    assert machine.get("/api/v1/account").status_code == 401
    assert Client().get(f"/account/link/{secret}").status_code == 422
    assert not Session.objects.filter(user=people.ann.id).exists()
    assert not Token.objects.filter(user=people.ann.id, revoked_at=None).exists()
    assert not SigninLink.objects.filter(user=people.ann.id, used_at=None).exists()
    assert b"left the company" not in bytes(last("person.deactivated").body)


@both_doors
def test_letting_back_in_does_not_bring_old_tokens_or_sessions_back(people, door):
    browser, machine = people.ann.client, people.ann.api
    assert door(people.adam)("deactivate", people.ann.id, reason="leave")
    assert door(people.adam)("reactivate", people.ann.id, reason="back again")
    assert browser.get("/account").status_code == 302
    assert machine.get("/api/v1/account").status_code == 401
    assert people.ann.client.get("/account").status_code == 200


@both_doors
def test_shutting_out_needs_a_reason_and_happens_once(people, door):
    assert not door(people.adam)("deactivate", people.ann.id, reason="  ")
    assert door(people.adam)("deactivate", people.ann.id, reason="left")
    assert not door(people.adam)("deactivate", people.ann.id, reason="left")


@both_doors
def test_the_last_administrator_stays(people, person, door):
    assert not door(people.adam)("deactivate", people.adam.id, reason="bye")
    person("Ada", "admin")
    assert door(people.adam)("deactivate", people.adam.id, reason="bye")


@both_doors
def test_an_owner_of_everything_who_is_no_administrator_cannot_shut_an_officer_out(people, person, door):
    owner = person("Oona", "owner")
    assert not door(owner)("deactivate", people.olga.id, reason="in my way")
    assert door(owner)("deactivate", people.ann.id, reason="left")


@both_doors
@pytest.mark.parametrize("who", ["system", "operator"])
def test_attestry_itself_cannot_be_shut_out(people, door, who):
    from audit import actor

    pk = {"system": actor.SYSTEM_ID, "operator": actor.OPERATOR_ID}[who]
    assert not door(people.adam)("deactivate", pk, reason="why not")


@both_doors
def test_a_group_is_made_and_filled(people, door):
    do = door(people.adam)
    assert do("group", name="Risk")
    assert not do("group", name="risk")
    group = Group.objects.get()
    assert do("members", group.pk, members=[str(people.ann.id), str(people.olga.id)])
    assert set(group.members.all()) == {people.ann.user, people.olga.user}
    assert do("members", group.pk, members=[str(people.olga.id)])
    assert list(group.members.all()) == [people.olga.user]


@both_doors
def test_nobody_brings_themselves_into_a_group_that_decides(people, door, payments, now):
    from governance.access import records

    group = Group.objects.create(name="deciders")
    records.grant(group.pk, "approver", payments, people.olga.id, now)
    assert not door(people.adam)("members", group.pk, members=[str(people.adam.id)])
    assert door(people.adam)("members", group.pk, members=[str(people.ann.id)])


@both_doors
def test_the_shut_out_and_machines_are_in_no_group(people, person, door):
    group = Group.objects.create(name="some")
    bot = person("Bot", kind="service", owner=people.ann.user)
    assert not door(people.adam)("members", group.pk, members=[str(bot.id)])
    User.objects.filter(pk=people.ann.id).update(is_active=False)
    assert not door(people.adam)("members", group.pk, members=[str(people.ann.id)])


@both_doors
def test_a_place_is_made_below_one_that_its_maker_manages(people, person, payments, founded, door):
    owner = person("Oona", "owner", payments)
    assert door(owner)("scope", parent=str(payments.pk), kind="project", name="cards")
    made = Scope.objects.get(path="org/payments/cards")
    above = set(ScopeClosure.objects.filter(descendant=made).values_list("ancestor__path", flat=True))
    assert above == {"org", "org/payments", "org/payments/cards"}
    assert not door(owner)("scope", parent=str(payments.pk), kind="project", name="cards")
    assert not door(owner)("scope", parent=str(made.pk), kind="project", name="deeper")
    assert not door(owner)("scope", parent=str(founded.pk), kind="team", name="mine")
    assert not door(people.ann)("scope", parent=str(payments.pk), kind="project", name="anns")


def test_a_tree_has_a_depth(people, founded):
    parent, do = founded, rest(people.adam)
    for n in range(5):
        assert do("scope", parent=str(parent.pk), kind="team", name=str(n))
        parent = Scope.objects.get(parent=parent, name=str(n))
    assert not do("scope", parent=str(parent.pk), kind="team", name="too deep")


def test_a_frozen_place_is_read_and_not_changed(people, payments):
    from governance.access import selectors

    answer = people.adam.api.patch(f"/api/v1/scopes/{payments.pk}", {"frozen": True, "reason": "court order"}, JSON)
    assert answer.json()["frozen_at"] is not None
    assert selectors.may(people.ann.user.pk, "read", payments)
    assert not selectors.may(people.ann.user.pk, "request", payments)
    assert selectors.people_who_may("approve", payments.pk) == []
    again = people.adam.api.patch(f"/api/v1/scopes/{payments.pk}", {"frozen": True, "reason": "again"}, JSON)
    assert again.status_code == 409
    people.adam.api.patch(f"/api/v1/scopes/{payments.pk}", {"frozen": False, "reason": "lifted"}, JSON)
    assert selectors.may(people.ann.user.pk, "request", payments)


def test_a_name_is_corrected_by_those_who_manage_access(people):
    address = f"/api/v1/people/{people.ann.id}"
    assert people.adam.api.patch(address, {"name": "Ann  Lima"}, JSON).json()["name"] == "Ann Lima"
    assert people.ann.api.patch(address, {"name": "Boss"}, JSON).status_code == 403
    assert people.adam.api.patch(address, {"name": "x", "active": False}, JSON).status_code == 400
    assert people.adam.api.patch(address, {"is_superuser": True}, JSON).status_code == 400


def test_strangers_see_only_themselves_and_others_are_the_same_404_as_nobody(people):
    listed = people.eve.api.get("/api/v1/people").json()["results"]
    assert [one["name"] for one in listed] == ["Eve"]
    unseen = people.eve.api.get(f"/api/v1/people/{people.olga.id}")
    unknown = people.eve.api.get("/api/v1/people/00000000-0000-4000-8000-00000000dead")
    assert unseen.status_code == unknown.status_code == 404
    assert unseen.json() == unknown.json()


def test_an_engineer_sees_who_can_decide_about_their_place(people, person, founded):
    from governance.access import records

    elsewhere = records.place(founded, "team", "loans")
    person("Lou", "contributor", elsewhere)
    names = {one["name"] for one in people.ann.api.get("/api/v1/people").json()["results"]}
    assert {"Ann", "Olga", "Omar", "Vera"} <= names
    assert not {"Lou", "Eve"} & names


def test_a_repeated_post_is_answered_as_before(people):
    body = {"name": "Noor", "email": "noor@example.org"}
    first, second = (
        people.adam.api.post("/api/v1/people", body, JSON, headers={"Idempotency-Key": "k1"}) for _ in range(2)
    )
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, first.json())
    assert User.objects.filter(email="noor@example.org").count() == 1
