"""How pages of an app look and answer to keys: on a phone, of a test app, and the shortcuts that there are."""

from django.test import Client
from playwright.sync_api import Locator, Page, expect

from agents.lifecycle import update_app
from agents.models import App
from audit.actors import shell
from audit.models import Call
from portal.models import User
from tests.browser import story
from tests.factories import minted

LINES = """label => {
  const range = document.createRange();
  range.selectNodeContents(label);
  return new Set([...range.getClientRects()].map((line) => line.top)).size;
}"""


def _box(found: Locator) -> tuple[float, float]:
    """Where something begins and ends, from the top of the window."""
    box = found.bounding_box()
    assert box
    return box["y"], box["y"] + box["height"]


def test_no_label_of_a_list_of_details_breaks(page: Page, admin: User, app: App) -> None:
    plaintext = minted(app, name="worker").plaintext.take()
    Client().get("/verify?scope=grants:write", headers={"x-api-key": plaintext})
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/audit/calls/{Call.objects.get().id}/")
    for size in (story.DESK, story.PHONE):
        page.set_viewport_size(size)
        labels = page.locator(".facts dt").all()
        assert [label.inner_text() for label in labels if label.evaluate(LINES) > 1] == []


def test_on_a_phone_a_notice_covers_no_primary_button(page: Page, admin: User, app: App) -> None:
    key = minted(app, name="worker").key
    story.sign_in(page, admin)
    page.set_viewport_size(story.PHONE)
    page.goto(f"/apps/{app.id}/keys/{key.id}/")
    primary = page.locator(".head > .acts .primary")
    expect(primary).to_be_in_viewport()
    page.get_by_text("Rename", exact=True).click()
    page.get_by_label("Name", exact=True).fill("renamed")
    page.get_by_role("button", name="Save", exact=True).click()
    notice = page.locator(".toasts .toast").first
    expect(notice).to_be_visible()
    assert _box(notice)[1] <= _box(primary)[0]


def test_a_test_app_is_marked_under_the_top_bar_of_every_width(page: Page, admin: User, app: App) -> None:
    update_app(shell(), app, environment="test")
    story.sign_in(page, admin)
    for size in (story.DESK, story.PHONE):
        page.set_viewport_size(size)
        page.goto(f"/apps/{app.id}/keys/")
        strip = page.get_by_role("region", name="Environment")
        expect(strip).to_contain_text("checkout is a test app")
        top, end = _box(strip)
        assert (top, end) == (_box(page.get_by_role("banner"))[1], _box(page.get_by_role("main"))[0])
        assert end - top < 40


def test_the_list_of_shortcuts_has_those_that_there_are(page: Page, admin: User, app: App) -> None:
    story.sign_in(page, admin)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_text("Search", exact=True)).to_be_visible()
    expect(dialog.get_by_text("Go to")).to_be_hidden()
    expect(dialog.get_by_text("Mint key")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    page.goto(f"/apps/{app.id}/audit/")
    page.keyboard.press("?")
    for name in ("Mint key", "Go to", "Audit logs", "Search this list or log"):
        expect(dialog.get_by_text(name, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("search").get_by_label("Search", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("main").focus()
    page.keyboard.press("g")
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name="API keys", level=1)).to_be_visible()
