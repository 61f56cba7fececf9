"""Steps that people take through the portal, the same with JavaScript and without."""

import json
import re
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import Page, ViewportSize

from agents.models import App
from audit.actors import shell
from portal.accounts.lifecycle import invite
from portal.models import Role, User
from tests.factories import PASSWORD

EMAIL = "first@example.com"
DESK: ViewportSize = {"width": 1280, "height": 720}
PHONE: ViewportSize = {"width": 320, "height": 800}


class Asked:
    """What the door answered."""

    def __init__(self, base: str, secret: str, path: str = "/verify") -> None:
        request = Request(base + path, headers={"x-api-key": secret, "User-Agent": "story/1.0"})
        try:
            response = urlopen(request)
        except HTTPError as refused:
            response = refused
        self.status: int = response.status
        self.headers = response.headers
        self.body = json.loads(response.read())


def join_as_first_admin(page: Page) -> None:
    """Open the link that `make run` prints, and become the admin."""
    secret = invite(shell(), "", Role.ADMIN, None).secret
    page.goto(f"/join/{secret}/")
    page.get_by_label("Your name").fill("First admin")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("heading", name="Apps", level=1).wait_for()


def sign_in(page: Page, user: User) -> None:
    """Come in by the sign-in page."""
    page.goto("/account/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Apps", level=1).wait_for()
    page.wait_for_load_state()


def create_app(page: Page, name: str) -> App:
    """Create an app from the home page and arrive at its overview."""
    page.goto("/")
    page.get_by_role("link", name=re.compile("Create app|New app")).first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create app").click()
    page.get_by_role("heading", name="Get started").wait_for()
    return App.objects.get(name=name)


def open_menu(page: Page) -> None:
    """Open the menu of a page's other actions."""
    page.locator(".head .menu > summary").click()


def mint(page: Page, app: App, name: str) -> str:
    """Mint a key that may read grants, and return the plaintext the page shows."""
    page.goto(f"/apps/{app.id}/keys/mint/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("grants: read").check()
    page.get_by_role("button", name="Mint key").click()
    page.get_by_role("heading", name="Key minted").wait_for()
    return page.locator("#secret").inner_text().strip()


def mint_token(page: Page, name: str) -> str:
    """Mint an access token that may read, and return the plaintext the page shows."""
    page.goto("/account/tokens/mint/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name=re.compile("(Mint|Create) token")).click()
    page.get_by_role("heading", name="Token minted").wait_for()
    return page.locator("#secret").inner_text().strip()


def stands(page: Page) -> bool:
    """Tell whether a page is whole: what every page has is there once, and what scripts do at its start was done."""
    return bool(
        page.evaluate(
            """() => document.querySelectorAll("#main").length === 1
            && document.querySelectorAll("#toasts, #dialog, #progress").length <= 3
            && !document.querySelector("[data-theme-choice][hidden]")
            && !document.querySelector("button[type=submit]:disabled:not([data-needs])")"""
        )
    )
