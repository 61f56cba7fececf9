"""Lists of thousands: sorted, searched, opened at a page by its number, and selected from; with scripts and without."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from agents.lifecycle import create_agent
from agents.models import App
from audit.actors import shell
from portal.demo.crowd import AGENTS, create_crowd
from portal.models import User
from tests.browser import story
from tests.factories import minted

NewContext = Callable[..., BrowserContext]
CheckPage = Callable[..., None]
PAGES = AGENTS // 50


def test_a_list_of_thousands_is_sorted_searched_and_selected_from(
    page: Page, admin: User, axe: CheckPage
) -> None:
    app = create_crowd()
    agents = f"/apps/{app.id}/agents/"
    story.sign_in(page, admin)
    page.goto(agents)
    expect(page.get_by_text(f"1–50 of {AGENTS:,}")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") < 6_000

    page.get_by_role("link", name="Created").press("Enter")
    expect(page.get_by_role("columnheader", name="Created")).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_role("link", name="Created")).to_be_focused()
    assert page.url.endswith("?sort=-created")

    page.get_by_label("Page", exact=True).fill(str(PAGES))
    page.get_by_label("Page", exact=True).press("Enter")
    expect(page.get_by_text(f"{AGENTS - 49:,}–{AGENTS:,} of {AGENTS:,}")).to_be_visible()
    assert "sort=-created" in page.url

    page.get_by_label("Name").fill("-0042")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_text("1–1 of 1")).to_be_visible()

    page.goto(f"{agents}?q=billing")
    boxes = page.get_by_role("checkbox", name=re.compile("^Select (?!all)"))
    boxes.nth(0).check()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(page.get_by_role("status").filter(has_text="4 selected")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Suspend…").click()
    expect(page.get_by_text("1 selected agent is already suspended")).to_be_visible()
    page.get_by_role("button", name="Suspend 3 agents").click()
    expect(page.get_by_text("3 agents suspended")).to_be_visible()

    page.set_viewport_size(story.PHONE)
    for address in (agents, f"/apps/{app.id}/keys/", f"/apps/{app.id}/members/", "/"):
        page.goto(address)
        assert not page.evaluate("document.documentElement.scrollWidth > 320"), address


def test_a_list_works_without_scripts(new_context: NewContext, app: App, admin: User) -> None:
    for n in range(60):
        create_agent(shell(), app, f"worker-{n:02}")
    page = new_context(java_script_enabled=False).new_page()
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/agents/")
    page.get_by_role("link", name="Agent", exact=True).click()
    page.get_by_label("Page", exact=True).fill("2")
    page.get_by_label("Page", exact=True).press("Enter")
    expect(page.get_by_text("51–60 of 60")).to_be_visible()
    page.get_by_label("Status").select_option("inactive")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("No agents found")).to_be_visible()
    page.get_by_role("link", name="Clear filters").click()
    page.get_by_role("checkbox", name="Select worker-00").check()
    page.get_by_label("Select all 60").check()
    page.get_by_role("button", name="Suspend…").click()
    page.get_by_role("button", name="Suspend 60 agents").click()
    expect(page.get_by_text("60 agents suspended")).to_be_visible()


def test_the_first_request_ticks_itself(page: Page, app: App, admin: User, live_server: LiveServer) -> None:
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/")
    expect(page.get_by_text("1 of 3 done")).to_be_visible()
    secret = minted(app).plaintext.take()
    expect(page.get_by_text("2 of 3 done")).to_be_visible(timeout=15_000)
    assert story.Asked(live_server.url, secret).status == 200
    expect(page.get_by_role("heading", name="Requests by outcome")).to_be_visible(timeout=15_000)
