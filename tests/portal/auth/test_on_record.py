"""No way in changes without an event: each is walked and looked for, and nothing writes to one beside change()."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.test import Client

from agents.models import App
from audit.actors import shell
from audit.guard import UnauditedWrite
from audit.models import Event
from portal.accounts import account_changes
from portal.accounts.lifecycle import invite
from portal.auth.two_factor import reset_factors
from portal.mail import sending
from portal.models import User
from portal.models.users import own_row
from tests.factories import PASSWORD, taken_back
from tests.portal.auth.identity_provider import IdentityProvider, sign_in
from tests.portal.auth.test_two_factor import set_up
from tests.portal.routes import address

ROOT = Path(__file__).parents[3]
BETTER = "an even longer password"
TWICE = {"password1": BETTER, "password2": BETTER}
WRITES = {
    r"QuerySet\(User\)|User\.(_base|_default)_manager": {"portal/models/users.py"},
    r"\.set_(unusable_)?password\(": {
        "portal/accounts/account_changes.py",
        "portal/accounts/lifecycle.py",
        "portal/auth/adapter.py",
        "portal/auth/identities.py",
        "portal/management/commands/change_password.py",
        "portal/demo/crowd.py",
    },
    r"Authenticator\.objects\S*\.(update|delete|create|bulk_\w+)\(": {
        "portal/auth/two_factor.py",
        "portal/auth/identities.py",
    },
    r"EmailAddress\.objects\S*\.(update|delete|create|get_or_create|bulk_\w+)\(": {
        "portal/accounts/account_changes.py"
    },
    r"SocialAccount\(|account\.save\(|SocialAccount\.objects\S*\.(update|delete|create)\(": {
        "portal/auth/identities.py"
    },
    r"UserSession\.objects\S*\.delete\(|session\.delete\(": {
        "portal/accounts/erasure.py",
        "portal/auth/sessions.py",
    },
}
"""What writes to a way in, and the files in which it stands, each time inside change() or beside record()."""

SignedIn = Callable[[User], Client]


def passkey(user: User) -> Any:
    return Authenticator.objects.create(user=user, type="webauthn", data={"name": "laptop", "credential": {}})


def join(app: App) -> None:
    secret = invite(shell(), "new@example.com", "developer", app).secret
    Client().post(f"/join/{secret}/", {"name": "", "password": BETTER})


def reset(user: User) -> None:
    Client().post("/account/password/reset/", {"email": user.email})
    sending.send()
    link = re.search(r"https?://[^/\s]+(/account/\S+)", str(mail.outbox[-1].body))
    assert link
    client = Client()
    client.post(client.get(link[1], follow=True).request["PATH_INFO"], TWICE)


def confirm_by_link(user: User) -> None:
    there = EmailAddress.objects.create(user=user, email=user.email, primary=True)
    Client().post(address("account_confirm_email", key=EmailConfirmationHMAC(there).key))


def walk(app: App, user: User, office: Client, provider: IdentityProvider) -> dict[str, tuple[Any, str]]:
    """Each way in that can change, how a browser of its owner or of an admin does it, and the act that tells of it."""
    login, own, why = "/account/login/", "/account/2fa/", {"reason": "Why."}

    def by_admin(name: str, **form: str) -> Callable[[Client], object]:
        return lambda _: office.post(address(name, user_id=user.pk), form)

    def after(first: Callable[[], object], then: Callable[[Client], object]) -> Callable[[Client], object]:
        return lambda browser: (first(), then(browser))

    def come_by_provider(_: Client) -> None:
        provider.claims["email"] = user.email
        sign_in(Client())

    def on_a_passkey(what: str, **form: str) -> Callable[[Client], object]:
        return lambda browser: browser.post(address(f"mfa_{what}_webauthn", pk=passkey(user).pk), form)

    def once_set_up(there: str) -> Callable[[Client], object]:
        return lambda browser: (set_up(browser), browser.post(f"{own}{there}"))

    return {
        "joined": (lambda _: join(app), "person.create"),
        "signed in": (
            lambda _: Client().post(login, {"login": user.email, "password": PASSWORD}),
            "sign-in.pass",
        ),
        "wrong password": (
            lambda _: Client().post(login, {"login": user.email, "password": "x"}),
            "sign-in.fail",
        ),
        "signed out": (lambda browser: browser.post("/account/logout/"), "sign-in.end"),
        "password changed": (
            lambda browser: browser.post("/account/password/change/", {"oldpassword": PASSWORD, **TWICE}),
            "sign-in.change-password",
        ),
        "password reset": (lambda _: reset(user), "sign-in.change-password"),
        "address confirmed by a link": (lambda _: confirm_by_link(user), "sign-in.confirm-email"),
        "address confirmed by an admin": (by_admin("user-confirm-email"), "person.confirm-email"),
        "address changed": (by_admin("user-email", email="x@example.com", **why), "person.change-email"),
        "renamed": (lambda browser: browser.post("/account/profile/", {"name": "Another"}), "person.rename"),
        "app set up": (set_up, "second-factor.enrol"),
        "codes made anew": (once_set_up("recovery-codes/generate/"), "second-factor.remove"),
        "app removed": (once_set_up("totp/deactivate/"), "second-factor.remove"),
        "passkey renamed": (on_a_passkey("edit", name="phone"), "second-factor.rename"),
        "passkey removed": (on_a_passkey("remove"), "second-factor.remove"),
        "factors reset": (
            after(lambda: passkey(user), by_admin("user-reset-2fa", **why)),
            "second-factor.reset",
        ),
        "sessions ended": (by_admin("user-sign-out", **why), "person.sign-out"),
        "own sessions ended": (
            lambda browser: browser.post("/account/security/sessions/end/"),
            "session.end",
        ),
        "account closed": (by_admin("user-deactivate", **why), "person.deactivate"),
        "account opened": (
            after(lambda: account_changes.deactivate(shell(), user), by_admin("user-reactivate")),
            "person.reactivate",
        ),
        "identity linked": (
            after(lambda: account_changes.confirm_email(shell(), user), come_by_provider),
            "sign-in.link",
        ),
        "sign-in by the provider refused": (come_by_provider, "sign-in.fail"),
    }


GIVEN_A_REASON = {
    "person.change-email",
    "second-factor.reset",
    "person.sign-out",
    "person.deactivate",
}


def test_every_change_of_a_way_in_leaves_an_event_that_names_who_and_whom(
    app: App, developer: User, admin: User, signed_in: SignedIn, provider: IdentityProvider
) -> None:
    office, missing = signed_in(admin), []
    for what, (change, action) in walk(app, developer, office, provider).items():
        with taken_back():
            browser, _ = signed_in(developer), signed_in(developer)
            before = Event.objects.filter(action=action).count()
            change(browser)
            developer.refresh_from_db()
            events = Event.objects.filter(action=action).order_by("-id")
            event = events[0] if events.count() > before else Event()
            is_told = event.actor_label and event.target_label and event.target_kind == "person"
            if not is_told or (action in GIVEN_A_REASON and event.reason != "Why."):
                missing.append(what)
        developer.refresh_from_db()
    assert missing == []


def test_a_refusal_by_the_provider_itself_is_on_record(provider: IdentityProvider, app: App) -> None:
    provider.lies = {"aud": "another client"}
    sign_in(Client())
    assert Event.objects.get(action="sign-in.fail").facts == {
        "why": "the ID token is invalid: Audience doesn't match"
    }


def test_no_person_is_saved_beside_change(developer: User) -> None:
    for write in (
        developer.save,
        lambda: developer.save(update_fields=["password"]),
        lambda: developer.save(update_fields=["last_login", "email"]),
        User(email="x@example.com").save,
        developer.delete,
        lambda: User.objects.filter(pk=developer.pk).update(email="x@example.com"),
        lambda: User.objects.filter(pk=developer.pk).delete(),
        lambda: User.objects.bulk_create([User(email="x@example.com")]),
        lambda: User.objects.create(email="x@example.com"),
    ):
        with pytest.raises(UnauditedWrite):
            write()


def test_what_django_writes_by_itself_changes_nobodys_way_in(developer: User) -> None:
    weak = make_password(PASSWORD, hasher="md5").replace("md5$", "md5$", 1)
    before = Event.objects.count()
    developer.last_login = developer.date_joined
    developer.save(update_fields=["last_login"])
    assert developer.check_password(PASSWORD)
    assert weak
    assert Event.objects.count() == before


def test_who_stands_in_for_a_person_is_the_person(window: Client, admin: User) -> None:
    request = window.get("/").wsgi_request
    assert type(own_row(cast(User, request.user))) is User
    assert own_row(admin) is admin


def test_no_file_but_those_named_writes_to_a_way_in() -> None:
    found = []
    files = [path for path in ROOT.glob("portal/**/*.py") if "migrations" not in path.parts]
    for path in files:
        name, text = str(path.relative_to(ROOT)), path.read_text()
        found += [
            (name, what) for what, known in WRITES.items() if re.search(what, text) and name not in known
        ]
    assert found == []


def test_taking_factors_away_says_what_there_was(developer: User) -> None:
    passkey(developer)
    reset_factors(shell(), developer, "Lost.")
    event = Event.objects.get(action="second-factor.reset")
    assert (event.reason, event.facts) == ("Lost.", {"had": ["passkey"]})
