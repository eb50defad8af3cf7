"""The first people: made once, with passwords that work, and never touched again."""

import json
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password

from audit.actor import operator
from governance.access import selectors as access
from governance.access import services as accounts
from governance.access.models import Grant, Token, User
from jobs import selectors as clock
from portal import welcome
from portal.founding import found

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(settings: Any, tmp_path: Path, transactional_db: None) -> SimpleNamespace:
    """A founded house with a data directory of its own."""
    settings.DATA_DIR = tmp_path
    found(clock.now())
    return SimpleNamespace(data=tmp_path, people=tmp_path / "people.json")


def words_of(house: SimpleNamespace) -> dict[str, Any]:
    welcome.write(demo=True)
    words: dict[str, Any] = json.loads((house.data / "welcome.json").read_text())
    return words


def test_the_passwords_in_the_private_file_are_theirs(house: SimpleNamespace) -> None:
    words_of(house)
    assert stat.S_IMODE(house.people.stat().st_mode) == 0o600
    known = json.loads(house.people.read_text())
    assert len(known) == 5
    for email, each in known.items():
        assert check_password(each["password"], User.objects.get(email=email).password)


def test_a_second_start_makes_nobody_and_grants_nothing_again(house: SimpleNamespace) -> None:
    first = words_of(house)
    grants, before = Grant.objects.count(), house.people.read_text()
    assert words_of(house)["link"] != first["link"]
    assert (Grant.objects.count(), house.people.read_text()) == (grants, before)


def test_what_an_administrator_took_away_stays_taken(house: SimpleNamespace) -> None:
    words_of(house)
    omar = User.objects.get(email="omar@example.org")
    grant = Grant.objects.get(principal_id=omar.pk)
    accounts.withdraw_grant(actor=operator(), grant_id=grant.pk, reason="left the team", now=clock.now())
    words_of(house)
    assert access.roles_of(omar.pk) == set()


def test_somebody_who_was_shut_out_gets_no_link_and_stops_no_start(house: SimpleNamespace) -> None:
    words_of(house)
    (house.data / "demo.json").unlink()
    olga = User.objects.get(email="olga@example.org")
    accounts.deactivate(actor=operator(), person_id=olga.pk, reason="left", now=clock.now())
    words = words_of(house)
    assert words["name"] == "Omar"
    assert "olga@example.org" not in {each["email"] for each in words["people"]}
    assert not (house.data / "demo.json").exists()


def test_a_start_that_was_killed_between_two_people_goes_on(
    house: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    give = accounts.give_grant

    def killed(**given: Any) -> Any:
        monkeypatch.setattr(accounts, "give_grant", give)
        raise KeyboardInterrupt

    monkeypatch.setattr(accounts, "give_grant", killed)
    with pytest.raises(KeyboardInterrupt):
        welcome.write(demo=True)
    words_of(house)
    ann = User.objects.get(email="ann@example.org")
    assert access.roles_of(ann.pk) == {"contributor"}
    assert check_password(json.loads(house.people.read_text())[ann.email]["password"], ann.password)


def test_once_the_demo_was_told_no_more_tokens_are_made_for_it(house: SimpleNamespace) -> None:
    words_of(house)
    tokens = Token.objects.count()
    assert tokens == 6
    (house.data / welcome.TOLD).touch()
    words_of(house)
    assert Token.objects.count() == tokens
