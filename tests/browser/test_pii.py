"""A dataset's columns, a scan at work and a waiver in a real browser: readable by everybody, and live."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace as Ns
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.governance.pii.conftest import asset, dataset_of, result, table

__all__ = ["asset", "dataset_of", "table"]
pytestmark = pytest.mark.django_db(transaction=True)


def look(page: Page, name: str) -> None:
    """Keep a picture where `SCREENSHOTS` says."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder, f"{name}.png"), full_page=True)


@pytest.fixture
def concluded(asset: Any, people: Ns, now: Any) -> Any:
    """A scan with two findings, and a waiver of one that waits."""
    from audit.actor import system
    from governance.pii import services
    from governance.pii.models import Finding
    from governance.pii.sandbox import Answer

    scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    told = result("EMAIL_ADDRESS", "PHONE_NUMBER")
    told["columns"][1]["found"][1] |= {"share": 0.2, "low": 0.16, "high": 0.25}
    services.conclude_scan(actor=system(), scan_id=scan.pk, answer=Answer(told), now=now)
    finding = Finding.objects.get(entity="PHONE_NUMBER")
    ends = now + timedelta(days=30)
    services.propose_waiver(
        actor=people.ann.actor, finding_id=finding.pk, reason="Office numbers, published", expires_at=ends, now=now
    )
    return scan


@pytest.fixture
def olga(people: Ns, context: BrowserContext, live_server: Any) -> None:
    """Olga is signed in."""
    for cookie in people.olga.client.cookies.values():
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])


def test_an_officer_reads_judges_and_decides(
    olga: None,
    concluded: Any,
    asset: Any,
    live_server: Any,
    page: Page,
    accessible: Callable[[Page], None],
) -> None:
    page.goto(f"{live_server.url}/datasets/{asset.pk}")
    expect(page.get_by_text("2 findings count here")).to_be_visible()
    accessible(page)
    look(page, "dataset")
    page.get_by_role("button", name="Confirm E-mail address").click()
    expect(page.get_by_text("by Olga")).to_be_visible()
    page.get_by_role("link", name="A waiver waits for its decision").click()
    accessible(page)
    look(page, "waiver")
    page.get_by_role("button", name="Approve the waiver").click()
    expect(page.get_by_text("Olga", exact=False).first).to_be_visible()
    for path in ("/waivers", "/scans", f"/scans/{concluded.pk}"):
        page.goto(live_server.url + path)
        accessible(page)
        look(page, path.strip("/").split("/")[0] + ("-one" if path.count("/") > 1 else ""))


def test_a_scan_at_work_is_followed_until_it_ends(
    olga: None,
    asset: Any,
    people: Ns,
    live_server: Any,
    page: Page,
    now: Any,
) -> None:
    from audit.actor import system
    from governance.pii import records, services
    from governance.pii.sandbox import Answer

    page.goto(f"{live_server.url}/datasets/{asset.pk}")
    page.get_by_role("button", name="Scan for personal data").click()
    expect(page.get_by_text("waiting for a worker")).to_be_visible()
    from governance.pii.models import Scan

    scan = Scan.objects.get()
    records.start(scan, now)
    records.tell(scan, 0.25, "reading", 4000)
    expect(page.get_by_text("reading, 4000 rows so far")).to_be_visible(timeout=15_000)
    look(page, "scan-at-work")
    services.conclude_scan(actor=system(), scan_id=scan.pk, answer=Answer(result()), now=now)
    expect(page.get_by_text("Columns with findings, or not fully examined")).to_be_visible(timeout=15_000)
