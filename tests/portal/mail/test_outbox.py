"""Mail leaves by the outbox: no request waits for a mail server or fails with it, and admins see what failed."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as sent
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from pytest_django import Settings

from agents.models import App
from audit.actors import Origin, shell
from audit.models import Event
from core.clock import at, now
from core.errors import NotAllowed
from core.outbox import MAX_CLAIM
from portal.accounts import account_changes, lifecycle
from portal.accounts.invitation_links import derive_secret
from portal.accounts.lifecycle import make_admin
from portal.auth.login_events import notify_owner
from portal.mail import messages, outbox, sending
from portal.models import Mail, MailKind, Notification, User
from portal.notifications.email import gather
from tests.factories import PASSWORD, UserFactory
from tests.portal.pages import text
from tests.portal.routes import address

LOGIN, RESET = "/account/login/", "/account/password/reset/"
BETTER = "an even longer password"
REAL = "django.core.mail.backends.smtp.EmailBackend"
LINK = re.compile(r"https?://[^\s]+")


class Server:
    """Listens on this machine, takes connections and says what it is told to, or nothing."""

    def __init__(self, greeting: bytes) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.heard, self.greeting = self.socket.getsockname()[1], [b""], greeting
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        held = []
        while True:
            try:
                peer, _ = self.socket.accept()
                held.append(peer)
                peer.sendall(self.greeting)
                peer.settimeout(2)
                self.heard.append(peer.recv(100))
            except OSError:
                if self.socket.fileno() < 0:
                    return


@pytest.fixture
def silent() -> Iterator[Server]:
    server = Server(b"")
    with closing(server.socket):
        yield server


@pytest.fixture
def smtp(settings: Settings, db: None) -> Settings:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.SENDS_MAIL = REAL, "127.0.0.1", True
    settings.EMAIL_TIMEOUT, settings.EMAIL_PORT = 1, 9
    return settings


@pytest.fixture
def sends(settings: Settings, db: None) -> Settings:
    settings.SENDS_MAIL, settings.ORIGIN = True, "https://keys.example.com"
    return settings


def test_a_mail_server_that_refuses_is_no_fault_of_sign_in_or_reset(
    smtp: Settings, admin: User, window: Client, client: Client
) -> None:
    settings = smtp
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    newcomer = UserFactory.create(email="new@example.com")
    assert client.post(LOGIN, {"login": newcomer.email, "password": PASSWORD}).status_code == 302
    assert client.post(RESET, {"email": admin.email}).status_code == 302
    assert client.post(RESET, {"email": "nobody@example.com"}).status_code == 302
    kinds = set(Mail.objects.values_list("kind", flat=True))
    assert kinds == {"confirm-email", "password-reset", "no-account"}
    assert sending.send() == 3
    page = text(window.get(address("mail")))
    assert page.count("ConnectionRefusedError: [Errno 111] Connection refused") == 3
    assert "Next attempt" in page
    assert {mail.tries for mail in Mail.objects.all()} == {1}


def test_a_mail_server_that_says_nothing_holds_up_nobody(
    smtp: Settings, admin: User, client: Client, silent: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp.EMAIL_PORT, smtp.EMAIL_TIMEOUT = silent.port, 60
    monkeypatch.setattr(sending, "TIMEOUT", 0.3)
    before = time.monotonic()
    assert client.post(RESET, {"email": admin.email}).status_code == 302
    assert sending.send() == 1
    assert Mail.objects.get().cause == "The mail server gave no answer in time."
    with pytest.raises(CommandError, match="did not respond in time"):
        call_command("send_test_mail", to="you@example.com")
    assert time.monotonic() - before < 5


@pytest.mark.one_engine
def test_tls_at_once_says_nothing_in_the_clear(smtp: Settings, admin: User, silent: Server) -> None:
    smtp.EMAIL_PORT, smtp.EMAIL_USE_SSL = silent.port, True
    outbox.put(MailKind.NO_ACCOUNT, "a@example.com", origin="http://localhost")
    sending.send()
    time.sleep(0.1)
    assert silent.heard[-1][:2] == b"\x16\x03", "a TLS hello"


def test_it_is_tried_again_later_and_later_given_up_and_sent_again_by_hand(
    smtp: Settings, window: Client, admin: User
) -> None:
    mail = outbox.put(MailKind.NO_ACCOUNT, "a@example.com", origin="http://localhost")
    moment, tries = now(), 0
    for hours in range(40):
        with at(moment + timedelta(hours=hours)):
            tries += sending.send()
    mail.refresh_from_db()
    assert (tries, mail.due_at, mail.sent_at) == (sending.BACKOFF.max_tries, None, None)
    assert "Failed" in text(window.get(address("mail")))
    smtp.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    there = address("mail-send-again", mail_id=mail.pk)
    assert window.post(there).status_code == 302
    assert sending.send() == 1
    assert sent.outbox[0].to == ["a@example.com"]
    event = Event.objects.get(action="mail.send-again")
    assert (event.actor_label, event.target_label) == (
        admin.label,
        "No account with this email to a@example.com",
    )
    assert window.post(there).status_code == 302
    assert (sending.send(), Event.objects.filter(action="mail.send-again").count()) == (0, 1), "it was sent"
    page = text(window.get(address("mail")))
    assert "All messages were delivered" in page
    assert (outbox.counts().sent, outbox.counts().waiting, outbox.counts().failed) == (1, 0, 0)


def test_no_link_is_kept_or_shown_and_each_works_when_it_arrives(
    sends: Settings, app: App, admin: User, window: Client, client: Client
) -> None:
    newcomer = UserFactory.create(email="new@example.com")
    EmailAddress.objects.create(user=newcomer, email=newcomer.email, primary=True, verified=False)
    client.post(RESET, {"email": newcomer.email})
    outbox.put(MailKind.CONFIRM_EMAIL, newcomer.email, user=newcomer)
    window.post(
        address("member-invite", app_id=app.id),
        {"email": "two@example.com", "role": "developer", "once": "1"},
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM portal_mail")
        kept = str(cursor.fetchall())
    page = text(window.get(address("mail")))
    assert sending.send() == 3
    for message in sent.outbox:
        link = LINK.search(str(message.body))
        assert link
        secret = link[0].rstrip("/").rpartition("/")[2]
        assert secret not in kept
        assert secret not in page
        path = link[0].removeprefix("https://keys.example.com")
        assert client.get(path, follow=True).status_code == 200, message.subject
    assert "new@example.com" in kept
    assert EmailAddress.objects.filter(user=newcomer).exists()


def test_what_nobody_wants_any_more_stays(sends: Settings, app: App, admin: User, client: Client) -> None:
    invited = lifecycle.invite(shell(), "two@example.com", "developer", app)
    other = lifecycle.invite(shell(), "three@example.com", "developer", app)
    for one in (invited, other):
        outbox.put(MailKind.INVITATION, one.invitation.email, invitation=one.invitation)
    client.post(RESET, {"email": admin.email})
    make_admin(shell(), "boss@example.com", BETTER)
    notify_owner(admin, "Something happened.", "mark")
    gather()
    lifecycle.withdraw(shell(), invited.invitation)
    sends.SECRET_KEY = "another " * 10
    account_changes.deactivate(shell(), admin)
    assert sending.send() == 0
    assert sent.outbox == []
    assert set(Mail.objects.values_list("cause", flat=True)) == {
        "The invitation was used, was cancelled or has expired.",
        "PORTAL_SECRET_KEY has changed: resend the invitation on the Members page.",
        "The account is deactivated, or password sign-in is off.",
        "The recipient no longer has access.",
    }
    assert not sending.is_wanted()


def test_who_asks_again_gets_one_message(sends: Settings, admin: User, client: Client) -> None:
    for _ in range(3):
        client.post(RESET, {"email": admin.email})
    assert (sending.send(), len(sent.outbox)) == (1, 1)
    client.post(RESET, {"email": admin.email})
    assert sending.send() == 1


def test_a_notice_is_marked_when_its_message_left(sends: Settings, admin: User) -> None:
    notify_owner(admin, "Something happened.", "mark")
    gather()
    gather()
    assert (Mail.objects.count(), Notification.objects.get().mailed_at) == (1, None)
    sending.send()
    assert Notification.objects.get().mailed_at


@pytest.mark.one_engine
def test_a_secret_of_an_invitation_is_made_of_the_secret_key(app: App, settings: Settings) -> None:
    invited = lifecycle.invite(shell(), "two@example.com", "developer", app)
    assert derive_secret(invited.invitation.pk) == invited.secret
    assert len(invited.secret) == 43
    settings.SECRET_KEY = "another " * 10
    assert derive_secret(invited.invitation.pk) != invited.secret


def test_only_admins_of_every_app_see_it(app: App, signed_in: Any, developer: User) -> None:
    assert signed_in(developer).get(address("mail")).status_code == 403


def test_where_nothing_was_sent_nothing_was_delivered(window: Client) -> None:
    page = text(window.get(address("mail")))
    assert "No messages were sent in the last 7 days" in page
    assert "All messages were delivered" not in page


def test_old_mail_goes(sends: Settings) -> None:
    outbox.put(MailKind.NO_ACCOUNT, "a@example.com", origin="http://localhost")
    sending.send()
    with at(now() + outbox.RETENTION + timedelta(days=1)):
        outbox.purge()
    assert not Mail.objects.exists()


def test_who_asks_again_waits_for_no_back_off_of_earlier_tries(
    smtp: Settings, admin: User, client: Client
) -> None:
    moment = now()
    client.post(RESET, {"email": admin.email})
    for hours in range(8):
        with at(moment + timedelta(hours=hours)):
            sending.send()
    assert Mail.objects.get().tries > 4
    smtp.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with at(moment + timedelta(hours=8)):
        assert sending.send() == 0, "it waits for hours"
        client.post(RESET, {"email": admin.email})
        assert (sending.send(), len(sent.outbox), Mail.objects.count()) == (1, 1, 1)


def test_one_that_is_being_sent_goes_out_once(sends: Settings, admin: User) -> None:
    mail = outbox.put(MailKind.NO_ACCOUNT, "a@example.com")
    assert sending._claim(mail)
    outbox.send_again(shell(), mail)
    assert outbox.put(MailKind.NO_ACCOUNT, "a@example.com") == mail
    assert not Event.objects.filter(action="mail.send-again").exists()
    assert (sending.send(), sent.outbox) == (0, [])
    with at(now() + MAX_CLAIM + timedelta(seconds=1)):  # the process was killed
        assert (sending.send(), len(sent.outbox)) == (1, 1)


def test_two_of_a_kind_never_wait(db: None, admin: User, app: App) -> None:
    invitation = lifecycle.invite(shell(), "two@example.com", "developer", app).invitation
    for told in (
        {"kind": MailKind.NO_ACCOUNT},
        {"kind": MailKind.PASSWORD_RESET, "user": admin},
        {"kind": MailKind.INVITATION, "invitation": invitation},
    ):
        Mail.objects.create(address="a@example.com", **told)
        with pytest.raises(IntegrityError), transaction.atomic():
            Mail.objects.create(address="a@example.com", **told)
        Mail.objects.create(address="a@example.com", due_at=None, **told)
    for _ in range(2):
        outbox.put(MailKind.NOTIFICATIONS, "a@example.com", user=admin)


def test_one_given_up_makes_way_for_the_same_that_waits(
    sends: Settings, admin: User, developer: User
) -> None:
    given_up = outbox.put(MailKind.NO_ACCOUNT, "a@example.com")
    Mail.objects.update(due_at=None, tries=sending.BACKOFF.max_tries)
    waiting = outbox.put(MailKind.NO_ACCOUNT, "a@example.com")
    outbox.send_again(shell(), given_up)
    assert (sending.send(), len(sent.outbox)) == (1, 1)
    waiting.refresh_from_db()
    assert waiting.sent_at


def test_who_may_not_send_again_changes_nothing(db: None, developer: User) -> None:
    mail = outbox.put(MailKind.NO_ACCOUNT, "a@example.com")
    Mail.objects.update(due_at=None, tries=sending.BACKOFF.max_tries)
    with pytest.raises(NotAllowed):
        outbox.send_again(lifecycle.person_at(Origin("page"), developer), mail)
    assert (Mail.objects.get().due_at, Mail.objects.get().tries) == (None, sending.BACKOFF.max_tries)


def test_one_that_cannot_be_made_or_ends_the_server_stops_no_other(
    sends: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(mail: Mail) -> tuple[str, str]:
        raise Killed

    monkeypatch.setitem(messages._KINDS, MailKind.CONFIRM_EMAIL, kill)
    moment = now()
    with at(moment - timedelta(minutes=5)):
        unknown = Mail.objects.create(kind="other", address="a@example.com")
        deadly = outbox.put(MailKind.CONFIRM_EMAIL, "b@example.com")
    outbox.put(MailKind.NO_ACCOUNT, "c@example.com")
    for step in range(4000):
        with at(moment + step * timedelta(minutes=10)), suppress(Killed):
            sending.send()
        if step == 2:
            assert [message.to for message in sent.outbox] == [["c@example.com"]]
        if not Mail.objects.filter(due_at__isnull=False).exists():
            break
    unknown.refresh_from_db()
    deadly.refresh_from_db()
    assert (unknown.tries, deadly.tries) == (sending.BACKOFF.max_tries, sending.BACKOFF.max_tries)
    assert "not a valid MailKind" in unknown.cause
    assert deadly.cause == sending.CUT_OFF
