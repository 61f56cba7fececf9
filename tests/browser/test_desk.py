"""The support desk in a browser: what is pasted stays there, and its checksum is ours."""

import json
import re
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import Page, Request, expect

from agents.models import App
from keyformat import grammar
from keys import plaintext
from portal.models import User
from tests.browser import story
from tests.factories import minted

LINE = '203.0.113.9 - - "GET /orders?page=2" 200 x-api-key: {} curl/8.5'


@pytest.fixture
def sent(page: Page) -> list[str]:
    """All that leaves the browser: addresses, headers and bodies."""
    left: list[str] = []

    def note(request: Request) -> None:
        left.append(" ".join((request.url, request.post_data or "", json.dumps(request.headers))))

    page.on("request", note)
    return left


def pieces(secret: str) -> list[str]:
    """Every eight characters of it that are not shown anyway."""
    hidden = secret[len(grammar.prefix_of(secret)) - 7 :]
    return [hidden[at : at + 8] for at in range(len(hidden) - 7)]


def test_nothing_of_a_pasted_key_leaves_the_browser(
    page: Page, app: App, support: User, sent: list[str]
) -> None:
    made = minted(app, name="lost")
    secret = made.plaintext.take()
    story.sign_in(page, support)
    page.goto("/lookup/")
    page.get_by_label("Key, prefix, fingerprint").fill(
        "\n".join(["noise", LINE.format(secret), "more noise"])
    )
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", name="lost")).to_be_visible()
    left = unquote_plus(" ".join(sent))
    assert plaintext.sha256(secret).hex() in left
    assert [piece for piece in pieces(secret) if piece in left] == []
    assert "noise" not in left
    kept = page.content() + page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert [piece for piece in pieces(secret) if piece in kept] == []


def test_a_mistyped_key_is_told_and_nothing_is_sent(
    page: Page, app: App, support: User, sent: list[str]
) -> None:
    secret = minted(app).plaintext.take()
    story.sign_in(page, support)
    page.goto("/lookup/")
    before = len(sent)
    page.get_by_label("Key, prefix, fingerprint").fill(secret[:-1] + ("0" if secret[-1] != "0" else "1"))
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("Invalid checksum")).to_be_visible()
    assert [one for one in sent[before:] if "/static/" not in one] == []


def test_the_browser_computes_our_checksum(page: Page, db: None, support: User) -> None:
    story.sign_in(page, support)
    page.goto("/lookup/")
    secrets = [plaintext.generate(kind).take() for kind in grammar.STARTS for _ in range(50)]
    text = " ".join(secrets)
    found = page.evaluate("text => desk.candidates(text).whole", text)
    assert sorted(found) == sorted(secrets)
    bodies = [secret[:-6] for secret in secrets]
    assert page.evaluate("bodies => bodies.map(desk.checksum)", bodies) == [s[-6:] for s in secrets]


def test_several_are_ended_with_one_receipt(page: Page, app: App, support: User) -> None:
    secrets = [minted(app, name=f"worker-{n}").plaintext.take() for n in range(3)]
    story.sign_in(page, support)
    page.goto("/lookup/")
    page.get_by_label("Key, prefix, fingerprint").fill("\n".join(map(LINE.format, secrets)))
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_label("Reason").fill("Found in a public log.")
    page.get_by_label("Ticket").fill("T-42")
    page.get_by_role("button", name="Revoke selected keys").click()
    expect(page.get_by_role("heading", name="3 keys revoked")).to_be_visible()
    expect(page.get_by_text("T-42").first).to_be_visible()
    assert app.keys.filter(revoked_at=None).count() == 0


def test_back_leads_to_what_was_found_and_to_no_question_of_the_browser(
    page: Page, app: App, support: User
) -> None:
    key = minted(app, name="lost").key
    story.sign_in(page, support)
    page.goto("/lookup/")
    page.get_by_label("Key, prefix, fingerprint").fill(key.prefix)
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name="View key", exact=True).click()
    expect(page).to_have_url(re.compile(str(key.id)))
    page.go_back()
    expect(page.get_by_role("heading", name="lost")).to_be_visible()
