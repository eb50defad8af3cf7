"""The auditor's pages in a real browser: readable by everybody, and what is downloaded verifies."""

import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import BrowserContext, Page, expect

from tests.audit.made import unpack

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vera(people: Ns, context: BrowserContext, live_server: Any, tmp_path: Path, settings: Any) -> None:
    """Vera is signed in, and the log has a decision in it."""
    from audit import keys, log, sequence
    from jobs import selectors as clock

    settings.DATA_DIR, settings.AUDIT_KEY_FILE = tmp_path, tmp_path / "audit.key"
    keys.ensure_key(settings.AUDIT_KEY_FILE)
    with transaction.atomic():
        for number in range(5):
            log.append(
                actor=people.olga.actor, action="promotion.decided", at=clock.now(),
                subjects=[f"promotion:{number}", "model_version:6d1f0c1e-6a8a-4f0f-9d6e-1f1d2a3b4c5d"],
                about={"verdict": "approve", "environment": "production"}, private={"reason": "Metrics hold."},
            )  # fmt: skip
    sequence.run_once(clock.now())
    with transaction.atomic():
        log.append(actor=people.eve.actor, action="log.read", at=clock.now(), subjects=["audit:log"], outcome="denied")
    for cookie in people.vera.client.cookies.values():
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])


def look(page: Page, name: str) -> None:
    """Keep a picture where `SCREENSHOTS` says."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_the_log_and_an_entry_are_accessible(
    page: Page, live_server: Any, vera: None, accessible: Callable[[Page], None]
) -> None:
    page.goto(f"{live_server.url}/audit")
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")
    look(page, "audit")
    accessible(page)
    page.goto(f"{live_server.url}/audit/3?verify=1")
    expect(page.get_by_text("Holds", exact=True)).to_have_count(3)
    look(page, "audit-entry")
    accessible(page)


def test_the_strength_of_the_log_is_accessible_and_fits_a_telephone(
    page: Page, live_server: Any, vera: None, accessible: Callable[[Page], None]
) -> None:
    page.goto(f"{live_server.url}/audit")
    page.get_by_role("link", name="protections in force").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How strong the log is here")
    look(page, "audit-strength")
    page.set_viewport_size({"width": 360, "height": 800})
    page.emulate_media(color_scheme="dark")
    look(page, "audit-strength-360-dark")
    accessible(page)


def test_an_auditor_filters_verifies_and_takes_the_log_away(
    page: Page, live_server: Any, vera: None, tmp_path: Path
) -> None:
    from audit import keys
    from audit.offline import verify

    page.goto(f"{live_server.url}/audit")
    page.get_by_label("Action").fill("promotion.")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("table", name="Entries, newest first").get_by_role("row")).to_have_count(6)
    page.get_by_role("link", name="3", exact=True).click()
    page.get_by_role("link", name="Verify", exact=True).click()
    expect(page.get_by_text("Does not hold")).to_have_count(0)
    page.goto(f"{live_server.url}/audit")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export the log").click()
    download.value.save_as(tmp_path / "log.tar")
    with tarfile.open(tmp_path / "log.tar") as tar:
        unpack(tar, tmp_path)
    assert verify.check(tmp_path / "attestry-audit-5", str(keys.verifier())).faults == []
