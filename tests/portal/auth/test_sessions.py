"""Open sessions: seen, ended one by one or all at once, and what is noted of a sign-in."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from agents.models import App
from audit.actors import shell
from audit.models import Event
from core.clock import now
from portal.auth import sessions
from portal.models import Notification, User
from portal.models.users import note_of
from tests.factories import PASSWORD
from tests.portal.pages import text

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"


def sign_in(user: User, ip: str = "198.51.100.7", agent: str = FIREFOX) -> Client:
    client = Client(REMOTE_ADDR=ip, HTTP_USER_AGENT=agent)
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    return client


@pytest.mark.parametrize(
    ("agent", "says"), [(FIREFOX, "Firefox on Linux"), (EDGE, "Edge on Windows"), ("", "Unknown browser")]
)
def test_a_browser_is_named_in_short(agent: str, says: str) -> None:
    assert sessions.device_name(agent) == says


def test_the_page_lists_where_one_is_signed_in(developer: User) -> None:
    sign_in(developer, "192.0.2.44", EDGE)
    page = text(sign_in(developer).get("/account/security/"))
    assert page.count("This device") == 1
    assert "Edge on Windows" in page
    assert "192.0.2.44" in page


def test_one_session_is_ended(developer: User) -> None:
    here, there = sign_in(developer), sign_in(developer)
    other = next(s for s in sessions.open_sessions(developer, here.session.session_key) if not s.is_this)
    here.post(f"/account/security/sessions/{other.id}/end/")
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert Event.objects.get(action="session.end").facts == {"sessions": 1}


def test_all_others_are_ended_at_once(developer: User) -> None:
    here, there, elsewhere = (sign_in(developer) for _ in range(3))
    here.post("/account/security/sessions/end/")
    assert [c.get("/").status_code for c in (here, there, elsewhere)] == [200, 302, 302]


def test_nobody_ends_the_session_of_another(developer: User, support: User) -> None:
    theirs = sign_in(support)
    (one,) = sessions.open_sessions(support)
    sign_in(developer).post(f"/account/security/sessions/{one.id}/end/")
    assert theirs.get("/").status_code == 200


def test_a_changed_password_ends_the_others(developer: User) -> None:
    here, there = sign_in(developer), sign_in(developer)
    new = "quite another long one"
    here.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert [c.get("/").status_code for c in (here, there)] == [200, 302]


def test_every_session_of_a_person_ends_with_end_all(developer: User) -> None:
    here = sign_in(developer)
    assert sessions.end_all(developer) == 1
    assert here.get("/").status_code == 302


def test_when_someone_was_last_seen_is_noted_every_five_minutes(developer: User) -> None:
    client = sign_in(developer)
    client.get("/")
    first = User.objects.get(pk=developer.pk).last_seen_at
    client.get("/")
    assert first is not None
    assert User.objects.get(pk=developer.pk).last_seen_at == first
    note_of(developer, last_seen_at=now() - timedelta(minutes=6))
    client.get("/")
    noted = User.objects.get(pk=developer.pk).last_seen_at
    assert noted is not None
    assert noted >= first


def test_a_session_has_another_key_after_sign_in(developer: User, client: Client) -> None:
    client.get("/account/login/")
    session = client.session
    session["planted"] = "by somebody"
    session.save()
    before = session.session_key
    client.post("/account/login/", {"login": developer.email, "password": PASSWORD})
    assert client.session.session_key != before


def test_the_first_sign_in_is_not_told_of(developer: User) -> None:
    sign_in(developer)
    assert not Notification.objects.filter(user=developer).exists()


@pytest.mark.parametrize(
    ("ip", "agent", "told"),
    [("198.51.100.7", FIREFOX, 0), ("192.0.2.9", FIREFOX, 1), ("198.51.100.7", EDGE, 1)],
    ids=["as before", "from elsewhere", "with another browser"],
)
def test_a_sign_in_unlike_the_others_is_told_of(developer: User, ip: str, agent: str, told: int) -> None:
    sign_in(developer)
    sign_in(developer, ip, agent)
    assert Notification.objects.filter(user=developer, kind="signed-in").count() == told


def test_an_end_that_ends_nothing_is_no_event(developer: User, app: App) -> None:
    sessions.end(shell(), developer)
    assert not Event.objects.filter(action="session.end").exists()


def test_both_unknown_addresses_and_wrong_passwords_are_hashed(
    developer: User, client: Client, monkeypatch: Any
) -> None:
    """Whoever measures must not learn who has an account: the same work is done."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    real, hashed = MD5PasswordHasher.encode, list[str]()

    def encode(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return real(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    counts = []
    for email in (developer.email, "nobody@example.com"):
        hashed.clear()
        client.post("/account/login/", {"login": email, "password": "wrong password here"})
        counts.append(len(hashed))
    assert counts[0] == counts[1] > 0
