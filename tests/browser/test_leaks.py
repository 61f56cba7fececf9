"""Reporting a leaked key in a browser: what leaves the page is its hash."""

from urllib.parse import parse_qs

from django.urls import reverse
from playwright.sync_api import Page, Request, expect

from agents.models import App
from keys.plaintext import sha256
from portal.models import LeakReport
from tests.factories import minted


def fill(page: Page, secret: str) -> None:
    page.goto(reverse("leak-report"))
    page.get_by_label("Leaked key").fill(f"ALTER_API_KEY={secret}")
    page.get_by_label("Where you found it").fill("a wiki")
    page.get_by_role("button", name="Report key").click()
    expect(page.get_by_text("report received")).to_be_visible()


def heard(page: Page) -> list[Request]:
    """What the page sends from now on."""
    sent = list[Request]()

    def hear(request: Request) -> None:
        sent.append(request)

    page.on("request", hear)
    return sent


def test_with_scripts_only_the_hash_is_sent_and_the_key_is_gone(page: Page, app: App) -> None:
    secret, sent = minted(app).plaintext.take(), heard(page)
    fill(page, secret)
    form = next(parse_qs(one.post_data or "") for one in sent if one.method == "POST")
    assert (form["sha256"], form["found_at"], form.get("key")) == ([sha256(secret).hex()], ["a wiki"], None)
    assert not any(secret in one.url + (one.post_data or "") for one in sent)
    page.go_back()
    expect(page.get_by_label("Leaked key")).to_have_value("")
    assert LeakReport.objects.get().found_at == "a wiki"


def test_what_holds_no_key_stays_on_the_page_and_can_be_corrected(page: Page, app: App) -> None:
    sent = heard(page)
    page.goto(reverse("leak-report"))
    box = page.get_by_label("Leaked key")
    box.fill("hunter2")
    page.get_by_role("button", name="Report key").click()
    assert box.evaluate("box => box.validationMessage").startswith("No complete key found")
    assert [one for one in sent if one.method == "POST"] == []
    fill(page, minted(app).plaintext.take())
