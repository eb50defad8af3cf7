"""Roles are read in words."""

from types import SimpleNamespace as Ns

import pytest

from governance.access.rules import HELD_BY_ATTESTRY, ROLES
from governance.access.words import ROLE_NAMES


def test_every_role_that_can_be_given_has_words() -> None:
    assert set(ROLES) - set(HELD_BY_ATTESTRY) <= set(ROLE_NAMES)


@pytest.mark.parametrize("page", ["/account", "/access", "/access/grants", "/access/why"])
def test_no_page_shows_the_code_of_a_role(people: Ns, page: str) -> None:
    for who in (people.olga, people.adam):
        query = {"subject": str(people.olga.id), "action": "read"} if page == "/access/why" else {}
        text = who.client.get(page, query).content.decode()
        for option in ROLES:
            text = text.replace(f'value="{option}"', "")
        assert "compliance_officer" not in text
    assert "compliance officer" in people.olga.client.get("/account").content.decode()
