"""Passwords and one-time links, on both doors."""

from datetime import timedelta

import pytest
from django.test import Client

from audit.models import Entry
from audit.refusals import Conflict, Forbidden, Invalid, NotSeen
from governance.access.models import Session, SigninLink, User
from governance.signin import services
from tests.conftest import PASSWORD

NEW = "seven green lanterns hum"
HOST = "testserver"


def by_page(person, old, new):
    client = person.client
    response = client.post("/account/password", {"old": old, "password": new, "again": new})
    return response.status_code == 302


def by_rest(person, old, new):
    return person.api.post("/api/v1/account/password", {"old": old, "new": new}, "application/json").status_code == 204


both_doors = pytest.mark.parametrize("door", [by_page, by_rest])


@both_doors
def test_a_new_password_works_and_other_browsers_are_signed_out(people, door):
    other = people.ann.client
    assert other.get("/account").status_code == 200
    assert door(people.ann, PASSWORD, NEW)
    people.ann.user.refresh_from_db()
    assert people.ann.user.check_password(NEW)
    assert other.get("/account").status_code == 302
    assert Entry.objects.filter(action="password.changed").count() == 1


@both_doors
@pytest.mark.parametrize("old", ["wrong", ""])
def test_the_old_password_is_needed(people, door, old):
    assert not door(people.ann, old, NEW)
    people.ann.user.refresh_from_db()
    assert people.ann.user.check_password(PASSWORD)


@both_doors
@pytest.mark.parametrize(
    "new", ["short", "aaaaaaaaaaaaaaa", "I-am-Ann-really-I-am-ann@example"[:0] or "x" * 129, PASSWORD]
)
def test_a_weak_or_unchanged_password_is_refused(people, door, new):
    assert not door(people.ann, PASSWORD, new)


@both_doors
def test_guessing_the_old_password_is_limited(people, door):
    for _ in range(5):
        door(people.ann, "wrong", NEW)
    assert not door(people.ann, PASSWORD, NEW)


def test_the_browser_that_changed_it_stays_in_and_a_wrong_one_is_told_so(people):
    client = people.ann.client
    page = client.post("/account/password", {"old": "wrong", "password": NEW, "again": NEW})
    assert page.status_code == 422
    assert "not your present password" in page.content.decode()
    client.post("/account/password", {"old": PASSWORD, "password": NEW, "again": NEW})
    assert client.get("/account").status_code == 200


def test_two_different_new_passwords_are_refused(people):
    page = people.ann.client.post("/account/password", {"old": PASSWORD, "password": NEW, "again": NEW + "x"})
    assert page.status_code == 422


def test_a_password_changed_meanwhile_is_not_overwritten(people, now):
    from governance.signin import passwords

    change = passwords.changed(people.ann.user, PASSWORD, NEW)
    User.objects.filter(pk=people.ann.id).update(password="another")
    with pytest.raises(Conflict):
        services.set_password(actor=people.ann.actor, change=change, keep=None, now=now)


def test_nobody_sets_somebody_elses_password(people, now):
    from governance.signin import passwords

    change = passwords.first(people.ann.user, NEW)
    with pytest.raises(NotSeen):
        services.set_password(actor=people.adam.actor, change=change, keep=None, now=now)


def issue(people, now, purpose="signin", who=None):
    return services.issue_signin_link(
        actor=people.adam.actor, person_id=(who or people.ann).id, purpose=purpose, host=HOST, now=now
    )


def test_a_link_signs_in_once(people, now):
    link, secret = issue(people, now)
    assert secret not in (link.digest, str(link.pk))
    client = Client()
    assert client.get(f"/account/link/{secret}")["Location"] == "/"
    assert client.get("/account").status_code == 200
    again = Client().get(f"/account/link/{secret}")
    assert again.status_code == 422
    assert b"Ask for a new one" in again.content


def test_a_link_ends_after_ten_minutes(people, now):
    _, secret = issue(people, now)
    SigninLink.objects.update(expires_at=now)
    assert Client().get(f"/account/link/{secret}").status_code == 422


def test_a_link_of_another_address_does_not_open(people, now):
    _, secret = issue(people, now)
    SigninLink.objects.update(host="elsewhere.example")
    assert Client().get(f"/account/link/{secret}").status_code == 422
    assert SigninLink.objects.get().used_at is None


@pytest.mark.parametrize("header", [{"HTTP_SEC_PURPOSE": "prefetch;prerender"}, {"HTTP_PURPOSE": "prefetch"}])
def test_looking_ahead_does_not_use_a_link_up(people, now, header):
    _, secret = issue(people, now)
    assert Client().get(f"/account/link/{secret}", **header).status_code == 400
    assert Client().head(f"/account/link/{secret}").status_code == 405
    assert Client().get(f"/account/link/{secret}").status_code == 302


def test_an_unknown_link_is_a_404(founded):
    assert Client().get("/account/link/nonsense").status_code == 404


def test_a_new_link_replaces_the_one_before(people, now):
    _, first = issue(people, now)
    _, second = issue(people, now)
    assert Client().get(f"/account/link/{first}").status_code == 422
    assert Client().get(f"/account/link/{second}").status_code == 302


def test_a_link_of_somebody_shut_out_does_not_open(people, now):
    _, secret = issue(people, now)
    User.objects.filter(pk=people.ann.id).update(is_active=False)
    assert Client().get(f"/account/link/{secret}").status_code == 422


def test_a_reset_link_leads_to_a_new_password_without_the_old_one(people, now):
    _, secret = issue(people, now, "reset")
    client = Client()
    assert client.get(f"/account/link/{secret}")["Location"] == "/account/password"
    assert client.post("/account/password", {"password": NEW, "again": NEW}).status_code == 302
    people.ann.user.refresh_from_db()
    assert people.ann.user.check_password(NEW)
    assert client.post("/account/password", {"password": NEW + "!", "again": NEW + "!"}).status_code == 422


def test_an_ordinary_link_does_not_let_one_change_the_password(people, now):
    _, secret = issue(people, now)
    client = Client()
    client.get(f"/account/link/{secret}")
    assert client.post("/account/password", {"password": NEW, "again": NEW}).status_code == 422


def test_a_reset_right_lasts_ten_minutes(people, now):
    _, secret = issue(people, now, "reset")
    client = Client()
    client.get(f"/account/link/{secret}")
    SigninLink.objects.update(used_at=now - timedelta(minutes=11))
    assert client.post("/account/password", {"password": NEW, "again": NEW}).status_code == 422


@pytest.mark.parametrize("who", ["ann", "olga", "vera"])
def test_only_administrators_give_links_out(people, now, who):
    with pytest.raises(Forbidden):
        services.issue_signin_link(
            actor=getattr(people, who).actor, person_id=people.olga.id, purpose="signin", host=HOST, now=now
        )


def test_machines_get_no_links(people, person, now):
    bot = person("Bot", kind="service", owner=people.ann.user)
    with pytest.raises(Invalid):
        issue(people, now, who=bot)


def test_secrets_of_links_are_nowhere_in_the_database(people, now):
    _, secret = issue(people, now)
    Client().get(f"/account/link/{secret}")
    assert not any(secret.encode() in bytes(entry.body) for entry in Entry.objects.all())
    assert not SigninLink.objects.filter(digest=secret).exists()
    assert Session.objects.count() == 1
