"""Every page of the portal, and what appears on pages when they are used: for everyone, light, dark and at 320 px."""

from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import Page

from agents.models import App
from portal.models import User
from tests.browser import addresses, story
from tests.factories import minted

CheckPage = Callable[..., None]
LookAt = Callable[[list[str]], None]


def test_every_page_of_the_portal_is_for_everyone(
    page: Page, look_at: LookAt, admin: User, developer: User
) -> None:
    look_at(["/account/login/", "/account/password/reset/"])
    story.sign_in(page, admin)
    look_at(addresses.of_the_portal(admin, developer))


def test_the_reveal_panel_has_nothing_for_axe_to_find(
    page: Page, app: App, admin: User, axe: CheckPage
) -> None:
    story.sign_in(page, admin)
    story.mint(page, app, "worker")
    axe(page)


def test_the_token_pages_have_nothing_for_axe_to_find_when_they_are_used(
    page: Page, app: App, admin: User, axe: CheckPage
) -> None:
    story.sign_in(page, admin)
    page.set_viewport_size(story.PHONE)
    page.goto(reverse("token-mint"))
    for group in ("Permissions", "Expiration"):
        page.get_by_role("radiogroup", name=group).get_by_label("Custom").check()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    story.mint_token(page, "ci")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_dialog_that_htmx_opened_has_nothing_for_axe_to_find(
    page: Page, app: App, admin: User, axe: CheckPage
) -> None:
    key = minted(app).key
    story.sign_in(page, admin)
    page.goto(f"/apps/{app.id}/keys/{key.id}/")
    story.open_menu(page)
    page.get_by_role("link", name="Revoke…").click()
    page.locator("dialog:modal").wait_for()
    axe(page)


def test_a_signing_secret_is_shown_without_a_flaw(page: Page, admin: User, axe: CheckPage) -> None:
    story.sign_in(page, admin)
    page.set_viewport_size(story.PHONE)
    page.goto(reverse("webhook-create"))
    page.get_by_label("Name").fill("siem")
    page.get_by_label("URL").fill("https://siem.example.com/hook")
    page.get_by_role("button", name="Create webhook").click()
    page.get_by_text("You won’t see it again.").wait_for()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
