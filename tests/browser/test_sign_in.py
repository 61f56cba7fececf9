"""Passkeys and asking again, in a browser with an authenticator of its own."""

import pytest
from playwright.sync_api import Page, expect

from agents.models import Agent, App
from keys.models import ApiKey
from portal.models import User
from tests.browser import story
from tests.factories import PASSWORD, minted


@pytest.fixture
def authenticator(page: Page) -> None:
    """A device that confirms by itself."""
    browser = page.context.new_cdp_session(page)
    browser.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    browser.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.bring_to_front()


def test_a_passkey_is_added_and_signs_in_alone(page: Page, admin: User, authenticator: None) -> None:
    story.sign_in(page, admin)
    page.goto("/account/security/")
    page.get_by_role("link", name="Add passkey…").click()
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Add passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have stored the codes").click()
    expect(page.get_by_text("Work laptop", exact=False).first).to_be_visible()
    page.context.clear_cookies()
    page.goto("/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("h1", has_text="Apps")).to_be_visible()


def test_ending_an_agents_last_key_asks_again_and_loses_nothing(
    page: Page, app: App, agent: Agent, admin: User
) -> None:
    key = minted(app, agent=agent, name="pod-1").key
    story.sign_in(page, admin)
    page.get_by_text("Admin", exact=True).first.click()
    page.get_by_role("button", name="Lock sensitive actions").click()
    page.goto(f"/apps/{app.id}/keys/{key.id}/revoke/")
    page.get_by_label("Reason").fill("The pod was stolen.")
    page.get_by_label("Type pod-1 to confirm").fill("pod-1")
    page.get_by_label("Allow leaving refund-agent with no active key").check()
    page.get_by_role("button", name="Revoke anyway").click()
    expect(page.get_by_role("heading", name="Confirm your password")).to_be_visible()
    assert ApiKey.objects.get(pk=key.pk).revoked_at is None
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Revocation receipt")).to_be_visible()
    expect(page.get_by_text("The pod was stolen.").first).to_be_visible()
