"""A real Chromium, and gates: a page that breaks its policy, logs an error or calls elsewhere fails its test."""

import os
from collections.abc import Callable, Iterator
from itertools import product
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Route

from tests.services import HOW_TO_GET, browser_program

# Playwright's own loop runs in this thread, and Django takes that for an asynchronous view
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LOCAL = {"127.0.0.1", "localhost"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a Chromium; `tests.services` finds it, or says what was skipped."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Drive the system's Chromium; as root it has no sandbox to offer."""
    program = browser_program()
    if program is None:
        pytest.skip(HOW_TO_GET["browser"])
    return {"executable_path": program, "args": ["--no-sandbox"] if os.geteuid() == 0 else []}


@pytest.fixture
def faults() -> list[str]:
    """What the pages of this test did wrong so far."""
    return []


@pytest.fixture(autouse=True)
def gate(context: BrowserContext, faults: list[str]) -> Iterator[None]:
    """Watch every page of the test, and fail it at the end when one misbehaved."""

    def keep_home(route: Route) -> None:
        if urlsplit(route.request.url).hostname in LOCAL:
            route.continue_()
        else:
            faults.append(f"a request left the host: {route.request.url}")
            route.abort()

    def hear(message: ConsoleMessage) -> None:
        # a page that answers 4xx on purpose is logged by the browser as a failed resource
        if message.type == "error" and "Failed to load resource" not in message.text:
            faults.append(f"console: {message.text}")

    context.route("**/*", keep_home)
    context.on("console", hear)
    context.on("weberror", lambda error: faults.append(f"script: {error.error}"))
    context.add_init_script(
        "addEventListener('securitypolicyviolation', e =>"
        " console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`))"
    )
    yield
    assert not faults, "\n".join(faults)


def axe(page: Page) -> list[str]:
    """What axe finds wrong with `page`, one line per broken rule and element."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['target'][0]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Fails unless axe finds nothing, in both themes at 360 and 1280 pixels, and nothing is wider than 320."""

    def check(page: Page) -> None:
        for scheme, width in product(("light", "dark"), (360, 1280)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 800})
            wrong = axe(page)
            assert not wrong, f"{page.url} in {scheme} at {width} px:\n" + "\n".join(wrong)
        page.set_viewport_size({"width": 320, "height": 640})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, f"{page.url} is {wide} px wide on a 320 px screen"
        page.set_viewport_size({"width": 1280, "height": 800})

    return check
