"""The portal log: what belongs to no app can be found, counted and paged through, by those who keep the record."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import App
from audit.actors import shell
from audit.models import Event
from portal.accounts.lifecycle import invite
from portal.audit_settings import portal_log_views
from portal.models import Role, User
from tests.factories import minted
from tests.portal.pages import text

SignIn = Callable[[User], Client]


@pytest.fixture
def window(signed_in: SignIn, admin: User) -> Client:
    return signed_in(admin)


def read(window: Client, query: str = "") -> str:
    answer = window.get(reverse("portal-log") + query)
    assert answer.status_code == 200, answer.content
    return text(answer)


def test_it_tells_what_belongs_to_no_app_and_nothing_of_an_app(window: Client, app: App) -> None:
    invite(shell(), "new@example.com", Role.ADMIN, None)
    minted(app, name="worker")
    Client().get("/verify", headers={"x-api-key": "nonsense"})
    page = read(window)
    assert "member.invite" in page and "GET /verify" in page
    assert "key.mint" not in page and "worker" not in page


def test_it_is_searched_by_token_and_by_field(window: Client) -> None:
    invite(shell(), "new@example.com", Role.ADMIN, None)
    Client().get("/verify", headers={"x-api-key": "nonsense"})
    acts = window.get(reverse("portal-log") + "?q=action:member.invite")
    assert acts.headers["Location"] == reverse("portal-log") + "?action=member.invite"
    assert "1 entry" in read(window, "?action=member.invite")
    assert "No entries found" in read(window, "?actor=somebody-else")
    assert "GET /verify" not in read(window, "?kind=event")


def test_what_cannot_be_read_is_said(window: Client) -> None:
    for query in ("?q=colour:red", "?before=yesterday", "?range=custom&since=never"):
        answer = window.get(reverse("portal-log") + query)
        assert answer.status_code == 422, query


def test_it_has_pages_and_a_total(window: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        invite(shell(), f"new-{number}@example.com", Role.ADMIN, None)
    first = read(window, "?action=member.invite")
    assert "60 entries" in first and "Older" in first and "Newer" not in first
    eleventh = Event.objects.filter(action="member.invite").order_by("-at", "-id")[10]
    before = f"{int(eleventh.at.timestamp() * 1_000_000)}-{eleventh.id.hex}"
    assert "Newer" in read(window, f"?action=member.invite&before={before}")
    monkeypatch.setattr(portal_log_views, "MAX_COUNTED", 50)
    assert "More than 50 entries" in read(window, "?action=member.invite")


def test_a_key_in_the_search_is_cut_before_it_stands_in_an_address(window: Client, app: App) -> None:
    secret = minted(app).plaintext.take()
    answer = window.get(reverse("portal-log"), {"q": secret})
    assert secret not in answer.headers["Location"]


def test_an_entry_opens_to_all_its_facts_and_to_the_way_out_of_a_refusal(window: Client) -> None:
    invited = invite(shell(), "new@example.com", Role.ADMIN, None).invitation
    Client().get("/verify", headers={"x-api-key": "alter_key_app_nonsense"})
    page = read(window).replace("<wbr>", "")
    for fact in (
        str(invited.id),
        "How to fix this",
        reverse("lookup"),
        "Expected:",
        "export_audit --app none",
    ):
        assert fact in page, fact
    assert 'placeholder="actor:' in page
