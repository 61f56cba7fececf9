"""What strangers and insiders try: forged forms, false hosts, other ways back, frames, fields nobody asked for."""

import re
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from agents.models import Agent, App
from audit.models import Event
from keys.models import ApiKey
from portal.mail import sending
from portal.models import Invitation, Membership, User
from tests.access import asked
from tests.access.places import browser_of, everything
from tests.api.program import Program
from tests.cast import prove
from tests.factories import PASSWORD, issued, minted, taken_back
from tests.portal.pages import text
from tests.portal.routes import address

pytestmark = pytest.mark.one_engine
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "\thttps://evil.example",
    "http://localhost@evil.example/",
)
PROGRAMS = ("verify", "healthz", "leaks/scanner", "leaks/report", "witness")
"""Without cookies there is nothing to forge."""


@pytest.fixture
def places(app: App, agent: Agent, developer: User) -> dict[str, Any]:
    return everything(app, agent, developer) | {"provider_id": "sso", "key": "x", "uidb36": "x"}


# ── forged forms ────────────────────────────────────────────────────────────────────────────────────


def test_a_form_without_our_token_is_refused_on_every_page(places: dict[str, Any], admin: User) -> None:
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(admin)
    prove(browser, admin)
    before, taken = Event.objects.count(), []
    for path in sorted(set(asked.pages()) - set(PROGRAMS)):
        with taken_back():
            answer = browser.post(asked.filled(path, places))
        if answer.status_code not in (403, 405):
            taken.append((path, answer.status_code))
    assert taken == []
    assert Event.objects.count() == before


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override"])
def test_no_header_makes_a_question_an_act(app: App, admin: User, header: str) -> None:
    key = minted(app).key
    there = address("key-revoke", app_id=app.id, key_id=key.id)
    browser_of(admin).get(there, headers={header: "POST"})
    assert ApiKey.objects.get(pk=key.pk).revoked_at is None


# ── other ways back ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("there", ELSEWHERE)
def test_signing_in_leads_nowhere_else(developer: User, client: Client, there: str) -> None:
    form = {"login": developer.email, "password": PASSWORD, "next": there}
    assert client.post("/account/login/", form)["Location"] == "/"


@pytest.mark.parametrize("there", ELSEWHERE)
def test_a_proof_leads_nowhere_else(developer: User, there: str) -> None:
    browser = browser_of(developer)
    answer = browser.post(
        f"/account/reauthenticate/?next={quote(there)}", {"password": PASSWORD, "next": there}
    )
    assert answer.get("Location", "/").startswith("/")
    assert "evil" not in answer.get("Location", "")


@pytest.mark.parametrize("there", ELSEWHERE[:3])
def test_the_page_one_stood_on_is_believed_no_further_than_its_path(
    client: Client, db: None, there: str
) -> None:
    answer = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": there})
    back = unquote(answer["HX-Redirect"]).partition("next=")[2]
    assert re.match(r"/[^/\\]|/$", back)


# ── false hosts ─────────────────────────────────────────────────────────────────────────────────────


def test_a_false_host_is_refused(client: Client, db: None) -> None:
    assert client.get("/account/login/", headers={"Host": "evil.example"}).status_code == 400


def test_a_strangers_forwarded_host_is_not_in_a_mail(developer: User, client: Client) -> None:
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "198.51.100.1"}
    client.post("/account/password/reset/", {"email": developer.email}, headers=forwarded)
    sending.send()
    assert mail.outbox
    assert "evil.example" not in mail.outbox[0].body


def test_an_invitations_link_names_the_portals_own_address(app: App, admin: User, settings: Settings) -> None:
    settings.ORIGIN = "https://keys.example.com"
    form = {"email": "new@example.com", "role": "support", "once": "1"}
    page = browser_of(admin).post(address("member-invite", app_id=app.id), form)
    assert "https://keys.example.com/join/" in text(page)


# ── who is here ─────────────────────────────────────────────────────────────────────────────────────


def test_a_reset_is_answered_alike_for_everyone(developer: User, client: Client) -> None:
    answers = [
        client.post("/account/password/reset/", {"email": email})
        for email in (developer.email, "no@example.com")
    ]
    assert len({(answer.status_code, answer["Location"]) for answer in answers}) == 1


def alike(page: str) -> str:
    """A page without its ids, tokens and request id."""
    return re.sub(r"[0-9a-f-]{36}|[0-9a-f]{32}|[0-9A-Za-z]{64}|/\d+/", "…", page)


def test_a_strangers_thing_is_the_same_page_as_none(
    places: dict[str, Any], other_app: App, outsider: User
) -> None:
    """An id of another tenant's and one that nothing has: status, headers and words are the same."""
    browser, nothing = browser_of(outsider), "00000000-0000-7000-8000-000000000001"
    for path in sorted(path for path in set(asked.pages()) if path.startswith("apps/<app_id>/")):
        theirs = browser.get(asked.filled(path, places))
        none = browser.get(
            asked.filled(path, dict.fromkeys(places, nothing) | {"kind": "event", "version": 1})
        )
        told = [alike(text(one)) for one in (theirs, none)]
        assert (theirs.status_code, told[0]) == (404, told[1]), path
        assert theirs.headers.keys() == none.headers.keys()


# ── frames, caches, cookies ─────────────────────────────────────────────────────────────────────────


def test_every_page_is_kept_out_of_frames_and_caches(places: dict[str, Any], admin: User) -> None:
    browser = browser_of(admin)
    for path in sorted(set(asked.pages())):
        if path in (*PROGRAMS, "account/logout/") or path.startswith(("leaks/rules", "sdk/", "api/")):
            continue
        answer = browser.get(asked.filled(path, places))
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            assert answer["X-Frame-Options"] == "DENY", path
            assert "frame-ancestors 'none'" in answer["Content-Security-Policy"], path
            assert "unsafe" not in answer["Content-Security-Policy"], path
            assert "no-store" in answer["Cache-Control"], path


def test_cookies_are_out_of_reach_of_scripts(developer: User, client: Client) -> None:
    client.get("/account/login/")
    client.post("/account/login/", {"login": developer.email, "password": PASSWORD})
    for cookie in client.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] in ("Lax", "Strict"), cookie.key


# ── fields that were not asked ──────────────────────────────────────────────────────────────────────

PLANTED = {
    "id": "00000000-0000-7000-8000-000000000009",
    "app": "x",
    "app_id": "00000000-0000-7000-8000-000000000009",
    "owner_id": "00000000-0000-7000-8000-000000000009",
    "minted_by": "somebody",
    "kind": "app",
    "digest": "x",
    "is_active": "false",
    "invited_by": "somebody",
    "used_at": "2020-01-01",
    "user": "x",
}


def test_what_is_planted_in_a_mint_form_does_not_arrive(app: App, developer: User) -> None:
    form = {"name": "worker", "scope_grants": "read", "expires": "90d", "once": "1", **PLANTED}
    browser_of(developer).post(address("key-mint", app_id=app.id), form)
    key = ApiKey.objects.get(name="worker")
    assert (key.app_id, key.owner_id, key.minted_by) == (app.id, developer.pk, developer.label)
    assert str(key.id) != PLANTED["id"]


def test_what_is_planted_in_an_invitation_does_not_arrive(app: App, admin: User) -> None:
    form = {"email": "new@example.com", "role": "support", "once": "1", **PLANTED}
    browser_of(admin).post(address("member-invite", app_id=app.id), form)
    made = Invitation.objects.get()
    assert (made.app_id, made.invited_by, made.used_at) == (app.id, admin.label, None)


def test_what_is_planted_in_a_role_form_does_not_arrive(app: App, developer: User, admin: User) -> None:
    membership = developer.memberships.get()
    there = address("member-role", app_id=app.id, membership_id=membership.id)
    browser_of(admin).post(there, {"role": "support", **PLANTED})
    now_is = Membership.objects.get(pk=membership.pk)
    assert (now_is.app_id, now_is.user_id, now_is.role) == (app.id, developer.pk, "support")


def test_what_is_planted_in_a_profile_does_not_arrive(developer: User) -> None:
    browser_of(developer).post("/account/profile/", {"name": "Me", "email": "x@example.com", **PLANTED})
    now_is = User.objects.get(pk=developer.pk)
    assert (now_is.email, now_is.is_active) == ("developer@example.com", True)


def test_a_field_that_the_api_does_not_know_is_refused(app: App, admin: User) -> None:

    program = Program(issued(admin).plaintext.take())
    body = {"role": "support", "everywhere": True}
    assert program.post(f"/apps/{app.id}/invitations", body).status_code == 422
    assert not Invitation.objects.exists()
