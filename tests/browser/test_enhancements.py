"""What htmx and portal.js add on top of pages that work without them."""

import re

from playwright.sync_api import Page, expect

from agents.models import App
from keys.lifecycle import deprecate
from portal.models import User
from tests.browser import story
from tests.factories import minted


def test_revoke_opens_as_a_dialog_and_gives_the_focus_back(page: Page, app: App, admin: User) -> None:
    key = minted(app).key
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/{key.id}/")
    story.open_menu(page)
    page.get_by_role("link", name="Revoke…").click()
    expect(page.locator("dialog:modal h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".head .menu > summary")).to_be_focused()
    assert page.url.endswith(f"/keys/{key.id}/")


def test_the_palette_opens_with_ctrl_k_and_finds_a_key_by_its_prefix(
    page: Page, app: App, admin: User
) -> None:
    key = minted(app, name="settlement").key
    story.sign_in(page, admin)
    page.keyboard.press("Control+k")
    box = page.get_by_label("Search apps, keys, agents")
    expect(box).to_be_focused()
    box.fill(key.prefix[-8:])
    page.get_by_role("option", name=re.compile("settlement")).click()
    expect(page.get_by_role("heading", name="settlement", exact=True)).to_be_visible()


def test_deprecating_in_the_list_changes_its_row_and_can_be_undone(page: Page, app: App, admin: User) -> None:
    minted(app, name="cron")
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/")
    page.locator("summary", has_text="Actions for cron").click()
    page.get_by_role("button", name="Deprecate").click()
    expect(page.get_by_role("row", name=re.compile("cron.*Deprecated"))).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("cron restored")).to_be_visible()


def test_filters_swap_the_list_and_stand_in_the_address(page: Page, app: App, admin: User) -> None:
    from audit.actors import shell

    deprecate(shell(), minted(app, name="leaving").key)
    minted(app, name="staying")
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Status", exact=True).select_option("deprecated")
    expect(page.get_by_role("link", name="staying")).to_have_count(0)
    expect(page.get_by_role("link", name="leaving")).to_be_visible()
    assert "status=deprecated" in page.url


def test_the_review_pane_follows_the_form(page: Page, app: App, admin: User) -> None:
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/mint/")
    page.get_by_label("secrets: admin").check()
    expect(page.locator("#review")).to_contain_text("Manage stored third-party secrets")
    page.get_by_label("Name", exact=True).fill("nightly")
    expect(page.locator("#review .copy-block")).to_contain_text("--name nightly")


def test_a_purpose_fills_the_form_and_keeps_the_name(page: Page, app: App, admin: User) -> None:
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/mint/")
    page.get_by_label("Name", exact=True).fill("deploy")
    page.get_by_role("button", name="CI job").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("deploy")
    expect(page.get_by_label("1 hour", exact=True)).to_be_checked()
    assert page.url.endswith("/mint/?name=deploy&purpose=ci")
    page.get_by_role("button", name="Mint key").click()
    expect(page.get_by_role("heading", name="Key minted")).to_be_visible()
    assert page.url.partition("?")[2] == "shown"


def test_enter_in_a_field_mints_and_writes_nothing_into_the_address(
    page: Page, app: App, admin: User
) -> None:
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/mint/")
    page.get_by_label("secrets: admin").check()
    page.get_by_label("Name", exact=True).fill("deploy")
    page.get_by_label("Name", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Key minted")).to_be_visible()
    assert page.url.partition("?")[2] == "shown"


def test_a_name_changes_in_place_and_can_be_changed_back(page: Page, app: App, admin: User) -> None:
    key = minted(app, name="old name").key
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/{key.id}/")
    page.get_by_text("Rename", exact=True).click()
    page.get_by_label("Name", exact=True).fill("new name")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="new name")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="old name")).to_be_visible()


def test_a_session_that_ended_sends_the_whole_page_to_sign_in(page: Page, app: App, admin: User) -> None:
    minted(app)
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/")
    page.context.clear_cookies()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Status", exact=True).select_option("revoked")
    page.wait_for_url("**/account/login/**")


def test_the_theme_is_remembered(page: Page, admin: User) -> None:
    story.sign_in(page, admin)
    page.get_by_role("radio", name="Dark").check()
    chosen = page.evaluate("document.documentElement.dataset.theme")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == chosen


def test_enter_opens_the_first_result_and_arrows_choose_another(page: Page, app: App, admin: User) -> None:
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("webhook")
    chosen = page.get_by_role("option", selected=True)
    expect(chosen).to_contain_text("Audit log settings")
    page.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text("Webhooks")
    page.keyboard.press("Enter")
    page.wait_for_url("**/docs/webhooks/")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill(app.name)
    page.keyboard.press("Enter")  # before the results have come: the server opens the first
    page.wait_for_url(f"**/apps/{app.id}/keys/")


def test_shortcuts_are_shown_lead_to_pages_and_can_be_turned_off(page: Page, app: App, admin: User) -> None:
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/members/")
    page.keyboard.press("?")
    page.get_by_role("button", name="Turn them off").click()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_value_is_copied_by_a_button_or_selected_by_a_click(page: Page, app: App, admin: User) -> None:
    key = minted(app, name="worker").key
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/")
    page.get_by_text(key.prefix[-8:], exact=True).click()
    assert page.evaluate("getSelection().toString()") == key.prefix
    expect(page.get_by_role("button", name=f"Copy prefix of worker: {key.prefix}")).to_be_visible()
