"""Coming in and going out: recorded, without a way to sign up, with argon2id and a reset by mail."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from audit.actors import shell
from audit.models import Event
from portal import settings as operators
from portal.accounts.lifecycle import invite
from portal.mail import sending
from portal.models import User
from portal.models.users import note_of
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.one_engine
SignedIn = Callable[[User], Client]
BETTER = "an even longer password"
LOGIN, RESET, CHANGE = "/account/login/", "/account/password/reset/", "/account/password/change/"


def told() -> list[tuple[str, str]]:
    """What the log tells of coming and going, oldest first."""
    events = Event.objects.filter(action__startswith="sign-in").order_by("id")
    return list(events.values_list("action", "actor_label"))


def sign_in(client: Client, email: str, password: str = PASSWORD, there: str = LOGIN) -> int:
    return client.post(there, {"login": email, "password": password}).status_code


def who(client: Client) -> object:
    return client.session.get("_auth_user_id")


@pytest.fixture(autouse=True)
def slow_passwords(settings: Settings) -> None:
    """Nothing quick here: these tests are about the real thing."""
    settings.PASSWORD_HASHERS = operators.PASSWORD_HASHERS


def test_the_right_password_lets_in_and_is_recorded(admin: User, client: Client) -> None:
    sign_in(client, admin.email)
    assert who(client) == str(admin.pk)
    assert told() == [("sign-in.pass", admin.label)]


def test_an_address_is_known_in_any_case(admin: User, client: Client) -> None:
    sign_in(client, "  ADMIN@Example.COM ")
    assert who(client) == str(admin.pk)


def test_a_wrong_password_is_recorded_under_the_address_that_was_typed(admin: User, client: Client) -> None:
    sign_in(client, admin.email, "wrong")
    assert (who(client), told()) == (None, [("sign-in.fail", admin.email)])


def test_an_unknown_address_looks_the_same_as_a_wrong_password(admin: User, client: Client) -> None:
    pages = [
        client.post(LOGIN, {"login": email, "password": "wrong"}).content.decode()
        for email in (admin.email, "nobody@example.com")
    ]
    said = [re.findall(r'role="alert".*?</div>', page, re.S) for page in pages]
    assert said[0]
    assert said[0] == said[1]


def test_no_password_is_in_the_record(admin: User, client: Client) -> None:
    sign_in(client, admin.email, "a secret that was mistyped")
    sign_in(client, "a secret that was mistyped", "x")
    assert "mistyped" not in str([event.facts | {"p": event.changes} for event in Event.objects.all()])


def test_a_key_typed_as_an_address_is_cut_in_the_record(db: None, client: Client) -> None:
    sign_in(client, "alter_key_app_x7Kd2mQpAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA@example.com")
    assert told() == [("sign-in.fail", "alter_key_app_x7kd2mqp[redacted]@example.com")]


def test_a_closed_account_stays_out(admin: User, client: Client) -> None:
    note_of(admin, is_active=False)
    sign_in(client, admin.email)
    assert who(client) is None


def test_signing_in_leads_back_to_where_one_wanted_to_go(admin: User, client: Client) -> None:
    answer = client.post(
        f"{LOGIN}?next=/lookup/", {"login": admin.email, "password": PASSWORD, "next": "/lookup/"}
    )
    assert answer["Location"] == "/lookup/"


def test_signing_in_leads_to_no_other_site(admin: User, client: Client) -> None:
    form = {"login": admin.email, "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post(LOGIN, form)["Location"] == "/"


def test_guessing_is_slowed_down(admin: User, client: Client) -> None:
    for _ in range(12):
        sign_in(client, admin.email, "wrong")
    sign_in(client, admin.email)
    assert who(client) is None


def test_signing_out_is_recorded_and_takes_a_form(admin: User, signed_in: SignedIn) -> None:
    browser = signed_in(admin)
    browser.get("/account/logout/")
    assert who(browser)
    browser.post("/account/logout/")
    assert (who(browser), told()) == (None, [("sign-in.end", admin.label)])


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_signs_up(db: None, client: Client, method: str) -> None:
    form = {"email": "new@example.com", "password1": BETTER, "password2": BETTER}
    page = getattr(client, method)("/account/signup/", form)
    assert (page.status_code, User.objects.count()) == (200, 0)
    assert b"<form" not in page.content


def test_the_sign_in_page_offers_no_sign_up(db: None, client: Client) -> None:
    assert b"/signup/" not in client.get(LOGIN).content


def test_a_password_is_kept_as_argon2id(db: None) -> None:
    assert UserFactory.create().password.startswith("argon2$argon2id$")


# ── a forgotten password ────────────────────────────────────────────────────────────────────────────


def link_in_mail() -> str:
    sending.send()
    match = re.search(r"https?://[^/\s]+(/account/\S+)", str(mail.outbox[-1].body))
    assert match
    return match[1]


def test_no_subject_names_the_host_that_was_asked_for(
    admin: User, client: Client, settings: Settings
) -> None:
    settings.ORIGIN, settings.ALLOWED_HOSTS = "", ["localhost", "127.0.0.1"]
    client.post(RESET, {"email": admin.email}, headers={"Host": "127.0.0.1:9"})
    sending.send()
    settings.ORIGIN = "https://keys.example.com"
    client.post(RESET, {"email": admin.email}, headers={"Host": "127.0.0.1:9"})
    sending.send()
    assert [sent.subject for sent in mail.outbox] == [
        "[127.0.0.1] Reset your password",
        "[keys.example.com] Reset your password",
    ]


def test_a_mailed_link_sets_another_password(admin: User, client: Client) -> None:
    client.post(RESET, {"email": admin.email})
    form = client.get(link_in_mail(), follow=True)
    client.post(form.request["PATH_INFO"], {"password1": BETTER, "password2": BETTER})
    admin.refresh_from_db()
    assert admin.check_password(BETTER)
    assert told()[0] == ("sign-in.change-password", admin.label)


def test_a_mailed_link_works_once(admin: User, client: Client) -> None:
    client.post(RESET, {"email": admin.email})
    link = link_in_mail()
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": BETTER, "password2": BETTER})
    assert b"This link is no longer valid" in Client().get(link, follow=True).content


def test_a_reset_for_nobody_gets_the_same_page(admin: User, client: Client) -> None:
    pages = [
        client.post(RESET, {"email": email}, follow=True) for email in (admin.email, "nobody@example.com")
    ]
    assert pages[0].content == pages[1].content


def test_a_reset_does_not_change_the_password_by_itself(admin: User, client: Client) -> None:
    client.post(RESET, {"email": admin.email})
    admin.refresh_from_db()
    assert admin.check_password(PASSWORD)


# ── another password ────────────────────────────────────────────────────────────────────────────────


def change(browser: Client, old: str, new: str) -> int:
    return browser.post(CHANGE, {"oldpassword": old, "password1": new, "password2": new}).status_code


def test_a_password_is_changed_with_the_old_one_and_recorded(admin: User, signed_in: SignedIn) -> None:
    browser = signed_in(admin)
    assert change(browser, PASSWORD, BETTER) == 302
    admin.refresh_from_db()
    assert admin.check_password(BETTER)
    assert ("sign-in.change-password", admin.label) in told()


@pytest.mark.parametrize(("old", "new"), [("wrong", BETTER), (PASSWORD, "short"), (PASSWORD, "password1234")])
def test_a_password_is_not_changed(admin: User, signed_in: SignedIn, old: str, new: str) -> None:
    change(signed_in(admin), old, new)
    admin.refresh_from_db()
    assert admin.check_password(PASSWORD)


def test_a_changed_password_ends_the_other_sessions(admin: User, signed_in: SignedIn) -> None:
    other, browser = signed_in(admin), signed_in(admin)
    change(browser, PASSWORD, BETTER)
    assert other.get("/").status_code == 302


def test_an_invitation_is_no_place_to_guess_a_password(developer: User) -> None:
    secret = invite(shell(), developer.email, "admin", None).secret
    form = {"name": "", "password": "not the right one"}
    answers = [Client().post(f"/join/{secret}/", form).status_code for _ in range(7)]
    assert answers == [422] * 5 + [429] * 2
    form["password"] = PASSWORD
    assert Client().post(f"/join/{secret}/", form).status_code == 429
