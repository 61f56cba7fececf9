"""What a way in must satisfy: the provider alone, but for one account; a second factor, for browsers and programs."""

import re
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from agents.models import App
from audit.actors import shell
from audit.models import Event
from portal.accounts.account_changes import confirm_email
from portal.accounts.lifecycle import invite
from portal.auth import policy
from portal.auth.policy import SignInMethod
from portal.error_responses import OwnerNotLinked, SecondFactorRequired
from portal.mail import sending
from portal.models import Notification, User
from portal.tokens import lifecycle
from tests.cast import prove
from tests.factories import PASSWORD, UserFactory, issued, member
from tests.portal.auth.conftest import trust
from tests.portal.auth.identity_provider import IdentityProvider, sign_in
from tests.portal.auth.test_two_factor import require_factors
from tests.portal.pages import text
from tests.portal.tokens.test_lifecycle import CHALLENGE, VERIFIER

SignedIn = Callable[[User], Client]
LOGIN, RESET = "/account/login/", "/account/password/reset/"
CLOSED = "This portal allows sign-in through the identity provider"


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def with_password(email: str, password: str = PASSWORD, client: Client | None = None) -> tuple[int, bool]:
    client = client or Client()
    return client.post(LOGIN, {"login": email, "password": password}).status_code, is_in(client)


# ── the provider alone ──────────────────────────────────────────────────────────────────────────────


def test_every_password_gets_the_same_refusal_and_is_on_record(
    alone: IdentityProvider, admin: User, settings: Settings
) -> None:
    settings.BREAK_GLASS = "glass@example.com"
    UserFactory.create(email="glass@example.com")
    tries = [
        (admin.email, PASSWORD),
        (admin.email, "wrong"),
        ("nobody@example.com", "wrong"),
        ("glass@example.com", "wrong"),
    ]
    assert [with_password(*attempt) for attempt in tries] == [(403, False)] * 4
    assert Event.objects.filter(action="sign-in.fail").count() == 4


def test_no_other_way_of_our_own_is_open(
    alone: IdentityProvider, app: App, admin: User, client: Client, settings: Settings
) -> None:
    settings.PROVIDER, closed = None, settings.PROVIDER
    client.post(RESET, {"email": admin.email})
    sending.send()
    link = re.search(r"https?://[^/\s]+(/account/\S+)", str(mail.outbox[0].body))
    assert link
    settings.PROVIDER = closed
    form = client.get(link[1], follow=True).request["PATH_INFO"]
    new = {"password1": "an even longer password", "password2": "an even longer password"}
    secret = invite(shell(), "new@example.com", "developer", app).secret
    joined = {"name": "", "password": "an even longer password"}
    answers = {
        "asking for a reset": client.post(RESET, {"email": admin.email}),
        "a link from before": client.post(form, new),
        "an invitation": Client().post(f"/join/{secret}/", joined),
    }
    assert {what: answer.status_code for what, answer in answers.items()} == dict.fromkeys(answers, 403)
    assert all(CLOSED in text(answer) for answer in answers.values())
    assert (len(mail.outbox), User.objects.filter(email="new@example.com").exists()) == (1, False)
    admin.refresh_from_db()
    assert admin.check_password(PASSWORD)


def test_a_passkey_alone_is_a_way_of_our_own(alone: IdentityProvider, admin: User) -> None:
    assert isinstance(policy.unmet(admin, SignInMethod.OWN), Exception)
    assert policy.unmet(admin, SignInMethod.PROVIDER) is None


def test_who_is_signed_in_takes_an_invitation_up_with_one_click(
    alone: IdentityProvider, app: App, other_app: App, client: Client
) -> None:
    sign_in(client)
    secret = invite(shell(), "new@example.com", "support", other_app).secret
    foreign = invite(shell(), "somebody@example.com", "support", other_app).secret
    assert "Accept</button>" in text(client.get(f"/join/{secret}/"))
    assert client.post(f"/join/{foreign}/").status_code == 403
    assert client.post(f"/join/{secret}/").status_code == 302
    assert User.objects.get().memberships.filter(app=other_app, role="support").exists()


def test_a_password_is_no_proof_and_sets_no_password(
    alone: IdentityProvider, app: App, developer: User
) -> None:
    confirm_email(shell(), developer)
    alone.claims["email"] = developer.email
    client = Client()
    sign_in(client)
    developer.set_password(PASSWORD)  # as if one had survived
    assert client.post("/account/reauthenticate/", {"password": PASSWORD}).status_code in (302, 403)
    assert not Event.objects.filter(action="sign-in.prove").exists()
    new = {"password1": "an even longer password", "password2": "an even longer password"}
    assert client.post("/account/password/set/", new).status_code == 403


def test_a_browser_that_came_in_by_a_password_before_is_signed_out(
    alone: IdentityProvider, admin: User, signed_in: SignedIn
) -> None:
    for page in ("/", "/account/security/"):
        assert signed_in(admin).get(page)["Location"].startswith(LOGIN)


def test_one_account_breaks_the_glass_and_every_admin_hears_of_it(
    alone: IdentityProvider, admin: User, settings: Settings
) -> None:
    settings.BREAK_GLASS = "glass@example.com"
    glass, client = UserFactory.create(email="glass@example.com"), Client()
    assert with_password("Glass@Example.com", client=client) == (302, True)
    assert client.get("/").status_code == 200
    assert Event.objects.get(action="sign-in.pass").facts == {"by": ["password"], "break_glass": True}
    notifications = Notification.objects.filter(
        title__startswith="Break-glass account glass@example.com signed in"
    )
    assert {notification.user for notification in notifications} == {admin, glass}


def test_without_that_setting_a_password_lets_in_as_ever(provider: IdentityProvider, admin: User) -> None:
    assert with_password(admin.email) == (302, True)


def test_a_token_of_someone_the_provider_never_vouched_for_is_refused_until_they_come_by_it(
    provider: IdentityProvider, app: App, developer: User, client: Client, settings: Settings
) -> None:
    confirm_email(shell(), developer)
    settings.BREAK_GLASS = "glass@example.com"
    glass = issued(member("admin", None, email="glass@example.com")).plaintext.take()
    before = issued(developer).plaintext.take()
    code = lifecycle.authorize(developer, name="cli", permissions=["all"], challenge=CHALLENGE)

    def me(secret: str) -> tuple[int, str]:
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
        return answer.status_code, answer.json().get("error", "")

    assert (me(before), me(glass)) == ((200, ""), (200, ""))
    trust(settings, provider, "true")
    assert (me(before), me(glass)) == ((403, "owner_not_linked"), (200, ""))
    with pytest.raises(OwnerNotLinked):
        lifecycle.redeem(code, VERIFIER)
    asked = ("--email", developer.email, "--name", "ci", "--permissions", "all")
    with pytest.raises(CommandError, match="must sign in there once and mint a new token"):
        call_command("create_access_token", *asked)
    provider.claims["email"] = developer.email
    sign_in(client)
    assert me(before) == (401, "invalid_token"), "linking ends it"
    assert me(issued(developer).plaintext.take()) == (200, "")


# ── a second factor ─────────────────────────────────────────────────────────────────────────────────


def test_a_token_of_someone_without_the_factor_they_must_have_is_refused(
    app: App, developer: User, client: Client
) -> None:
    secret = issued(developer).plaintext.take()
    call = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/me", headers=call).status_code == 200
    require_factors()
    answer = client.get("/api/v1/me", headers=call)
    assert (answer.status_code, answer.json()["error"]) == (403, "second_factor_required")
    assert "set up 2FA under Security" in answer.json()["hint"]
    TOTP.activate(developer, "JBSWY3DPEHPK3PXP")
    assert client.get("/api/v1/me", headers=call).status_code == 200


def test_a_yes_of_before_becomes_no_token(developer: User) -> None:
    code = lifecycle.authorize(developer, name="cli", permissions=["all"], challenge=CHALLENGE)
    require_factors()
    with pytest.raises(SecondFactorRequired):
        lifecycle.redeem(code, VERIFIER)


def test_whoever_comes_by_the_provider_needs_one_too(
    provider: IdentityProvider, app: App, client: Client
) -> None:
    require_factors()
    sign_in(client)
    assert client.get("/")["Location"] == "/account/security/?missing"


def test_one_function_says_so_of_every_way(developer: User) -> None:
    require_factors()
    refused = {way.name for way in SignInMethod if policy.unmet(developer, way)}
    TOTP.activate(developer, "JBSWY3DPEHPK3PXP")
    assert (refused, [way for way in SignInMethod if policy.unmet(developer, way)]) == (
        {"SESSION", "TOKEN"},
        [],
    )


def test_factors_are_changed_after_a_proof_even_by_who_has_only_the_provider(
    provider: IdentityProvider, app: App, client: Client
) -> None:
    sign_in(client)
    prove(client, User.objects.get(), 16 * 60)
    answer = client.post("/account/2fa/totp/activate/", {"code": "000000"})
    assert answer["Location"].startswith("/account/oidc/sso/login/?auth_params=prompt%3Dlogin")
