"""Notifications by e-mail: gathered for each person, tried again, and never to whom it does not concern any more."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMessage
from pytest_django import Settings

from agents.models import App
from audit.actors import shell
from core.clock import at, now
from keys.models import ApiKey
from portal.accounts.lifecycle import end_membership
from portal.mail import sending as mail
from portal.models import Mail, Notification, NotificationKind, User
from portal.notifications.notify import NotificationContent, notify, notify_about_key
from tests.factories import minted


@pytest.fixture(autouse=True)
def mailing(settings: Settings, db: None) -> None:
    settings.SENDS_MAIL = True
    settings.ORIGIN = "https://keys.example.com"


def content(key: ApiKey, mark: str = "one") -> NotificationContent:
    title = f"{key.name} expires tomorrow"
    return NotificationContent(
        NotificationKind.EXPIRING, mark, title, f"/keys/{key.id}/", text="Rotate it.", app_id=key.app_id
    )


@pytest.fixture
def key(app: App, admin: User) -> ApiKey:
    return minted(app, name="worker").key


def test_a_notice_goes_out_once_with_its_link(key: ApiKey) -> None:
    notify_about_key(content(key), key)
    while mail.send():
        pass
    (message,) = outbox.outbox
    assert (message.to, message.subject) == (["admin@example.com"], "worker expires tomorrow")
    assert f"https://keys.example.com/keys/{key.id}/" in message.body
    assert "https://keys.example.com/account/notifications/" in message.body


def test_several_to_one_person_are_one_message(key: ApiKey) -> None:
    for mark in ("one", "two"):
        notify_about_key(content(key, mark), key)
    mail.send()
    assert [message.subject for message in outbox.outbox] == ["2 notifications from the key portal"]


def test_without_an_origin_there_are_no_links_to_nowhere(key: ApiKey, settings: Settings) -> None:
    settings.ORIGIN = ""
    notify_about_key(content(key), key)
    mail.send()
    assert "http" not in outbox.outbox[0].body


def test_whoever_lost_their_role_meanwhile_is_not_written_to(app: App, key: ApiKey, developer: User) -> None:
    notify(content(key), [developer])
    end_membership(shell(), developer.memberships.get())
    mail.send()
    assert outbox.outbox == []
    assert not mail.is_wanted()


def test_what_is_not_taken_is_tried_again_and_given_up_in_the_end(key: ApiKey, monkeypatch: Any) -> None:
    notify_about_key(content(key), key)

    def fail(self: EmailMessage, *args: Any) -> int:
        raise OSError("no route")

    monkeypatch.setattr(EmailMessage, "send", fail)
    moment, tries = now(), 0
    for hours in range(40):
        with at(moment + timedelta(hours=hours)):
            tries += mail.send()
    assert tries == mail.BACKOFF.max_tries
    assert (Mail.objects.get().due_at, Mail.objects.get().cause) == (None, "OSError: no route")
    assert Notification.objects.get().mailed_at is None
    assert not mail.is_wanted()


def test_nothing_is_due_where_no_mail_is_set_up(key: ApiKey, settings: Settings) -> None:
    settings.SENDS_MAIL = False
    notify_about_key(content(key), key)
    assert Notification.objects.get().mail_due_at is None
    assert not mail.is_wanted()
