"""Saying whose a name is: by page and by REST alike."""

import pytest

from audit.models import Entry
from governance.access.models import User
from governance.identities import selectors
from governance.identities.models import Identity

pytestmark = pytest.mark.django_db
JSON = "application/json"


def page(who, **given):
    return who.client.post("/access/identities", given)


def rest(who, **given):
    return who.api.post("/api/v1/identities", given, JSON)


both_doors = pytest.mark.parametrize(("door", "done"), [(page, 302), (rest, 201)], ids=["page", "rest"])


@both_doors
def test_a_name_is_noted_and_the_entry_does_not_say_it(people, door, done):
    assert door(people.adam, name="Mia <Mia@Else.org>", person=str(people.ann.id)).status_code == done
    made = Identity.objects.get()
    assert (made.key, made.person_id, made.given_by) == ("mia@else.org", people.ann.id, people.adam.id)
    assert selectors.said_of(["mia@ELSE.org", "nobody"]) == {"mia@ELSE.org": (people.ann.id, people.adam.id)}
    body = bytes(Entry.objects.get(action="identity.given").body)
    assert str(people.ann.id).encode() in body
    assert b"else.org" not in body.lower()


@both_doors
def test_a_name_is_one_person_only_however_it_is_written(people, door, done):
    assert door(people.adam, name="asilva", person=str(people.ann.id)).status_code == done
    again = door(people.adam, name="ASilva", person=str(people.olga.id))
    assert again.status_code in (409, 422)
    assert Identity.objects.count() == 1
    assert b"noted as somebody already" in again.content


@both_doors
def test_only_who_manages_access_says_whose_a_name_is(people, door, done):
    for who in (people.ann, people.olga, people.vera):
        assert door(who, name="asilva", person=str(who.id)).status_code in (403, 422)
    assert not Identity.objects.exists()


@both_doors
def test_nobody_says_that_a_name_is_attestry_itself_or_somebody_unknown(people, door, done):
    system = User.objects.filter(kind=User.Kind.SYSTEM).first()
    for person in (system.pk, "7b0f2f0e-0000-4000-8000-000000000000"):
        assert door(people.adam, name="root", person=str(person)).status_code in (404, 422)
    assert not Identity.objects.exists()


@pytest.mark.parametrize("address", ["/access/identities/{}/withdraw", "/api/v1/identities/{}/withdraw"])
def test_a_name_is_taken_back_once(people, address):
    rest(people.adam, name="asilva", person=str(people.ann.id))
    made = Identity.objects.get()
    by_rest = address.startswith("/api")
    who, kind = (people.adam.api, {"content_type": JSON}) if by_rest else (people.adam.client, {})
    assert who.post(address.format(made.pk), {}, **kind).status_code in (200, 302)
    assert who.post(address.format(made.pk), {}, **kind).status_code == 404
    assert not Identity.objects.exists()
    assert Entry.objects.filter(action="identity.withdrawn").count() == 1


def test_the_page_lists_names_and_offers_the_one_it_was_asked_for(people):
    rest(people.adam, name="asilva", person=str(people.ann.id))
    shown = people.adam.client.get("/access/identities?name=zoe%40else.org").content.decode()
    assert "asilva" in shown
    assert 'value="zoe@else.org"' in shown
    assert "Take back" not in people.vera.client.get("/access/identities").content.decode()


def test_somebody_who_sees_nobody_sees_no_names(people):
    rest(people.adam, name="asilva", person=str(people.ann.id))
    assert people.eve.api.get("/api/v1/identities").json()["results"] == []
    assert people.eve.api.get(f"/api/v1/identities/{Identity.objects.get().pk}").status_code == 404
