"""The lineage pages in a real browser: the picture zooms and shows the way, everything is accessible, and prints."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_live import look
from tests.lineage.conftest import producer, say  # noqa: F401
from tests.lineage.test_reach import spread  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
RAW = {"namespace": "file", "name": "/raw"}
FRAUD = {"namespace": "mlflow://127.0.0.1:5001", "name": "models:/fraud", "version": "1"}


@pytest.fixture
def at(page: Page, context: BrowserContext, live_server: Any, spread: Any, people: Any) -> Callable[..., Page]:  # noqa: F811
    """Open a page as the auditor."""
    page.goto(live_server.url)
    for cookie in people.vera.client.cookies.values():
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])

    def go(path: str, **asked: str) -> Page:
        page.goto(f"{live_server.url}{path}?{urlencode(asked)}")
        return page

    return go


def wide(page: Page) -> float:
    return float(page.locator("svg.lineage").evaluate("svg => svg.getBoundingClientRect().width"))


def test_the_picture_zooms_pans_and_shows_the_way(at: Callable[..., Page]) -> None:
    page = at("/lineage", **RAW, type="dataset")
    before = wide(page)
    page.get_by_role("button", name="Larger").click()
    assert wide(page) == pytest.approx(before * 1.25, rel=0.01)
    page.get_by_role("region", name="Graph").press("-")
    assert wide(page) == pytest.approx(before, rel=0.01)
    page.get_by_role("region", name="Graph").press("0")
    assert wide(page) <= page.locator(".graph").evaluate("box => box.clientWidth")
    for _ in range(6):
        page.get_by_role("button", name="Larger").click()
    box = page.locator(".graph").bounding_box()
    assert box
    left = page.locator(".graph").evaluate("box => box.scrollLeft = 200")
    page.mouse.move(box["x"] + 300, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 20, steps=4)
    page.mouse.up()
    assert page.locator(".graph").evaluate("box => box.scrollLeft") == pytest.approx(left - 100, abs=2)
    page.locator(".lineage__node", has_text="models:/churn").first.hover()
    lit = page.locator(".lineage__node--lit .lineage__name").all_text_contents()
    assert sorted(lit) == ["/raw", "/safe", "hide", "leave", "models:/churn"]


def test_without_the_script_the_way_is_a_form(at: Callable[..., Page]) -> None:
    page = at("/lineage", **RAW, type="dataset")
    page.get_by_label("Show the way to").select_option("models:/churn")
    page.locator("form", has=page.get_by_label("Show the way to")).get_by_role("button").click()
    pale = page.locator("g.lineage__node[opacity] .lineage__name").all_text_contents()
    assert sorted(pale) == ["/clean", "clean", "models:/fraud", "train"]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/lineage", {**RAW, "type": "dataset", "columns": "on"}),
        ("/lineage", {**RAW, "type": "dataset", "depth": "1", "group": "jobs"}),
        ("/lineage/trained", FRAUD),
        ("/lineage/reaches", {**RAW, "column": "mail"}),
        ("/lineage/tell", {**RAW, "type": "dataset"}),
        ("/lineage/gaps", {}),
    ],
)
def test_every_page_is_accessible(
    at: Callable[..., Page], accessible: Callable[[Page], None], path: str, asked: dict[str, str]
) -> None:
    page = at(path, **asked)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look(page, f"{path.replace('/', '_')}-{len(asked)}")
    accessible(page)


def test_the_picture_prints_whole(at: Callable[..., Page]) -> None:
    page = at("/lineage", **RAW, type="dataset", columns="on")
    page.set_viewport_size({"width": 700, "height": 900})
    page.emulate_media(media="print")
    box, picture = page.locator(".graph").bounding_box(), page.locator("svg.lineage").bounding_box()
    assert box and picture
    assert picture["width"] <= box["width"] + 1
    expect(page.get_by_role("button", name="Larger")).to_be_hidden()
