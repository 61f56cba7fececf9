"""An investigation in the browser: with the mouse, with the keyboard alone, and without JavaScript."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from agents.models import App
from portal.models import User
from tests.browser import story
from tests.browser.story import Asked
from tests.factories import minted

CheckPage = Callable[[Page], None]
NewContext = Callable[..., BrowserContext]


@pytest.fixture
def log(app: App) -> str:
    """The address of the log of an app whose key has called."""
    return reverse("audit", args=[app.id])


@pytest.fixture
def secret(app: App, live_server: LiveServer) -> str:
    """A key that passed twice and was refused three times."""
    plaintext = minted(app, name="worker").plaintext.take()
    for scope in ("read", "read", "write", "write", "write"):
        Asked(live_server.url, plaintext, f"/verify?scope=grants:{scope}")
    return plaintext


def search(page: Page, text: str) -> None:
    page.locator("#id_q").fill(text)
    page.locator("#id_q").press("Enter")


def test_a_search_is_typed_narrowed_opened_and_saved(
    page: Page, log: str, secret: str, admin: User, axe: CheckPage
) -> None:
    story.sign_in(page, admin)
    page.goto(log)
    search(page, "key:worker kind:call")
    page.wait_for_url("**/audit/?key=worker&kind=call")
    expect(page.get_by_text("5 requests, 0 events")).to_be_visible()

    # A facet adds its filter; a token's cross takes one away.
    page.get_by_role("navigation", name="Filters").get_by_role("link", name="Denied 3").click()
    page.wait_for_url("**outcome=denied**")
    expect(page.locator("a.entry:visible")).to_have_count(1)
    page.get_by_text("2 more like it since").click()
    expect(page.locator("a.entry:visible")).to_have_count(3)
    page.get_by_role("link", name="Remove kind: call").click()
    page.wait_for_url(lambda url: "kind" not in url)

    # What cannot be read is said where it was typed.
    search(page, "colour:red")
    expect(page.locator("#id_q_error")).to_contain_text("Unknown filter “colour”")
    expect(page.locator("#id_q")).to_have_value("colour:red")
    page.locator("#id_q").fill("")
    page.get_by_role("search").get_by_role("button", name="Search").click()

    # An entry opens below itself, and closes.
    entry = page.locator("a.entry").first
    entry.click()
    expect(entry).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".unfolded #detail")).to_contain_text("insufficient_scope")
    assert "/calls/" not in page.url
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        axe(page)
    entry.click()
    expect(page.locator("#detail")).to_have_count(0)

    # The view is kept as a tab.
    page.get_by_role("link", name="Save view").click()
    page.get_by_label("Name").fill("Denied workers")
    axe(page)
    page.get_by_role("button", name="Save view").click()
    tab = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Denied workers")
    expect(tab).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="Edit this view…").click()
    page.get_by_role("button", name=re.compile("Share with app members")).wait_for()
    axe(page)

    # The figure's table leads to a narrower span.
    page.goto(log + "?range=1h")
    page.get_by_text("View as table").click()
    axe(page)
    page.get_by_role("table", name="Requests and events by time").get_by_role("link").first.click()
    page.wait_for_url("**range=custom&since=**")
    page.set_viewport_size(story.PHONE)
    page.locator("a.entry:visible").first.click()
    page.locator("#detail").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_the_live_tail_counts_what_arrives_and_moves_nothing(
    page: Page, log: str, secret: str, admin: User, live_server: LiveServer, axe: CheckPage
) -> None:
    story.sign_in(page, admin)
    page.goto(log + "?kind=call")
    page.get_by_role("button", name="Live").click()
    expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    top = page.locator("a.entry").first.get_attribute("id")
    Asked(live_server.url, secret, "/verify?scope=grants:read")
    expect(page.get_by_role("link", name="1 new", exact=True)).to_be_visible(timeout=8_000)
    assert page.locator("a.entry").first.get_attribute("id") == top
    axe(page)

    # Paused, nothing is counted; then it goes on from where it was.
    page.get_by_role("button", name="Pause").click()
    Asked(live_server.url, secret, "/verify?scope=grants:read")
    page.get_by_role("button", name="Live").click()
    page.get_by_role("link", name="2 new", exact=True).click(timeout=8_000)
    expect(page.locator("a.entry").nth(2)).to_have_id(str(top))
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("new$"))).to_have_count(0)
    page.get_by_role("button", name="Pause").click()


def test_an_investigation_with_the_keyboard_alone(page: Page, log: str, secret: str, admin: User) -> None:
    story.sign_in(page, admin)
    page.goto(log)
    page.locator("#id_q").focus()
    page.keyboard.type("worker outcome:denied")
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit/?key=worker&outcome=denied")
    page.locator("a.entry").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_contain_text("insufficient_scope")
    expect(page.locator("a.entry").first).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#detail') !== null")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_have_count(0)
    page.get_by_role("link", name="Remove outcome: denied").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit/?key=worker")
    expect(page.locator("#timeline-h")).to_be_focused()


def test_the_search_box_completes_names_and_values_by_keyboard(
    page: Page, log: str, secret: str, admin: User, axe: CheckPage
) -> None:
    story.sign_in(page, admin)
    page.goto(log)
    page.locator("#id_q").focus()
    page.keyboard.type("out")
    page.keyboard.press("Tab")
    expect(page.locator("#id_q")).to_have_value("outcome:")
    expect(page.get_by_role("option", name="denied")).to_contain_text("3")
    axe(page)
    page.keyboard.type("den")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**outcome=denied")
    page.locator("#id_q").focus()
    page.keyboard.press("Backspace")
    page.wait_for_url("**/audit/")


def test_back_after_a_facet_leads_to_the_log_without_an_error(
    page: Page, log: str, secret: str, admin: User
) -> None:
    story.sign_in(page, admin)
    page.goto(log)
    page.get_by_role("navigation", name="Filters").get_by_role("link", name="Denied 3").click()
    page.wait_for_url("**outcome=denied")
    page.go_back()
    expect(page.locator(".token")).to_have_count(0)


def test_live_updates_that_stop_say_so(page: Page, log: str, secret: str, admin: User) -> None:
    story.sign_in(page, admin)
    page.goto(log)
    page.route(re.compile("/audit/live"), lambda route: route.fulfill(status=204))
    page.get_by_role("button", name="Live").click()
    expect(page.get_by_text("Live updates stopped.")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()


def test_an_investigation_without_javascript(
    new_context: NewContext, log: str, secret: str, admin: User
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    story.sign_in(page, admin)
    page.goto(log)
    search(page, f"key:{secret[:22]} outcome:denied")
    page.wait_for_url("**outcome=denied")
    expect(page.get_by_role("button", name="Live")).to_be_hidden()
    page.get_by_role("link", name="Save view").click()
    page.get_by_label("Name").fill("Mine")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name="Mine", exact=True)).to_have_attribute("aria-current", "page")
    page.locator("a.entry").first.click()
    expect(page.get_by_text("worker: missing scope")).to_be_visible()
