"""Linking an account to the identity provider: by a confirmed address alone, and nothing from before survives."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from agents.models import App
from audit.actors import shell
from audit.models import Event
from portal.accounts.account_changes import change_email, confirm_email
from portal.error_responses import InvalidToken
from portal.models import AccessToken, Authorization, Notification, User
from portal.tokens import lifecycle
from tests.cast import prove
from tests.factories import PASSWORD, issued, member
from tests.portal.auth.identity_provider import IdentityProvider, sign_in
from tests.portal.pages import text
from tests.portal.routes import address

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.fixture
def squatter(app: App, provider: IdentityProvider) -> User:
    """Whoever joined under an address that the provider knows as another's."""
    provider.claims |= {"email": "ceo@example.com", "groups": ["platform"]}
    return member("admin", None, email="ceo@example.com")


def failures() -> list[Any]:
    return list(Event.objects.filter(action="sign-in.fail").values_list("facts__why", flat=True))


def test_an_address_nobody_confirmed_is_not_linked_and_the_refusal_is_on_record(
    squatter: User, client: Client
) -> None:
    answer = sign_in(client)
    assert (answer.status_code, client.get("/").status_code) == (403, 302)
    assert "Ask a portal admin to confirm your email" in text(answer)
    assert not SocialAccount.objects.exists()
    assert failures() == ["account email not confirmed"]


def test_an_admin_confirms_an_address_after_a_proof_and_on_record(
    squatter: User, window: Client, admin: User
) -> None:
    there = address("user-confirm-email", user_id=squatter.pk)
    prove(window, admin, 16 * 60)
    assert window.post(there)["Location"].startswith("/account/reauthenticate/")
    prove(window, admin)
    window.post(there)
    event = Event.objects.get(action="person.confirm-email")
    assert (event.actor_label, event.target_label) == (admin.label, squatter.label)
    assert "Confirm<span" not in text(window.get(address("user", user_id=squatter.pk)))


def test_linking_ends_whatever_let_in_before_and_is_on_record(squatter: User, client: Client) -> None:
    token = issued(squatter)
    lifecycle.authorize(squatter, name="cli", permissions=["all"], challenge=CHALLENGE)
    TOTP.activate(squatter, "JBSWY3DPEHPK3PXP")
    Authenticator.objects.create(user=squatter, type="webauthn", data={"name": "theirs", "credential": {}})
    Authenticator.objects.create(user=squatter, type="recovery_codes", data={"seed": "x", "used_mask": 0})
    before = Client()
    before.force_login(squatter)
    prove(before, squatter)
    confirm_email(shell(), squatter, "It is the CEO's.")

    sign_in(client)

    assert client.get("/").context["user"] == squatter
    squatter.refresh_from_db()
    assert not squatter.has_usable_password()
    assert before.get("/").status_code == 302
    assert not Authenticator.objects.filter(user=squatter).exists()
    assert not Authorization.objects.exists()
    with pytest.raises(InvalidToken):
        lifecycle.authenticate(token.plaintext.take())
    event = Event.objects.get(action="sign-in.link")
    assert event.reason == "Account linked to the identity provider."
    assert event.changes == {"password": ["set", "none"]}
    assert event.facts == {
        "factors": ["authenticator app", "passkey"],
        "authorizations": 1,
        "access_tokens": 1,
        "sessions": 1,
    }
    assert Event.objects.filter(action="access-token.revoke").count() == 1
    assert Notification.objects.filter(
        user=squatter, title__contains="linked to the identity provider"
    ).exists()


def test_it_happens_once_and_a_later_sign_in_ends_nothing(squatter: User, client: Client) -> None:
    confirm_email(shell(), squatter)
    sign_in(client)
    issued(squatter)
    sign_in(Client())
    assert (Event.objects.filter(action="sign-in.link").count(), client.get("/").status_code) == (1, 200)
    assert AccessToken.objects.filter(lifecycle.active_tokens(), user=squatter).count() == 1


def test_a_second_identity_with_the_same_address_is_another_person(
    squatter: User, client: Client, provider: IdentityProvider
) -> None:
    confirm_email(shell(), squatter)
    sign_in(Client())
    provider.claims["sub"] = "someone who got the address later"
    assert sign_in(client).status_code == 403
    assert failures() == ["account linked to another identity"]


def test_another_address_has_to_be_confirmed_anew(squatter: User, client: Client) -> None:
    confirm_email(shell(), squatter)
    change_email(shell(), squatter, "other@example.com")
    change_email(shell(), squatter, "ceo@example.com")
    assert sign_in(client).status_code == 403


def test_nobody_links_by_hand(squatter: User, client: Client, provider: IdentityProvider) -> None:
    client.force_login(squatter)
    provider.claims["email"] = "somebody.else@example.com"
    assert sign_in(client, there="/account/oidc/sso/login/?process=connect").status_code == 403
    assert not SocialAccount.objects.exists()
    assert failures() == ["account linking is off"]


def test_who_is_nobody_here_is_on_record_with_their_address(
    app: App, client: Client, provider: IdentityProvider
) -> None:
    provider.claims |= {"groups": []}
    sign_in(client)
    provider.claims |= {"email_verified": False, "groups": ["platform"]}
    sign_in(client)
    assert failures() == [
        "no account, and no role from the identity provider: the claim groups is an empty list",
        "email not verified by the identity provider: the claim email_verified is not true: it is false",
    ]
    assert set(Event.objects.filter(action="sign-in.fail").values_list("target_label", flat=True)) == {
        "new@example.com"
    }


def test_someone_new_is_made_on_record(app: App, client: Client, provider: IdentityProvider) -> None:
    sign_in(client)
    event = Event.objects.get(action="person.create")
    assert (event.facts, event.reason) == (
        {"by": "Example ID"},
        "First sign-in through the identity provider.",
    )


def test_a_session_at_the_provider_is_no_proof_and_a_proof_there_is_asked_for(
    app: App, client: Client, provider: IdentityProvider
) -> None:
    provider.claims |= {"groups": ["platform"], "auth_time": int(time.time()) - 3600}
    sign_in(client)
    for odd in (int(time.time()) + 3600, 9_999_999_999, 1e300, "soon", True, -1):
        provider.claims["auth_time"] = odd
        sign_in(client)
        asked = client.post(address("policy"), {"on_leaked_token": "revoke"})["Location"]
        assert asked.startswith("/account/oidc/sso/login/"), odd
    there = client.get(address("app-new"))
    assert there.status_code == 200, "what is not dangerous is not asked about"
    asked = client.post(address("policy"), {"on_leaked_token": "revoke"})["Location"]
    assert asked.startswith("/account/oidc/sso/login/?auth_params=prompt%3Dlogin%26max_age%3D0&next=")
    assert "prompt=login&max_age=0" in client.post(asked)["Location"]
    provider.claims["auth_time"] = int(time.time())
    sign_in(client)
    assert client.post(address("policy"), {"on_leaked_token": "revoke"})["Location"] == "/settings/security/"


def test_a_password_is_still_right_after_a_refused_sign_in(squatter: User, client: Client) -> None:
    sign_in(client)
    squatter.refresh_from_db()
    assert squatter.check_password(PASSWORD)
