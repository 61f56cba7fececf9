"""From nothing to a revoked key, in a browser: once with JavaScript, once without."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import story
from tests.browser.story import Asked

NewContext = Callable[..., BrowserContext]


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def scripts(request: pytest.FixtureRequest) -> bool:
    on: bool = request.param
    return on


@pytest.fixture
def page(new_context: NewContext, scripts: bool) -> Page:
    return new_context(java_script_enabled=scripts).new_page()


def test_a_key_is_minted_used_deprecated_and_revoked(
    page: Page, scripts: bool, live_server: LiveServer
) -> None:
    story.join_as_first_admin(page)
    app = story.create_app(page, "checkout")
    secret = story.mint(page, app, "worker-prod")

    # The first call is let through, and the panel says so by itself.
    assert Asked(live_server.url, secret, "/verify?scope=grants:read").status == 200
    if scripts:
        expect(page.locator(".is.allowed", has_text="First request received")).to_be_visible(timeout=10_000)
    page.get_by_label("I saved this key").check()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="worker-prod", exact=True)).to_be_visible()
    expect(page.locator(".is.allowed", has_text="First request received")).to_be_visible()

    # Deprecated: it works, and every answer says so.
    story.open_menu(page)
    page.get_by_role("button", name="Deprecate", exact=True).click()
    expect(page.get_by_text("worker-prod deprecated")).to_be_visible()
    answer = Asked(live_server.url, secret)
    assert (answer.status, answer.headers["X-Alter-Key-Deprecated"]) == (200, "true")

    # Revoked: the very next call fails.
    story.open_menu(page)
    page.get_by_role("link", name="Revoke…").click()
    page.get_by_label("Reason").fill("seen in a pasted log")
    page.get_by_label("Type worker-prod to confirm").fill("worker-prod")
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("worker-prod revoked")).to_be_visible()
    answer = Asked(live_server.url, secret)
    assert (answer.status, answer.body["error"]) == (401, "invalid_key")

    # The receipt says what came of it, and knows of that call when it is looked at again.
    expect(page.get_by_role("heading", name="1 key revoked")).to_be_visible()
    page.reload()
    expect(page.get_by_text("from 127.0.0.1")).to_be_visible()

    # The log has all of it, filtered by the key's prefix.
    page.goto(f"/apps/{app.id}/audit/")
    page.get_by_label("Search", exact=True).fill(secret[:22])
    page.get_by_role("button", name="Search").click()
    timeline = page.get_by_role("region", name="Entries")
    for told in (
        "minted key",
        "deprecated key",
        "revoked key",
        "seen in a pasted log",
        "/verify",
        "Key revoked",
    ):
        expect(timeline.get_by_text(told).first).to_be_visible()
    expect(timeline.get_by_text("created app")).to_have_count(0)


def test_a_key_is_rotated_and_the_old_one_finished(page: Page, live_server: LiveServer) -> None:
    story.join_as_first_admin(page)
    app = story.create_app(page, "checkout")
    old = story.mint(page, app, "worker-prod")
    Asked(live_server.url, old)

    page.goto(f"/apps/{app.id}/keys/")
    page.get_by_role("link", name="worker-prod", exact=True).click()
    page.get_by_role("link", name="Rotate…").click()
    page.get_by_label("24 hours").check()
    page.get_by_role("button", name="Rotate key").click()
    new = page.locator("#secret").inner_text().strip()

    assert (Asked(live_server.url, old).status, Asked(live_server.url, new).status) == (200, 200)
    page.goto(f"/apps/{app.id}/keys/{app.keys.latest('created_at').id}/")
    expect(page.get_by_role("heading", name="Rotation in progress")).to_be_visible()
    page.get_by_role("link", name="Complete rotation…").first.click()
    page.get_by_label("Reason").fill("rotation done")
    page.get_by_label("Type worker-prod to confirm").fill("worker-prod")
    page.get_by_role("button", name="Revoke old key").click()
    expect(page.get_by_text("worker-prod revoked")).to_be_visible()
    assert (Asked(live_server.url, old).status, Asked(live_server.url, new).status) == (401, 200)


def test_an_agents_last_key_is_replaced_before_it_is_revoked(page: Page, live_server: LiveServer) -> None:
    story.join_as_first_admin(page)
    app = story.create_app(page, "checkout")
    page.goto(f"/apps/{app.id}/agents/new/")
    page.get_by_label("Name", exact=True).fill("refund-agent")
    page.get_by_role("button", name="Create agent").click()
    page.get_by_role("link", name="Mint key").first.click()
    page.get_by_label("Name", exact=True).fill("pod-1")
    page.get_by_role("button", name="Mint key").click()
    first = page.locator("#secret").inner_text().strip()

    page.goto(f"/apps/{app.id}/keys/{app.keys.get().id}/revoke/")
    expect(page.get_by_role("heading", name="This is refund-agent’s only active key")).to_be_visible()
    page.get_by_role("link", name="Mint a replacement first").click()
    page.get_by_role("button", name="Mint key").click()
    second = page.locator("#secret").inner_text().strip()

    page.goto(f"/apps/{app.id}/keys/{app.keys.earliest('created_at').id}/revoke/")
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("pod-1 revoked")).to_be_visible()
    assert Asked(live_server.url, first).body["error"] == "key_revoked"
    assert Asked(live_server.url, second).status == 200
