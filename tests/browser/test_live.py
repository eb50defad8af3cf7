"""What ran on a day, in a real browser: readable by everybody, and each row leads to the entries that prove it."""

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.governance.promotions.conftest import rest, world  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


def look(page: Page, name: str) -> None:
    """Keep pictures in both themes and widths where `SCREENSHOTS` says."""
    if folder := os.environ.get("SCREENSHOTS"):
        for scheme, width in product(("light", "dark"), (1280, 360)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            page.screenshot(path=f"{folder}/{name}-{scheme}-{width}.png", full_page=True)


def test_the_day_is_accessible_and_leads_to_a_proof(
    page: Page,
    context: BrowserContext,
    live_server: Any,
    world: Any,  # noqa: F811
    rest: Any,  # noqa: F811
    tmp_path: Path,
    settings: Any,
    accessible: Callable[[Page], None],
) -> None:
    from audit import keys, sequence
    from jobs import selectors as clock
    from tests.governance.promotions.test_apply import approved, begin, finish

    settings.DATA_DIR, settings.AUDIT_KEY_FILE = tmp_path, tmp_path / "audit.key"
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    page.goto(live_server.url)
    for cookie in world.people.vera.client.cookies.values():
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page.goto(f"{live_server.url}/reports/live")
    expect(page.get_by_text("Nothing ran")).to_be_visible()
    made = approved(world, rest)
    begin(made, clock.now())
    finish(made, clock.now())
    sequence.run_once(clock.now())
    page.goto(f"{live_server.url}/reports/live")
    expect(page.get_by_role("row", name="fraud")).to_contain_text("Olga, Omar")
    look(page, "live")
    accessible(page)
    page.get_by_role("row", name="fraud").get_by_role("link").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("promotion.applied")
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()
    look(page, "entry")
    accessible(page)
    page.get_by_role("link", name="Open promotion").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("fraud")
