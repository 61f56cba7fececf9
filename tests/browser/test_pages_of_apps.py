"""Every page of an app: for everyone, in light, in dark and at 320 px."""

from collections.abc import Callable

from playwright.sync_api import Page

from agents.models import Agent, App
from portal.models import User
from tests.browser import addresses, story

LookAt = Callable[[list[str]], None]


def test_every_page_of_an_app_is_for_everyone(
    page: Page, look_at: LookAt, app: App, agent: Agent, admin: User, developer: User
) -> None:
    story.sign_in(page, admin)
    look_at(addresses.of_an_app(app, agent, developer))
