"""What every page shares, in a real browser: reachable by keyboard, readable in both themes, useful without scripts."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann(people: SimpleNamespace, context: BrowserContext, live_server: Any) -> Callable[[BrowserContext], None]:
    """Signs Ann in to a browser context, the test's own at once."""

    def sign_in(where: BrowserContext) -> None:
        for cookie in people.ann.client.cookies.values():
            where.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])

    sign_in(context)
    return sign_in


def test_a_page_without_content_is_accessible_and_fits(
    page: Page, live_server: Any, ann: object, accessible: Callable[[Page], None]
) -> None:
    page.goto(f"{live_server.url}/no-such-page")
    expect(page.get_by_role("heading", level=1)).to_have_text("That did not work")
    accessible(page)


def test_the_first_tab_skips_to_the_content(page: Page, live_server: Any, ann: object) -> None:
    page.goto(f"{live_server.url}/no-such-page")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_slash_goes_to_the_search_field(page: Page, live_server: Any, ann: object) -> None:
    page.goto(f"{live_server.url}/no-such-page")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_the_menu_opens_on_a_phone_with_and_without_scripts(
    browser: Browser, live_server: Any, ann: Callable[[BrowserContext], None]
) -> None:
    for scripts in (True, False):
        phone = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=scripts)
        ann(phone)
        page = phone.new_page()
        page.goto(f"{live_server.url}/no-such-page")
        expect(page.get_by_role("link", name="Datasets")).to_be_hidden()
        page.get_by_role("button", name="Menu").click()
        expect(page.get_by_role("link", name="Datasets")).to_be_visible()
        phone.close()


def test_the_theme_and_the_language_are_chosen_without_scripts(browser: Browser, live_server: Any, ann: Any) -> None:
    plain = browser.new_context(java_script_enabled=False)
    ann(plain)
    page = plain.new_page()
    page.goto(f"{live_server.url}/no-such-page")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_label("Language").select_option("es")
    page.locator(".foot button").click()
    assert page.url.endswith("/no-such-page")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, re.findall(r"\d+", colour))) < 60
    plain.close()
