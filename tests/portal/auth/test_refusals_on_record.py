"""Whoever is turned away, at whatever door, is on record with who and why, and in the server's log."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from pytest_django import Settings

from agents.models import App
from audit.actors import shell
from audit.models import Event
from core.clock import at, now
from portal.accounts import account_changes, lifecycle
from portal.error_responses import InviterGone
from portal.models import Invitation, Membership, Role, User
from portal.tokens import lifecycle as tokens
from tests.factories import PASSWORD, UserFactory, issued, member
from tests.portal.pages import text
from tests.portal.routes import address

LOGIN = "/account/login/"
SignedIn = Callable[[User], Client]


def refused(action: str = "sign-in.fail") -> list[tuple[str, str]]:
    """Who was turned away and why, the latest last."""
    events = Event.objects.filter(action=action).order_by("at", "id")
    return list(events.values_list("target_label", "facts__why"))


def test_an_invitation_that_is_over(app: App, admin: User, signed_in: SignedIn, client: Client) -> None:
    boss = member(Role.ADMIN, app, email="boss@example.com")
    browser = signed_in(boss)
    form = {"email": "two@example.com", "role": "support", "once": "1"}
    response = browser.post(address("member-invite", app_id=app.id), form)
    secret = str(response.context["link"]).rstrip("/").rpartition("/")[2]
    assert signed_in(admin).get(f"/join/{secret}/").status_code == 403
    assert refused("member.fail-join")[-1] == (
        admin.email,
        "This invitation is for a different email address.",
    )
    lifecycle.change_role(shell(), boss.memberships.get(), "developer")
    lifecycle.change_role(shell(), boss.memberships.get(), "admin")
    for _ in range(3):
        answer = client.get(f"/join/{secret}/")
        assert answer.status_code == 404
        assert "the person who sent it can no longer invite members" in text(answer)
    assert refused("member.fail-join")[1:] == [
        (
            "two@example.com",
            "This invitation is no longer valid: the person who sent it can no longer invite members.",
        )
    ]
    client.get("/join/nobodys-link/")
    assert (len(refused("member.fail-join")), refused()) == (2, [])


def test_one_that_slept_before_the_upgrade_ends_when_it_is_opened_or_its_inviter_gains(
    app: App, acting: Any
) -> None:
    for opens in (True, False):
        boss = member(Role.ADMIN, app)
        made = lifecycle.invite(acting(boss, app), f"{opens}@example.com", "developer", app)
        QuerySet(Membership).filter(user=boss).update(role="support")
        assert Invitation.objects.get(pk=made.invitation.pk).withdrawn_at is None
        if opens:
            with pytest.raises(InviterGone):
                lifecycle.invitation_of(made.secret)
            QuerySet(Membership).filter(user=boss).update(role="admin")
        else:
            lifecycle.change_role(shell(), boss.memberships.get(), "admin")
        with pytest.raises(InviterGone):
            lifecycle.invitation_of(made.secret)
        event = Event.objects.get(action="member.withdraw", target_id=str(made.invitation.pk))
        assert (event.actor_kind, event.reason) == ("system" if opens else "shell", lifecycle.UNBACKED)


def test_an_inviter_whose_account_is_closed_or_who_left(app: App, admin: User, acting: Any) -> None:
    for end in ("deactivate", "leave"):
        boss = member(Role.ADMIN, app)
        made = lifecycle.invite(acting(boss, app), f"{end}@example.com", "support", app)
        if end == "leave":
            lifecycle.end_membership(shell(), boss.memberships.get())
            lifecycle.give_role(shell(), boss, app, "admin")
        else:
            account_changes.deactivate(shell(), boss)
            account_changes.reactivate(shell(), boss)
        with pytest.raises(InviterGone):
            lifecycle.invitation_of(made.secret)


def test_too_many_tries_and_an_address_that_is_not_confirmed(
    db: None, client: Client, settings: Settings
) -> None:
    settings.SENDS_MAIL, settings.ACCOUNT_EMAIL_VERIFICATION = True, "mandatory"
    user = UserFactory.create(email="new@example.com")
    client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    assert refused() == [(user.email, "email not confirmed")]
    for _ in range(8):
        client.post(LOGIN, {"login": user.email, "password": "wrong"})
    assert [why for _, why in refused()].count("too many attempts") == 1


def test_a_reset_link_that_is_over(admin: User, client: Client) -> None:
    for _ in range(2):
        client.get("/account/password/reset/key/1-made-up/")
    assert refused() == [("", "reset link used or expired")]


def test_a_token_that_is_refused(app: App, developer: User, caplog: pytest.LogCaptureFixture) -> None:
    token = issued(developer)
    presented = token.plaintext.take()
    tokens.revoke(shell(), token.token)
    ask = {"Authorization": f"Bearer {presented}", "User-Agent": "alter-cli/1"}
    for _ in range(3):
        assert Client().get("/api/v1/apps", headers=ask).status_code == 401
    (found,) = refused()
    assert found[0] == developer.email
    assert found[1].endswith("This access token is not valid.")
    assert Event.objects.get(action="sign-in.fail").via == "cli"
    assert f"sign-in.fail: {developer.email}: the access token" in caplog.text
    assert presented not in caplog.text
    with at(now() + timedelta(minutes=6)):
        Client().get("/api/v1/apps", headers=ask)
    assert len(refused()) == 2, "once in five minutes"
    Client().get("/api/v1/apps", HTTP_AUTHORIZATION="Bearer alter_pat_nobody")
    assert len(refused()) == 2


def test_a_program_that_asks_wrongly(developer: User, signed_in: SignedIn) -> None:
    browser = signed_in(developer)
    assert browser.get("/authorize/?redirect_uri=https://evil.example").status_code == 400
    assert refused()[-1] == (
        developer.email,
        "authorization request: Invalid redirect_uri: use http://127.0.0.1:PORT/ on this computer.",
    )


def test_the_very_first_is_told_once_what_a_password_needs(db: None, client: Client) -> None:
    made = lifecycle.invite(shell(), "", "admin", None)
    there = f"/join/{made.secret}/"
    page = text(client.post(there, {"email": "me@example.com", "name": "", "password": "password"}))
    assert page.count("Common passwords, and passwords similar") == 1
    assert "already have an account" not in page.lower()
