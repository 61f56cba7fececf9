"""Every page: nothing for axe to find in light and dark, nothing to scroll sideways for at 320 px."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from agents.models import Agent, App
from audit.clock import now
from audit.forwarding import destinations
from audit.models import Call, Delivery, Event
from keys.lifecycle import narrow, revoke, rotate
from keys.plaintext import sha256
from portal.docs.guides import GUIDES
from portal.leaks import dealing, reports
from portal.models import User
from tests.browser import story
from tests.factories import issued, minted
from tests.portal.access.test_authorize import SENT

CheckPage = Callable[..., None]


@pytest.fixture
def addresses(app: App, agent: Agent, admin: User, developer: User, client: object) -> list[str]:
    """An address of every page, on an app where something has happened."""
    from django.test import Client

    from audit.actors import shell

    key, used = minted(app, name="fresh").key, minted(app, name="used")
    Client().get("/verify?scope=grants:write", headers={"x-api-key": used.plaintext.take()})
    agent_key = minted(app, agent=agent, name="pod-1").key
    rotate(shell(), used.key)
    narrow(shell(), key, expires_at=now() + timedelta(days=1))
    leaked = minted(app, name="leaked")
    place = "https://git.example.com/a-long-path/" + "without-a-place-to-break" * 5
    dealing.deal_with(
        reports.take(sha256(leaked.plaintext.take()), source="form", found_at=place, note=place)
    )
    one = [app.id]
    return [
        "/",
        "/?archived",
        reverse("app-new"),
        reverse("find"),
        reverse("docs"),
        reverse("docs-reference"),
        reverse("docs-api-reference"),
        *(guide.address for guide in GUIDES),
        reverse("jump") + f"?app={app.id}",
        *(reverse(name, args=one) for name in ("keys", "key-mint", "agents", "agent-create", "audit")),
        *(reverse(name, args=one) for name in ("members", "member-invite", "app-settings", "app-archive")),
        *(
            reverse(name, args=[app.id, used.key.id])
            for name in ("key", "key-narrow", "key-revoke", "key-rotate")
        ),
        reverse("key", args=[app.id, key.id]),
        reverse("key", args=[app.id, leaked.key.id]),
        *(reverse("leak-report") + which for which in ("", "?taken")),
        reverse("leaks", args=one),
        reverse("key-revoke", args=[app.id, agent_key.id]),
        *(reverse(name, args=[app.id, agent.id]) for name in ("agent", "agent-suspend", "agent-revoke")),
        reverse("agent-key-mint", args=[app.id, agent.id]) + "?purpose=agent",
        reverse("audit-event", args=[app.id, Event.objects.filter(action="key.rotate").latest("at").id]),
        reverse("audit-event", args=[app.id, Event.objects.filter(action="key.narrow").latest("at").id]),
        reverse("audit-call", args=[app.id, Call.objects.get().id]),
        *(reverse("key-use", args=[app.id, one.id]) for one in (used.key, key)),
        reverse("agent-use", args=[app.id, agent.id]),
        reverse("keys-deprecated", args=[app.id]),
        reverse("audit-call-seal", args=[app.id, Call.objects.get().id]),
        reverse("audit-event-seal", args=[app.id, Event.objects.filter(app_id=app.id).latest("at").id]),
        reverse("audit-integrity", args=one) + "?check",
        reverse("audit", args=one) + "?key=nothing&range=24h",
        reverse("audit-export", args=one) + "?outcome=refused&range=30d",
        reverse("audit", args=one) + "?range=custom&since=yesterday",
        reverse("audit", args=one) + "?outcome=refused&range=24h",
        reverse("audit", args=one) + "?q=colour:red",
        reverse("view-save", args=one) + "?outcome=refused",
        reverse("member-end", args=[app.id, developer.memberships.get().id]),
        "/apps/no-such-page/",
        reverse("account_change_password"),
        reverse("account_logout"),
        *(reverse(name) for name in ("tokens", "token-mint")),
        *people_pages(developer),
        reverse("leaks", args=one),
        *(reverse(name, args=[app.id, used.key.id]) for name in ("key-ask", "key-widen")),
        reverse(
            "receipt", args=[revoke(shell(), minted(app, name="gone").key, reason="Lost.", ticket="T-1")]
        ),
        reverse("find-token-end", args=[issued(developer).token.id]),
        reverse("token-revoke", args=[issued(admin).token.id]),
        *record_pages(),
        f"{reverse('authorize')}?{urlencode(SENT)}",
        f"{reverse('authorize')}?redirect_uri=http://example.com:8080/",
    ]


def people_pages(developer: User) -> list[str]:
    """Those about people, and about one's own way in."""
    person = [developer.pk]
    return [
        *(reverse(name) for name in ("people", "people-roles", "house", "profile", "security")),
        reverse("security") + "?missing",
        *(reverse(name, args=person) for name in ("person", "person-remove", "person-reset", "person-email")),
        *(reverse(name, args=person) for name in ("person-sign-out", "person-deactivate")),
        *(reverse(name) for name in ("notices", "notice-choices", "leak-report")),
        *(reverse(name) for name in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes")),
        reverse("account_reauthenticate") + "?next=/house/",
    ]


def record_pages() -> list[str]:
    """Those of the record as a whole, with a destination that fails and a dead letter."""
    from audit.actors import shell

    made = destinations.create(
        shell(), name="siem", url="https://siem.example.com/" + "hooks" * 20
    ).destination
    for number, given_up in ((7, now()), (8, None)):
        Delivery.objects.create(
            destination=made,
            checkpoint=number,
            rows=3,
            last_error="It answered 500.",
            given_up_at=given_up,
            attempts=2,
        )
    letter = Delivery.objects.get(checkpoint=7)
    return [
        reverse("record"),
        *(reverse("record-retain", args=[kind]) for kind in ("event", "call", "span")),
        *(reverse(name, args=[made.pk]) for name in ("destination", "destination-rotate", "destination-end")),
        *(reverse(name) for name in ("destination-create", "dead-letters", "dead-letters-discard")),
        reverse("dead-letter-discard", args=[letter.pk]),
    ]


LONG = "/docs/api-reference/"
"""A quarter of all that axe looks at. /docs/sdk-api/ is of the same template, and so its colours are the same."""


def test_every_page_is_for_everyone_in_light_in_dark_and_on_a_narrow_phone(
    page: Page, addresses: list[str], admin: User, axe: CheckPage
) -> None:
    """A page is opened once for all three: style sheets alone tell them apart (tests/portal/test_look.py)."""
    wide = []

    def look_at(address: str) -> None:
        page.emulate_media(color_scheme="light")
        page.goto(address)
        if address == LONG:
            axe(page, without="color-contrast")
        else:
            axe(page)
            page.emulate_media(color_scheme="dark")
            axe(page, "color-contrast", "link-in-text-block")
        page.set_viewport_size(story.PHONE)
        if page.evaluate("document.documentElement.scrollWidth") > 320:
            wide.append(address)
        page.set_viewport_size(story.DESK)

    look_at("/account/login/")
    look_at("/account/password/reset/")
    story.sign_in(page, admin)
    for address in addresses:
        look_at(address)
    assert wide == []


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
    page.get_by_label("Choose").check()
    page.get_by_label("Custom", exact=True).check()
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
    page.get_by_role("link", name="Revoke…").click()
    page.locator("dialog:modal").wait_for()
    axe(page)


def test_a_signing_secret_is_shown_without_a_flaw(page: Page, admin: User, axe: CheckPage) -> None:
    story.sign_in(page, admin)
    page.set_viewport_size(story.PHONE)
    page.goto(reverse("destination-create"))
    page.get_by_label("Name").fill("siem")
    page.get_by_label("Address").fill("https://siem.example.com/hook")
    page.get_by_role("button", name="Create destination").click()
    page.get_by_text("shown this once").wait_for()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
