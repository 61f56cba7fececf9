"""Back, Forward, reload and the browser's cache of pages: each page stands again, whole, and no script complains."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Error, Page, Playwright, expect

from agents.models import App
from audit.actors import shell
from keys.lifecycle import deprecate
from portal.models import User
from tests.browser import story
from tests.factories import minted


@pytest.fixture
def keeping(
    playwright: Playwright, browser_type_launch_args: dict[str, Any], browser_context_args: dict[str, Any]
) -> Iterator[tuple[Page, list[str]]]:
    """A page of a browser that keeps the pages one leaves, as people's browsers do, and what it complained of."""
    browser = playwright.chromium.launch(
        **browser_type_launch_args, ignore_default_args=["--disable-back-forward-cache"]
    )
    page, complaints = browser.new_context(**browser_context_args).new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(error.message))
    yield page, complaints
    browser.close()


@pytest.fixture
def called(app: App) -> App:
    """An app with a deprecated key, and another that was let through once and refused once."""
    deprecate(shell(), minted(app, name="leaving").key)
    plaintext = minted(app, name="staying").plaintext.take()
    for scope in ("read", "write"):
        Client().get(f"/verify?scope=grants:{scope}", headers={"x-api-key": plaintext})
    return app


def test_back_after_a_facet_brings_the_page_whole(page: Page, called: App, admin: User) -> None:
    story.sign_in(page, admin)
    page.goto(reverse("audit", args=[called.id]) + "?kind=call")
    expect(page.locator("a.entry")).to_have_count(2)
    page.get_by_role("navigation", name="Filters").get_by_role("link", name=re.compile("^Denied")).click()
    page.wait_for_url("**outcome=denied**")
    expect(page.locator("a.entry")).to_have_count(1)
    page.go_back()
    expect(page.locator("a.entry")).to_have_count(2)
    assert story.stands(page)
    page.get_by_role("button", name="Live").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("radio", name="Dark").check()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.locator("a.entry").first.click()
    expect(page.locator("#detail")).to_have_count(1)
    page.go_forward()
    page.wait_for_url("**outcome=denied**")
    expect(page.locator("a.entry")).to_have_count(1)
    assert story.stands(page)


def test_back_after_a_filter_brings_the_list_and_the_filter(page: Page, called: App, admin: User) -> None:
    story.sign_in(page, admin)
    page.goto(reverse("keys", args=[called.id]))
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Status", exact=True).select_option("deprecated")
    page.wait_for_url("**status=deprecated**")
    expect(page.get_by_role("link", name="staying")).to_have_count(0)
    page.get_by_role("link", name="leaving").click()
    page.get_by_role("heading", name="leaving", exact=True).wait_for()
    page.go_back()
    expect(page.get_by_role("link", name="staying")).to_have_count(0)
    expect(page.get_by_label("Status", exact=True)).to_have_value("deprecated")
    page.go_back()
    expect(page.get_by_role("link", name="staying")).to_be_visible()
    expect(page.get_by_label("Status", exact=True)).to_have_value("")
    assert story.stands(page)


def test_a_browser_that_keeps_pages_shows_no_secret_and_no_resting_button(
    keeping: tuple[Page, list[str]], app: App, admin: User
) -> None:
    page, complaints = keeping
    story.sign_in(page, admin)
    secret = story.mint(page, app, "worker")
    page.get_by_role("link", name="Docs").click()
    page.wait_for_url("**/docs/**")
    with suppress(Error):  # Chromium asks whether to send the form again, which mints nothing new
        page.go_back()
    expect(page.get_by_text(secret)).to_have_count(0)
    page.goto(reverse("audit", args=[app.id]))
    page.get_by_role("button", name="Live").click()
    page.get_by_role("link", name="Docs").click()
    page.wait_for_url("**/docs/**")
    page.go_back()
    expect(page.get_by_role("button", name="Live")).to_be_visible()
    assert story.stands(page)
    assert complaints == []
