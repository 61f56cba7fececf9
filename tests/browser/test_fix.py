"""From a refusal in the log to what sets it right, by keyboard alone, and without scripts."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from agents.lifecycle import suspend_agent
from agents.models import Agent, App
from audit.actors import shell
from audit.models import Call
from portal.models import User
from tests.browser import story
from tests.factories import minted

CheckPage = Callable[[Page], None]


@pytest.fixture
def refusal(app: App, agent: Agent) -> str:
    """The address of a refused call, of an agent that was suspended."""
    secret = minted(app, agent=agent, name="pod-1").plaintext.take()
    suspend_agent(shell(), agent, "writes twice")
    Client().get("/verify", headers={"x-api-key": secret})
    return reverse("audit-call", args=[app.id, Call.objects.get().id])


def press_to(page: Page, words: str) -> None:
    """Tab on until what reads `words` has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == words:
            return
    raise AssertionError(f"no amount of tabbing reaches {words}")


def test_a_refusal_is_set_right_by_keyboard(page: Page, agent: Agent, admin: User, refusal: str) -> None:
    story.sign_in(page, admin)
    page.goto(refusal)
    press_to(page, "Resume agent")
    page.keyboard.press("Enter")
    expect(page.get_by_text("refund-agent resumed")).to_be_visible()
    agent.refresh_from_db()
    assert agent.suspended_at is None


def test_an_entry_is_copied_as_json_by_keyboard(page: Page, admin: User, refusal: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    story.sign_in(page, admin)
    page.goto(refusal)
    press_to(page, "View as JSON")
    page.keyboard.press("Enter")
    press_to(page, "Copy")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copied")).to_be_visible()
    assert '"check_failed": "agent active"' in page.evaluate("navigator.clipboard.readText()")


def test_whoever_may_not_finds_a_message_without_scripts(
    browser: Browser, live_server: LiveServer, support: User, refusal: str, axe: CheckPage, page: Page
) -> None:
    story.sign_in(page, support)
    page.goto(refusal)
    page.locator(".detail details summary").first.click()
    axe(page)  # the message and the opened JSON
    plain = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    reading = plain.new_page()
    reading.goto(live_server.url + refusal)
    expect(reading.get_by_text("To an admin of checkout")).to_be_visible()
    plain.close()
