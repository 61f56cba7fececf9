"""The page from which the record is taken out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import App
from audit.export import extract
from audit.export.exporter import FORMATS
from audit.models import Event
from audit.web import exports
from portal.models import User
from tests.audit.reading import text
from tests.audit.records import called
from tests.audit.sealed import sealed
from tests.factories import minted


@pytest.fixture
def client(admin: User, signed_in: Callable[[User], Client]) -> Client:
    """A browser of an admin."""
    return signed_in(admin)


@pytest.fixture
def page(app: App) -> str:
    """The page of an app."""
    return reverse("audit-export", args=[app.id])


def file(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def test_it_says_how_much_there_is(app: App, client: Client, page: str) -> None:
    sealed(called(app.id), called(app.id))
    acts = Event.objects.filter(app_id=app.id).count()
    assert f"All {acts + 2} entries" in text(client.get(page))


def test_it_says_how_much_of_it_matches(app: App, client: Client, page: str) -> None:
    sealed(called(app.id, code="key_expired"), called(app.id))
    words = text(client.get(page, {"outcome": "denied"}))
    assert "outcome:denied" in words.replace(" ", "") and "1 entry matches." in words


def test_it_does_not_count_for_long(
    app: App, client: Client, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "MAX_SLICES", 0)
    sealed(called(app.id))
    assert "At least 0 entries match. The file states the exact number." in text(
        client.get(page, {"outcome": "allowed"})
    )


def test_a_post_answers_with_the_file(app: App, client: Client, page: str) -> None:
    call = called(app.id, code="key_expired")
    called(app.id)
    answer = client.post(f"{page}?outcome=denied", {"format": "jsonl"})
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
    assert [one["id"] for one in file(answer) if one["type"] == "row"] == [str(call.id)]


def test_that_it_was_taken_out_is_on_record(app: App, client: Client, page: str) -> None:
    client.post(page, {"format": "csv"})
    act = Event.objects.get(action="audit.export")
    assert (act.app_id, act.via, act.facts["format"]) == (app.id, "page", "csv")


def test_every_format_can_be_chosen() -> None:
    assert [name for name, _ in exports.FORMATS] == list(FORMATS)


@pytest.mark.parametrize("shape", ["", "xml"])
def test_a_format_that_is_none_is_said_in_place(client: Client, page: str, shape: str) -> None:
    answer = client.post(page, {"format": shape})
    assert (answer.status_code, "Export failed" in text(answer)) == (422, True)
    assert not Event.objects.filter(action="audit.export").exists()


def test_filters_that_cannot_be_read_are_said_in_place_and_nothing_leaves(client: Client, page: str) -> None:
    answer = client.post(f"{page}?key_id=x", {"format": "jsonl"})
    assert (answer.status_code, "Invalid filter" in text(answer)) == (422, True)
    assert not Event.objects.filter(action="audit.export").exists()


def test_the_line_for_a_terminal_asks_for_the_same(app: App, client: Client, page: str) -> None:
    asked = {"outcome": "denied", "ip": "203.0.113.7", "range": "custom", "since": "2026-06-01 12:00"}
    words = text(client.get(page, asked))
    assert f"alter audit export --app {app.id}" in words
    for option in ("--outcome denied", "--ip 203.0.113.7", "--start 2026-06-01T12:00:00Z"):
        assert option in words


def test_what_is_asked_for_cannot_run_in_a_terminal(client: Client, page: str) -> None:
    words = text(client.get(page, {"actor": "x; rm -rf /"}))
    assert "--actor 'x; rm -rf /'" in words


def test_a_pasted_key_is_cut_from_the_address(app: App, client: Client, page: str) -> None:
    secret = minted(app).plaintext.take()
    answer = client.get(page, {"key": secret})
    assert answer.status_code == 302 and secret not in answer["Location"]


@pytest.mark.parametrize("role", ["developer", "support"])
def test_who_may_not_export_is_refused(
    page: str, role: str, request: pytest.FixtureRequest, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(request.getfixturevalue(role))
    assert (browser.get(page).status_code, browser.post(page).status_code) == (403, 403)
