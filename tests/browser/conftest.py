"""What a browser test gets: a page that fails on any complaint of the browser, and axe-core to look at it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, WebError
from pytest_django.live_server_helper import LiveServer

from tests.browser import story

CheckPage = Callable[..., None]
LookAt = Callable[[list[str]], None]
NewContext = Callable[..., BrowserContext]

# The browser reports every answer that is a refusal, and refusals are part of the portal.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d \([\w' -]*\)")

# htmx calls it an error when a reader leaves a page that was just asking for something.
LEFT = re.compile("htmx:(sendAbort|afterRequest), ")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark everything in this folder."""
    item.add_marker(pytest.mark.browser)


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], live_server: LiveServer) -> dict[str, Any]:
    """One known window, and `page.goto("/keys")` without an address."""
    # localhost, not 127.0.0.1: a passkey belongs to a name.
    mine = {"base_url": live_server.url, "viewport": {"width": 1200, "height": 800}}
    return browser_context_args | mine | {"reduced_motion": "reduce", "locale": "en-GB", "timezone_id": "UTC"}


@pytest.fixture
def new_context(new_context: NewContext) -> Iterator[NewContext]:
    """Browser windows that fail the test on a console message, a CSP violation or a script's error."""
    complaints: list[str] = []

    def watched(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.set_default_timeout(30_000)  # on a busy machine a first page can take 10 s
        context.on("console", lambda message: complaints.extend(_complaint(message)))
        context.on("weberror", lambda error: complaints.append(_script_error(error)))
        return context

    yield watched
    if complaints:
        pytest.fail("the browser complained:\n" + "\n".join(complaints), pytrace=False)


def _complaint(message: ConsoleMessage) -> list[str]:
    if message.type == "error" and (REFUSED.fullmatch(message.text) or LEFT.match(message.text)):
        return []
    return [f"  {message.type}: {message.text} ({message.location['url']})"]


def _script_error(error: WebError) -> str:
    return f"  script: {error.error.message} ({error.page.url if error.page else 'no page'})"


@pytest.fixture
def axe() -> CheckPage:
    """Return a check that axe-core finds nothing wrong with a page for people with disabilities.

    `axe(page, "color-contrast", …)`: by those rules alone; `axe(page, without="color-contrast")`: by all but that one.
    """
    script = Axe().axe_script

    def check(page: Page, *rules: str, without: str = "") -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(script)
        only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
        left_out = {"rules": {without: {"enabled": False}}} if without else {}
        options = {"resultTypes": ["violations"], **only, **left_out}
        violations = page.evaluate("options => axe.run(options).then((found) => found.violations)", options)
        if violations:
            pytest.fail(f"axe-core on {page.url}:\n" + "\n".join(map(_violation, violations)), pytrace=False)

    return check


LONG = "/docs/api-reference/"
"""A quarter of all that axe looks at. /docs/sdk-api/ is of the same template, and so its colours are the same."""


IN_ONE_HISTORY = 40
"""A browser remembers 50 pages."""


@pytest.fixture
def look_at(page: Page, axe: CheckPage) -> LookAt:
    """Return a check that pages are for everyone, and whole again after the browser's Back.

    For everyone: axe finds nothing in light and dark, and nothing has to be scrolled sideways for at 320 px. A page is
    opened once for all three: style sheets alone tell them apart (tests/portal/test_look.py).
    """

    def look(address: str) -> bool:
        page.emulate_media(color_scheme="light")
        page.goto(address)
        if address == LONG:
            axe(page, without="color-contrast")
        else:
            axe(page)
            page.emulate_media(color_scheme="dark")
            axe(page, "color-contrast", "link-in-text-block")
        page.set_viewport_size(story.PHONE)
        wide = bool(page.evaluate("document.documentElement.scrollWidth > 320"))
        page.set_viewport_size(story.DESK)
        return wide

    def go_back(addresses: list[str]) -> list[str]:
        """Leave the last one, and return to each; say where a page is not whole."""
        page.goto("/account/login/")
        fallen = []
        for _ in addresses:
            page.go_back(wait_until="domcontentloaded")
            fallen += [] if story.stands(page) else [page.url]
        return fallen

    def check(addresses: list[str]) -> None:
        wide, fallen = [], []
        for start in range(0, len(addresses), IN_ONE_HISTORY):
            few = addresses[start : start + IN_ONE_HISTORY]
            wide += [address for address in few if look(address)]
            fallen += go_back(few)
        assert (wide, fallen) == ([], [])

    return check


def _violation(violation: dict[str, Any]) -> str:
    what = f"  {violation['id']} ({violation['impact']}): {violation['help']}"
    where = [f"    {' '.join(map(str, node['target']))}: {node['html']}" for node in violation["nodes"]]
    return "\n".join([what, *where])
