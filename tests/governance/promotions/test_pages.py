"""The pages in a real Chromium, without JavaScript where it matters: ask, decide, be told what moved."""

import os
from pathlib import Path

import pytest

from tests.browser.conftest import accessible, browser_type_launch_args, faults, gate
from tests.conftest import PASSWORD
from tests.governance.promotions.conftest import now_at, only, scan
from tests.governance.promotions.test_apply import applied, reassess

__all__ = ["accessible", "browser_type_launch_args", "faults", "gate"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def keep(page, name):
    """Keep a picture where `ATTESTRY_SHOTS` says, to be looked at."""
    if os.environ.get("ATTESTRY_SHOTS"):
        page.screenshot(path=Path(os.environ["ATTESTRY_SHOTS"]) / f"{name}.png", full_page=True)


@pytest.fixture
def as_somebody(live_server, browser, browser_context_args):
    """Open the portal as somebody, in a browser of their own, with or without scripts."""
    opened = []

    def open_as(who, scripts=False):
        context = browser.new_context(**browser_context_args, java_script_enabled=scripts)
        opened.append(context)
        for cookie in who.client.cookies.values():
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        page = context.new_page()
        page.set_viewport_size({"width": 1280, "height": 900})
        return page

    yield open_as
    for context in opened:
        context.close()


def decide(page, label, reason=""):
    page.get_by_label(label).check()
    page.locator("#decide_reason").fill(reason)
    page.locator("#decide_password").fill(PASSWORD)
    page.get_by_role("button", name="Sign and record").click()


def test_a_request_goes_from_asking_to_approved_without_scripts(world, rest, live_server, as_somebody):
    first = applied(world, rest)
    world.version("2", auc="0.94")
    ann = as_somebody(world.people.ann)
    ann.goto(f"{live_server.url}/models/{world.asset.pk}/versions/{world.versions['2'].pk}/promote")
    keep(ann, "promote")
    ann.get_by_label("production").check()
    ann.locator("textarea").fill("Score card payments before they are booked.")
    ann.get_by_role("button", name="Ask for promotion").click()
    key = only().key
    assert ann.url.endswith(f"/approvals/{key}")
    assert "someone else must approve it" in ann.content()

    olga = as_somebody(world.people.olga)
    olga.goto(f"{live_server.url}/approvals")
    keep(olga, "inbox")
    olga.get_by_role("link", name="fraud 2").click()
    keep(olga, "decision")
    text = olga.locator("main").inner_text()
    assert "0 of 2 given" in text
    assert "Who still can: Olga, Omar" in text
    assert now_at(key).subject_digest in text
    decide(olga, "Approve:")
    assert "Recorded" in olga.locator("h1").inner_text()
    keep(olga, "receipt")
    olga.goto(f"{live_server.url}/approvals/{key}")
    assert "You have decided on this already" in olga.content()

    omar = as_somebody(world.people.omar)
    omar.goto(f"{live_server.url}/approvals/{key}")
    omar.locator("#decide_password").fill("guess")
    omar.get_by_label("Approve:").check()
    omar.get_by_role("button", name="Sign and record").click()
    assert "That is not your password" in omar.content()
    decide(omar, "Approve:")
    assert now_at(key).state == "approved"
    omar.goto(f"{live_server.url}/approvals?tab=others")
    keep(omar, "others")
    omar.goto(f"{live_server.url}/approvals/{first.key}")
    keep(omar, "live")


def test_rejecting_needs_a_reason_and_works_without_scripts(world, rest, live_server, as_somebody):
    rest.ask(world.people.ann, world.versions["1"])
    page = as_somebody(world.people.olga)
    page.goto(f"{live_server.url}/approvals/{only().key}")
    decide(page, "Reject:")
    assert "Say why" in page.content()
    keep(page, "reason")
    decide(page, "Reject:", "The training data misses small shops.")
    assert only().state == "rejected"


def test_a_page_that_is_out_of_date_says_what_moved(world, rest, live_server, as_somebody):
    rest.ask(world.people.ann, world.versions["1"])
    made = only()
    page = as_somebody(world.people.olga)
    page.goto(f"{live_server.url}/approvals/{made.key}")
    scan("/features", "findings", [("email", "EMAIL_ADDRESS")])
    from jobs import selectors as clock

    reassess(made, clock.now())
    decide(page, "Approve:")
    assert "Something moved since you looked" in page.locator("h1").inner_text()
    keep(page, "moved")
    page.get_by_role("link", name="Look at it as it is now").click()
    assert "Not settled: /features" in page.locator("main").inner_text()
    keep(page, "failing")


def test_every_page_is_accessible(world, rest, live_server, as_somebody, accessible):
    first = applied(world, rest)
    world.version("2", auc="0.94")
    rest.ask(world.people.ann, world.versions["2"])
    key = only().key
    rest.decide(world.people.omar, key)
    decision = now_at(key).decisions.get()
    page = as_somebody(world.people.olga, scripts=True)
    policy = now_at(key).policy_id
    for path in (
        "/approvals",
        "/approvals?tab=decided&environment=production",
        f"/approvals/{key}",
        f"/approvals/{first.key}",
        f"/approvals/{key}/receipt/{decision.pk}",
        f"/models/{world.asset.pk}/versions/{world.versions['1'].pk}/promote",
        "/settings/policies",
        f"/settings/policies/{policy}",
        "/settings/environments",
    ):
        page.goto(f"{live_server.url}{path}")
        accessible(page)
        keep(page, path.strip("/").replace("/", "-").replace("?", "-")[:40])
