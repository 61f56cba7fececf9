"""The plaintext is on the page that made it and nowhere else the browser keeps things."""

import json

from playwright.sync_api import Page, expect

from tests.browser import story

STORES = """async () => JSON.stringify({
  local: {...localStorage}, session: {...sessionStorage}, cookies: document.cookie, address: location.href,
  state: history.state, databases: await indexedDB.databases(), caches: await caches.keys(), name: window.name,
})"""


def test_the_browser_keeps_no_copy(page: Page) -> None:
    story.join_as_first_admin(page)
    app = story.create_app(page, "checkout")
    secret = story.mint(page, app, "worker")
    page.get_by_role("radio", name="Dark").check()
    page.get_by_label("I saved this key").check()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("heading", name="worker", exact=True).wait_for()
    kept = page.evaluate(STORES) + json.dumps(page.context.storage_state())
    assert secret not in kept
    assert secret[22:] not in kept + page.content()


def test_going_back_does_not_bring_it_back(page: Page) -> None:
    story.join_as_first_admin(page)
    app = story.create_app(page, "checkout")
    secret = story.mint(page, app, "worker")
    page.goto(f"/apps/{app.id}/keys/")
    page.go_back()
    expect(page.get_by_text("This key was shown once")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text(secret)


def test_the_same_form_sent_again_shows_no_secret_and_mints_no_second_key(page: Page) -> None:
    story.join_as_first_admin(page)
    app = story.create_app(page, "checkout")
    page.goto(f"/apps/{app.id}/keys/mint/")
    once = page.locator("input[name=once]").input_value()
    page.get_by_label("Name", exact=True).fill("worker")
    page.get_by_label("grants: read").check()
    page.get_by_role("button", name="Mint key").dblclick()
    page.get_by_role("heading", name="Key minted").wait_for()
    page.goto(f"/apps/{app.id}/keys/mint/?name=worker&scope_grants=read")
    page.locator("input[name=once]").evaluate("(input, once) => input.value = once", once)
    page.get_by_role("button", name="Mint key").click()
    expect(page.get_by_text("Form already submitted")).to_be_visible()
    assert app.keys.count() == 1


def test_a_key_pasted_into_a_search_box_is_cut_before_it_reaches_the_address(page: Page) -> None:
    story.join_as_first_admin(page)
    app = story.create_app(page, "checkout")
    secret = story.mint(page, app, "worker")
    page.goto(f"/apps/{app.id}/audit/")
    page.get_by_label("Search", exact=True).fill(secret)
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/audit/?**key=**")
    assert secret[22:] not in page.url
    assert secret[:22] in page.url


def test_the_secret_is_wiped_when_the_page_is_left(page: Page) -> None:
    story.join_as_first_admin(page)
    app = story.create_app(page, "checkout")
    story.mint(page, app, "worker")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    expect(page.locator("#secret")).to_have_text("")


def test_the_browser_keeps_no_copy_of_a_token(page: Page) -> None:
    story.join_as_first_admin(page)
    secret = story.mint_token(page, "ci")
    page.get_by_label("I have stored this token").check()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("heading", name="Personal access tokens", exact=True).wait_for()
    kept = page.evaluate(STORES) + json.dumps(page.context.storage_state())
    assert secret[18:] not in kept + page.content()
    page.go_back()
    expect(page.get_by_role("heading", name="Personal access tokens", exact=True)).to_be_visible()
    expect(page.locator("body")).not_to_contain_text(secret)


def test_a_token_is_downloaded_under_the_name_that_the_command_reads(page: Page) -> None:
    story.join_as_first_admin(page)
    secret = story.mint_token(page, "ci")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download .env").click()
    assert download.value.path().read_text() == f"ALTER_PAT={secret}\n"
