"""Signing in at an identity provider: who comes in by it, and which roles it brings and takes."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from agents.models import App
from audit.actors import shell
from audit.models import Event
from portal.accounts.account_changes import confirm_email
from portal.config.identity_provider import read
from portal.models import Membership, User
from tests.factories import PASSWORD, UserFactory
from tests.portal.auth.identity_provider import CLIENT, IdentityProvider, sign_in
from tests.portal.pages import text


def roles(email: str = "new@example.com") -> list[tuple[str, str]]:
    held = Membership.objects.filter(user__email=email, ended_at=None)
    return sorted((str(m.app or ""), str(m.role)) for m in held.select_related("app"))


def test_the_sign_in_page_offers_it(provider: IdentityProvider, db: None, client: Client) -> None:
    assert "Sign in with Example ID" in text(client.get("/account/login/"))


def test_nothing_else_is_offered_if_the_operator_says_so(
    provider: IdentityProvider, db: None, client: Client, settings: Settings
) -> None:
    settings.PROVIDER = read(
        issuer=provider.issuer, client_id=CLIENT, client_secret="hush", name="", roles="", only="true"
    )
    assert 'name="password"' not in text(client.get("/account/login/"))


def test_someone_new_comes_in_with_the_roles_that_are_mapped(
    provider: IdentityProvider, app: App, client: Client
) -> None:
    assert sign_in(client).status_code == 302
    assert client.get("/").status_code == 200
    assert roles() == [("checkout", "developer")]


def test_the_highest_of_several_roles_holds(provider: IdentityProvider, app: App, client: Client) -> None:
    provider.claims["groups"] = ["payments", "desk", "platform"]
    sign_in(client)
    assert roles() == [("", "admin"), ("checkout", "support")]


def test_coming_in_is_on_record_with_who_said_so(
    provider: IdentityProvider, app: App, client: Client
) -> None:
    sign_in(client)
    joined = Event.objects.get(action="member.join")
    assert (joined.actor_kind, joined.actor_label) == ("provider", "Example ID (identity provider)")
    assert Event.objects.get(action="sign-in.pass").facts == {"by": ["identity provider"]}


def test_someone_new_without_a_mapped_role_stays_outside(
    provider: IdentityProvider, app: App, client: Client
) -> None:
    provider.claims["groups"] = ["marketing"]
    assert "Ask an admin for an invitation" in text(sign_in(client))
    assert not User.objects.exists()


def test_an_address_nobody_vouches_for_opens_nothing(
    provider: IdentityProvider, app: App, admin: User, client: Client
) -> None:
    provider.claims |= {"email": admin.email, "email_verified": False, "groups": ["platform"]}
    sign_in(client)
    assert client.get("/").status_code == 302


def test_a_confirmed_address_is_the_account_that_has_it(
    provider: IdentityProvider, app: App, developer: User, client: Client
) -> None:
    confirm_email(shell(), developer)
    provider.claims |= {"email": developer.email}
    sign_in(client)
    assert client.get("/").context["user"] == developer


def test_roles_follow_at_the_next_sign_in(provider: IdentityProvider, app: App, client: Client) -> None:
    sign_in(client)
    provider.claims["groups"] = ["desk"]
    sign_in(Client())
    assert roles() == [("checkout", "support")]


def test_a_role_that_is_gone_there_is_gone_here(provider: IdentityProvider, app: App, client: Client) -> None:
    sign_in(client)
    provider.claims["groups"] = []
    sign_in(Client())
    assert roles() == []


def test_the_last_admin_stays_whatever_the_provider_says(
    provider: IdentityProvider, app: App, admin: User, client: Client
) -> None:
    confirm_email(shell(), admin)
    provider.claims |= {"email": admin.email, "groups": []}
    sign_in(client)
    assert roles(admin.email) == [("", "admin")]
    assert Event.objects.filter(action="member.keep-admin").exists()


def test_an_answer_with_another_state_is_not_taken(
    provider: IdentityProvider, app: App, client: Client
) -> None:
    sign_in(client, state="made-up")
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    "lie", [{"iss": "https://id.elsewhere.example"}, {"aud": "another client"}, {"exp": 1}]
)
def test_an_id_token_that_does_not_hold_is_not_taken(
    provider: IdentityProvider, app: App, client: Client, lie: dict[str, Any]
) -> None:
    provider.lies = lie
    sign_in(client)
    assert client.get("/").status_code == 302


def test_a_closed_account_stays_closed(provider: IdentityProvider, app: App, client: Client) -> None:
    user = UserFactory.create(email="new@example.com", is_active=False)
    sign_in(client)
    assert client.get("/").status_code == 302
    assert user.check_password(PASSWORD)
