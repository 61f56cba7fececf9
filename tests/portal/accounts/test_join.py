"""An invitation tells nobody who has an account, and is no better place to guess a password than sign-in."""

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client

from agents.models import App
from audit.actors import shell
from audit.models import Event
from portal.accounts.lifecycle import end_membership, invite
from portal.models import Membership, User
from tests.factories import PASSWORD, UserFactory
from tests.portal.pages import text

LOGIN = "/account/login/"


@pytest.fixture
def link(app: App) -> str:
    """Open to whoever has it."""
    return f"/join/{invite(shell(), '', 'developer', app).secret}/"


def join(link: str, email: str, password: str, name: str = "", **request: Any) -> Any:
    return Client(**request).post(link, {"email": email, "name": name, "password": password})


def said(answer: Any) -> str:
    """The page without what was typed into it and what is new in every page."""
    return re.sub(r'value="[^"]*"', "", text(answer))


def test_someone_known_and_someone_unknown_get_one_answer(
    link: str, developer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, hashed = MD5PasswordHasher.encode, list[str]()

    def encode(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return real(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    for password, name in (
        ("short", ""),
        ("passwordpassword", "x"),
        ("", ""),
        ("password1234", "\x01" * 300),
    ):
        told = []
        for n, email in enumerate((developer.email, "nobody@example.com")):
            hashed.clear()
            answer = join(link, email, password, name, REMOTE_ADDR=f"203.0.113.{n}")
            told.append((answer.status_code, said(answer), len(hashed)))
        assert told[0] == told[1], password


def test_both_are_on_record_and_a_password_that_nobody_may_choose_is_no_failed_sign_in(
    link: str, developer: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for email in (developer.email, "nobody@example.com"):
        join(link, email, "not the right one" if email == developer.email else "short")
    failed = Event.objects.filter(action__in=("sign-in.fail", "member.fail-join")).order_by("id")
    assert list(failed.values_list("action", "target_label", "facts__why")) == [
        ("sign-in.fail", developer.email, "wrong password on an invitation"),
        ("member.fail-join", "nobody@example.com", "new password rejected"),
    ]
    ours = [record for record in caplog.records if record.name == "portal.auth.login_events"]
    assert [one.levelname for one in ours] == ["WARNING", "INFO"]


def test_tries_are_those_of_the_account_whatever_the_link(app: App, developer: User, link: str) -> None:
    for n in range(5):
        other = f"/join/{invite(shell(), '', 'support', app).secret}/"
        assert join(other, developer.email.upper(), "wrong", REMOTE_ADDR=f"203.0.113.{n}").status_code == 422
    assert join(link, developer.email, PASSWORD, REMOTE_ADDR="203.0.113.7").status_code == 429
    client = Client(REMOTE_ADDR="203.0.113.8")
    client.post(LOGIN, {"login": developer.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_tries_at_sign_in_count_at_an_invitation(developer: User, link: str) -> None:
    for n in range(5):
        Client(REMOTE_ADDR=f"203.0.113.{n}").post(LOGIN, {"login": developer.email, "password": "wrong"})
    assert join(link, developer.email, PASSWORD, REMOTE_ADDR="203.0.113.7").status_code == 429


def test_a_link_is_tried_so_often_and_no_oftener(link: str) -> None:
    statuses = [join(link, f"n{n}@example.com", "short", REMOTE_ADDR=f"203.0.113.{n}") for n in range(12)]
    assert [answer.status_code for answer in statuses] == [422] * 10 + [429] * 2


def test_who_comes_in_has_tried_nothing(app: App, link: str) -> None:
    known = UserFactory.create()
    for n in range(6):
        membership = Membership.objects.filter(user=known, ended_at=None).first()
        if membership:
            end_membership(shell(), membership)
        fresh = f"/join/{invite(shell(), '', 'developer', app).secret}/"
        assert join(fresh, known.email, PASSWORD).status_code == 302, n
