"""Coming in and managing access, in a real browser: every page accessible, every step without scripts too."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in(page: Page, where: str, email: str, password: str = PASSWORD) -> None:
    page.goto(f"{where}/account/login?next=/account")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def test_the_sign_in_page_is_accessible_and_says_what_went_wrong(
    page: Page, live_server: Any, people: SimpleNamespace, accessible: Callable[[Page], None]
) -> None:
    sign_in(page, live_server.url, "ann@example.org", "not this one")
    expect(page.get_by_role("alert")).to_contain_text("not correct")
    accessible(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    accessible(page)


def test_a_token_is_made_shown_once_and_ended(
    page: Page, live_server: Any, people: SimpleNamespace, accessible: Callable[[Page], None]
) -> None:
    sign_in(page, live_server.url, "ann@example.org")
    page.get_by_label("What is it for?").fill("laptop")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("#token")).to_contain_text("att_")
    accessible(page)
    page.get_by_role("link", name="Back to your account").click()
    page.get_by_role("button", name="End laptop").click()
    expect(page.get_by_role("status")).to_contain_text("The token is ended")


def test_a_password_is_changed(
    page: Page, live_server: Any, people: SimpleNamespace, accessible: Callable[[Page], None]
) -> None:
    sign_in(page, live_server.url, "ann@example.org")
    page.get_by_role("main").get_by_role("link", name="Change password").click()
    accessible(page)
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("seven green lanterns hum")
    page.get_by_label("New password again").fill("seven green lanterns hum")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is changed")


def add_somebody(page: Page, where: str, browser: Browser) -> None:
    """Add Noor, give her a role and a link; she comes in by it and chooses a password."""
    page.goto(f"{where}/access")
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Name").fill("Noor Haddad")
    page.get_by_label("E-mail address").fill("noor@example.org")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Noor Haddad")
    page.get_by_role("link", name="Give a role").click()
    page.get_by_label("Which role?").select_option("viewer")
    page.get_by_label("Where?").select_option(label="org/payments")
    page.get_by_label("Why?").fill("reviews payments")
    page.get_by_role("button", name="Give", exact=True).click()
    page.goto(f"{where}/access")
    page.get_by_role("link", name="Noor Haddad").click()
    page.get_by_role("button", name="Make a link").click()
    hers = browser.new_context()
    noor = hers.new_page()
    noor.goto(page.locator("#link").inner_text())
    expect(noor.get_by_role("heading", level=1)).to_have_text("Choose a password")
    noor.get_by_label("New password", exact=True).fill("seven green lanterns hum")
    noor.get_by_label("New password again").fill("seven green lanterns hum")
    noor.get_by_role("button", name="Set this password").click()
    expect(noor.get_by_role("heading", level=1)).to_have_text("Your account")
    hers.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_somebody_is_added_comes_in_and_is_shut_out(
    browser: Browser, live_server: Any, people: SimpleNamespace, payments: Any, *, scripts: bool
) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    sign_in(page, live_server.url, "adam@example.org")
    add_somebody(page, live_server.url, browser)
    page.get_by_role("link", name="Back").click()
    page.get_by_label("Why?").fill("left the company")
    page.get_by_role("button", name="Shut out").click()
    expect(page.get_by_role("main")).to_contain_text("shut out")
    expect(page.get_by_role("button", name="Let back in")).to_be_visible()
    context.close()


def test_why_answers_in_words(
    page: Page, live_server: Any, people: SimpleNamespace, payments: Any, accessible: Callable[[Page], None]
) -> None:
    sign_in(page, live_server.url, "vera@example.org")
    page.goto(f"{live_server.url}/access/why")
    page.get_by_label("Who?").select_option(label="Ann")
    page.get_by_label("May do what?").select_option("approve")
    page.get_by_label("Where?").select_option(label="org/payments")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("main")).to_contain_text("Ann may not “approve” in org/payments.")
    expect(page.get_by_role("main")).to_contain_text("Who can: Olga, Omar.")
    accessible(page)


def test_every_page_of_access_is_accessible(
    page: Page, live_server: Any, people: SimpleNamespace, payments: Any, accessible: Callable[[Page], None]
) -> None:
    sign_in(page, live_server.url, "adam@example.org")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    paths = ("", "/groups", "/scopes", "/grants", "/grants/new", "/people/new", f"/people/{people.ann.id}")
    for path in (*(f"/access{one}" for one in paths), "/search?q=ann", "/account/reauthenticate", "/account/logout"):
        page.goto(f"{live_server.url}{path}")
        accessible(page)
