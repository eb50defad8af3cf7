"""Retention, holds and erasure in a real browser, from asking to the second person's password."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_audit import look
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def come_in(context: BrowserContext, server: Any, person: Any) -> None:
    context.clear_cookies()
    for cookie in person.client.cookies.values():
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": server.url}])


@pytest.fixture
def house(people: Ns, tmp_path: Path, settings: Any) -> Ns:
    """Something was pruned, something is held, and something waits for a second person."""
    from audit import keys, log, sequence
    from audit.actor import system
    from audit.retention import services
    from audit.retention.services import Held
    from jobs import selectors as clock

    settings.DATA_DIR, settings.AUDIT_KEY_FILE = tmp_path, tmp_path / "audit.key"
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    now = clock.now()
    with transaction.atomic():
        for number in range(4):
            log.append(
                actor=people.olga.actor, action="report.made", at=now - timedelta(days=900 - number),
                subjects=[f"report:{number}"], private={"reason": "Asked for by the board."},
            )  # fmt: skip
    sequence.run_once(now)
    hold = services.set_hold(actor=people.olga.actor, held=Held(subject="report:3"), reason="A court asks.", now=now)
    services.set_hold(actor=people.adam.actor, held=Held(since=now - timedelta(days=10)), reason="An inquiry.", now=now)
    services.ask_lift(actor=people.adam.actor, number=hold.pk, reason="The case is settled.", now=now)
    services.prune(actor=system(), now=now)
    sequence.run_once(now)
    return people


def test_the_page_is_accessible_and_fits_a_telephone(
    page: Page, context: BrowserContext, live_server: Any, house: Ns, accessible: Callable[[Page], None]
) -> None:
    come_in(context, live_server, house.olga)
    page.goto(f"{live_server.url}/audit")
    page.get_by_role("link", name="Retention, holds and erasure").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Retention, holds and erasure")
    for scheme in ("light", "dark"):
        for width in (1280, 360):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            look(page, f"retention-{scheme}-{width}")
    accessible(page)
    page.goto(f"{live_server.url}/audit/0?verify=1")
    expect(page.get_by_text("its place in the log can still be proved")).to_be_visible()
    expect(page.get_by_text("Holds", exact=True)).to_have_count(3)
    look(page, "retention-pruned-entry")
    accessible(page)


def test_two_people_erase_a_third(
    page: Page, context: BrowserContext, live_server: Any, house: Ns, accessible: Callable[[Page], None]
) -> None:
    from audit.retention.models import Hold

    Hold.objects.all().delete()
    come_in(context, live_server, house.olga)
    page.goto(f"{live_server.url}/audit/retention")
    page.get_by_role("link", name="Erase personal values").click()
    page.get_by_label("Whom or what?").fill("nobody@example.org")
    page.get_by_label("Why?").fill("She wrote to us.")
    page.get_by_role("button", name="Ask for the erasure").click()
    expect(page.get_by_role("alert")).to_contain_text("nothing here that you can see")
    page.get_by_label("Whom or what?").fill("eve@example.org")
    look(page, "retention-erase")
    accessible(page)
    page.get_by_role("button", name="Ask for the erasure").click()
    expect(page.get_by_text("Waits for a second person").first).to_be_visible()

    come_in(context, live_server, house.omar)
    page.goto(f"{live_server.url}/audit/retention")
    page.get_by_role("link", name="Look and decide Eve").click()
    page.get_by_label("Your password").fill(PASSWORD)
    look(page, "retention-confirm")
    accessible(page)
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_text("Every proof still holds")).to_be_visible()
    look(page, "retention-erased")
    house.eve.user.refresh_from_db()
    assert house.eve.user.name == "Erased person"
