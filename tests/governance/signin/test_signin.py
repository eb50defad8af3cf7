"""Coming in by password, through the real pages: what works, what is refused, and what the log then holds."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from audit.models import Entry
from governance.access.models import Session, Try, User
from tests.conftest import PASSWORD


def sign_in(email, password=PASSWORD, client=None, **extra):
    client = client or Client()
    return client, client.post("/account/login", {"login": email, "password": password}, **extra)


def actions():
    return list(Entry.objects.order_by("at", "pk").values_list("action", "outcome"))


def test_the_right_password_opens_a_session_and_leaves_an_entry(people):
    client, response = sign_in("ANN@example.org", HTTP_USER_AGENT="Firefox\x00\n")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/account").status_code == 200
    session = Session.objects.get(user=people.ann.user)
    assert session.agent == "Firefox"
    assert ("signin.succeeded", "success") in actions()


def test_the_login_page_needs_nobody_and_says_what_to_do(founded):
    response = Client().get("/account/login")
    assert response.status_code == 200
    assert b"signup" not in response.content
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org", "Adam@EXAMPLE.org"])
def test_a_wrong_password_says_the_same_for_everybody_and_is_noted(people, email):
    client, response = sign_in(email, "not the password")
    assert response.status_code == 200
    assert "not correct" in response.content.decode()
    assert "signin.failed" in dict(actions())
    assert client.get("/account").status_code == 302


def test_the_log_holds_no_address_of_those_who_failed(people):
    sign_in("somebody.else@example.org", "wrong wrong wrong")
    bodies = b"".join(bytes(entry.body) for entry in Entry.objects.all())
    assert b"somebody" not in bodies
    assert b"wrong wrong" not in bodies


def test_a_deactivated_person_fails_like_a_wrong_password(people):
    User.objects.filter(pk=people.ann.id).update(is_active=False)
    _, response = sign_in("ann@example.org")
    assert "not correct" in response.content.decode()


def test_a_service_account_never_signs_in_even_with_a_password(person, people):
    person("Bot", kind="service", owner=people.ann.user)
    _, response = sign_in("bot@example.org")
    assert "not correct" in response.content.decode()


def test_after_five_wrong_passwords_even_the_right_one_waits(people):
    for _ in range(5):
        sign_in("ann@example.org", "wrong")
    _, response = sign_in("ann@example.org")
    assert "Too many wrong passwords" in response.content.decode()
    assert sign_in("olga@example.org")[1].status_code == 302
    Try.objects.update(at=Try.objects.first().at - timedelta(minutes=16))
    assert sign_in("ann@example.org")[1].status_code == 302


def test_the_right_password_forgives_earlier_mistakes(people):
    for _ in range(4):
        sign_in("ann@example.org", "wrong")
    sign_in("ann@example.org")
    assert Try.objects.count() == 0


def test_guessing_many_addresses_from_one_place_is_stopped(people, now):
    from governance.signin import records
    from governance.signin.allauth import place_of

    place = place_of(type("R", (), {"META": {"REMOTE_ADDR": "127.0.0.1"}})())
    for n in range(50):
        records.tried(str(n), place, now)
    assert "Too many" in sign_in("ann@example.org")[1].content.decode()


@pytest.mark.parametrize(
    "going",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:evil", "/\t/evil"],
)
def test_signing_in_leads_only_to_our_own_pages(people, going):
    client = Client()
    response = client.post("/account/login", {"login": "ann@example.org", "password": PASSWORD, "next": going})
    assert response["Location"] == "/"


def test_signing_in_leads_back_to_where_one_was_going(people):
    client = Client()
    response = client.post("/account/login", {"login": "ann@example.org", "password": PASSWORD, "next": "/account?x=1"})
    assert response["Location"] == "/account?x=1"


def test_leaving_takes_a_form_and_ends_the_session(people):
    client, _ = sign_in("ann@example.org")
    assert client.get("/account/logout").status_code == 200
    assert client.get("/account").status_code == 200
    client.post("/account/logout")
    assert client.get("/account").status_code == 302
    assert Session.objects.filter(user=people.ann.user).count() == 0
    assert "signin.ended" in dict(actions())


def test_a_session_from_before_signing_in_is_not_kept(people):
    client = Client()
    client.get("/account/login")
    session = client.session
    session["left"] = "here"
    session.save()
    client.cookies["attestry"] = session.session_key
    sign_in("ann@example.org", client=client)
    assert client.cookies["attestry"].value != session.session_key
    assert not Session.objects.filter(session_key=session.session_key).exists()


def test_an_idle_session_ends_after_half_an_hour_and_use_keeps_it(people, now):
    client, _ = sign_in("ann@example.org")
    Session.objects.update(expire_date=now + timedelta(minutes=5))
    assert client.get("/account").status_code == 200
    assert Session.objects.get().expire_date > now + timedelta(minutes=29)
    Session.objects.update(expire_date=now - timedelta(seconds=1))
    assert client.get("/account").status_code == 302


def test_no_session_outlives_twelve_hours_however_busy(people, now):
    client, _ = sign_in("ann@example.org")
    Session.objects.update(started_at=now - timedelta(hours=12, seconds=1))
    assert client.get("/account").status_code == 302


def test_saving_a_session_does_not_start_its_clocks_again(people):
    client, _ = sign_in("ann@example.org")
    before = Session.objects.get()
    session = client.session
    session["more"] = 1
    session.save()
    after = Session.objects.get()
    assert (after.id, after.started_at, after.user_id) == (before.id, before.started_at, people.ann.id)


def test_confirming_the_password_leaves_an_entry_and_a_wrong_one_counts(people):
    client, _ = sign_in("ann@example.org")
    client.post("/account/reauthenticate", {"password": "wrong"})
    assert Try.objects.count() == 1
    response = client.post("/account/reauthenticate?next=/account", {"password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/account")
    assert "signin.confirmed" in dict(actions())


def test_nothing_of_allauths_own_is_filled(people):
    from allauth.account.models import EmailAddress

    sign_in("ann@example.org")
    assert EmailAddress.objects.count() == 0


def test_without_an_entry_there_is_no_session(people, monkeypatch):
    from audit import log

    def broken(**kwargs):
        raise RuntimeError("the log is away")

    monkeypatch.setattr(log, "append", broken)
    with pytest.raises(RuntimeError):
        sign_in("ann@example.org")
    assert Session.objects.filter(user=people.ann.user).count() == 0


@pytest.mark.parametrize("path", ["signup", "email", "password/reset", "password/set", "confirm-email", "login/code"])
def test_there_is_no_signing_up_nor_reset_by_mail(people, path):
    assert Client().get(f"/account/{path}").status_code in (302, 404)
    assert people.ann.client.get(f"/account/{path}").status_code == 404


def test_who_asks_over_rest(people):
    answer = people.ann.api.get("/api/v1/account").json()
    assert answer["email"] == "ann@example.org"
    assert answer["grants"] == [{"role": "contributor", "scope": "org/payments", "expires_at": None}]
    assert json.dumps(answer).count("password") == 0
