"""The record is taken out by keyboard alone, with JavaScript and without."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, expect

from agents.models import App
from audit.models import Call, Event
from portal.models import User
from tests.audit.records import called
from tests.browser import story

NewContext = Callable[..., BrowserContext]


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_the_record_is_taken_out_by_keyboard(
    new_context: NewContext, app: App, admin: User, scripts: bool
) -> None:
    page = new_context(java_script_enabled=scripts).new_page()
    story.sign_in(page, admin)
    called(app.id), called(app.id, code="key_expired")
    page.goto(reverse("audit-export", args=[app.id]) + "?outcome=denied")
    page.get_by_label("JSON Lines", exact=True).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("CSV", exact=True)).to_be_checked()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")  # to the byte order mark for Excel
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Export", exact=True)).to_be_focused()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Export", exact=True)).to_be_enabled()
    told = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    assert [one["type"] for one in told] == ["header", "checkpoint", "row", "end"]
    assert told[2]["id"] == str(Call.objects.get(allowed=False).id)
    assert Event.objects.get(action="audit.export").via == "page"
