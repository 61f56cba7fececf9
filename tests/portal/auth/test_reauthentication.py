"""Asking again: what is dangerous waits for a proof, and then goes on as it was sent."""

from typing import Any

import pytest
from django.test import Client

from agents.models import Agent, App
from audit.models import Event
from keys.models import ApiKey
from portal.models import Membership, User
from portal.models.users import Role
from tests.cast import prove
from tests.factories import PASSWORD, member, minted
from tests.portal.routes import address

QUARTER = 15 * 60


@pytest.fixture
def stale(admin: User) -> Client:
    """The admin's browser, long after sign-in."""
    client = Client()
    client.force_login(admin)
    prove(client, admin, QUARTER + 1)
    return client


@pytest.fixture
def other(app: App) -> Membership:
    return Membership.objects.get(user=member(Role.DEVELOPER, app, email="other@example.com"))


def change_role(client: Client, app: App, other: Membership, **headers: Any) -> Any:
    there = address("member-role", app_id=app.id, membership_id=other.id)
    return client.post(there, {"role": "support"}, **headers)


def role_of(other: Membership) -> str:
    return str(Membership.objects.get(pk=other.pk).role)


def test_a_dangerous_form_is_asked_about_and_changes_nothing(
    stale: Client, app: App, other: Membership
) -> None:
    answer = change_role(stale, app, other)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/reauthenticate/?next=")
    assert role_of(other) == "developer"


def test_after_the_proof_it_goes_on_as_it_was_sent(stale: Client, app: App, other: Membership) -> None:
    there = change_role(stale, app, other)["Location"]
    back = address("member-role", app_id=app.id, membership_id=other.id)
    stale.post(there, {"password": PASSWORD, "next": back})
    assert role_of(other) == "support"


def test_it_goes_on_once(stale: Client, app: App, other: Membership) -> None:
    there = change_role(stale, app, other)["Location"]
    back = address("member-role", app_id=app.id, membership_id=other.id)
    stale.post(there, {"password": PASSWORD, "next": back})
    stale.post(there, {"password": PASSWORD, "next": back})
    assert Event.objects.filter(action="member.change-role").count() == 1


def test_a_wrong_password_goes_nowhere_and_is_on_record(stale: Client, app: App, other: Membership) -> None:
    there = change_role(stale, app, other)["Location"]
    answer = stale.post(there, {"password": "not it at all", "next": "/"})
    assert (answer.status_code, role_of(other)) == (200, "developer")
    assert Event.objects.get(action="sign-in.fail-proof").facts == {"why": "wrong password"}


def test_a_proof_for_something_else_does_not_carry_out_what_was_left(
    stale: Client, app: App, other: Membership
) -> None:
    change_role(stale, app, other)
    stale.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/docs/"})
    assert role_of(other) == "developer"


def test_within_the_quarter_of_an_hour_nothing_is_asked(
    admin: User, app: App, other: Membership, client: Client
) -> None:
    client.force_login(admin)
    prove(client, admin, QUARTER - 60)
    change_role(client, app, other)
    assert role_of(other) == "support"


def test_leaving_the_proof_makes_the_next_one_ask(window: Client, app: App, other: Membership) -> None:
    window.post("/account/again/leave/")
    assert change_role(window, app, other)["Location"].startswith("/account/reauthenticate/")
    assert Event.objects.filter(action="sign-in.leave-proof").exists()


def test_a_dialog_is_sent_to_the_page_whole(stale: Client, app: App, other: Membership) -> None:
    answer = change_role(stale, app, other, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/account/reauthenticate/?next=")


def test_no_secret_is_kept_with_a_form(stale: Client, app: App, other: Membership) -> None:
    there = address("member-role", app_id=app.id, membership_id=other.id)
    stale.post(there, {"role": "support", "password": "hush hush hush", "client_secret": "hush too"})
    assert "hush" not in str(dict(stale.session.items()))


def test_the_header_says_until_when_to_those_it_concerns(
    window: Client, app: App, support: User, signed_in: Any
) -> None:
    assert "Unlocked until" in window.get("/").content.decode()
    assert "Unlocked until" not in signed_in(support).get("/").content.decode()


def test_ending_an_unused_key_asks_nothing(stale: Client, app: App) -> None:
    key = minted(app).key
    stale.post(address("key-revoke", app_id=app.id, key_id=key.id), {"reason": "", "typed": ""})
    assert ApiKey.objects.get(pk=key.pk).revoked_at is not None


def test_forcing_the_end_of_an_agents_last_key_asks(stale: Client, app: App, agent: Agent) -> None:
    key = minted(app, agent=agent).key
    form = {"reason": "leaked", "typed": key.name, "force": "on"}
    answer = stale.post(address("key-revoke", app_id=app.id, key_id=key.id), form)
    assert answer["Location"].startswith("/account/reauthenticate/")
    assert ApiKey.objects.get(pk=key.pk).revoked_at is None


POWER = {
    "member-invite": {"email": "new@example.com", "role": "developer", "once": "1"},
    "member-role": {"role": "admin"},
    "app-settings": {"on_leaked_app_key": "notify"},
    "policy": {"on_leaked_token": "notify"},
    "webhook-create": {"name": "siem", "url": "https://siem.example.com/", "once": "1"},
    "audit-settings-retention": {"days": "400"},
    "user-confirm-email": {},
    "user-email": {"email": "x@example.com"},
}
"""Pages by which somebody gets power, or by which the record falls silent: each takes a proof."""


def test_whatever_gives_power_takes_a_proof_in_every_shape_of_request(
    stale: Client, app: App, other: Membership
) -> None:
    known = {"app_id": app.id, "membership_id": other.id, "user_id": other.user_id, "kind": "calls"}
    before, missing = Event.objects.count(), []
    for name, form in POWER.items():
        for headers in ({}, {"HX-Request": "true"}):
            answer = stale.post(address(name, **known), form, headers=headers)
            there = answer.get("Location", "") + answer.get("HX-Redirect", "")
            if not there.startswith("/account/reauthenticate/?next="):
                missing.append((name, headers))
    assert (missing, Event.objects.count()) == ([], before)


def test_looking_at_a_page_asks_nothing(stale: Client, app: App) -> None:
    for name in ("app-settings", "policy", "member-invite", "webhook-create"):
        assert stale.get(address(name, app_id=app.id)).status_code == 200, name


def test_a_token_that_changes_anything_takes_a_proof(stale: Client) -> None:
    form = {"once": "a" * 32, "name": "ci", "expires": "30d"}
    for reach in ({"reach": "everything"}, {"reach": "chosen", "permissions": ["dashboard_keys:write"]}):
        assert "reauthenticate" in stale.post("/account/tokens/mint/", form | reach)["Location"]
    assert stale.post("/account/tokens/mint/", form | {"reach": "read"}).status_code == 200


def test_a_role_is_asked_about_on_a_page_of_its_own(window: Client, app: App, other: Membership) -> None:
    there = address("member-role", app_id=app.id, membership_id=other.id)
    page = window.get(there, {"role": "admin"}).content.decode()
    assert "Admins can revoke all keys" in page
    assert role_of(other) == "developer"
    assert f'method="post" action="{there}"' not in window.get(f"/apps/{app.id}/members/").content.decode()
