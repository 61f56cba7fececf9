"""`manage.py create_admin`, `first_start` and `create_access_token`: the first person, and the first script."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from audit.models import Event
from core.clock import at, now
from portal.models import Invitation, Membership, User
from portal.models.users import note_of
from tests.factories import PASSWORD, minted
from tests.shell import Said, stdin

EMAIL = "admin@example.com"
CREATE = ("create_admin", "--email", EMAIL, "--password-stdin")


@pytest.fixture
def piped(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password comes through a pipe."""
    stdin(monkeypatch, f"{PASSWORD}\n")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where `make run` says the portal listens."""
    monkeypatch.setenv("HOST", "127.0.0.1")
    monkeypatch.setenv("PORT", "8123")
    yield


# ── create_admin ────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_of_every_app_is_made(piped: None) -> None:
    Said(*CREATE)
    made = Membership.objects.get()
    assert (made.user.email, made.role, made.app) == (EMAIL, "admin", None)
    assert made.user.check_password(PASSWORD)


def test_a_machine_reads_an_object_without_the_password(piped: None) -> None:
    result = Said(*CREATE, "--json")
    assert result.json == {"id": str(User.objects.get().id), "email": EMAIL}
    assert PASSWORD not in result.out + result.err


def test_the_shell_let_them_in(piped: None) -> None:
    Said(*CREATE)
    event = Event.objects.get(target_kind="member")
    assert (event.action, event.actor_kind, event.target_label) == ("member.join", "shell", EMAIL)


def test_there_is_no_argument_for_a_password(db: None) -> None:
    from portal.management.commands.create_admin import Command

    parser = Command().create_parser("manage.py", "create_admin")
    takes_a_value = [
        action.dest for action in parser._actions if "password" in action.dest and action.nargs != 0
    ]
    assert takes_a_value == []


@pytest.mark.parametrize("password", ["", "short", "password1234"])
def test_a_weak_password_is_wrong_usage(db: None, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    stdin(monkeypatch, f"{password}\n")
    result = Said(*CREATE)
    assert (result.code, User.objects.count()) == (2, 0)


@pytest.mark.parametrize("email", ["nobody", "", "a" * 300 + "@example.com"])
def test_no_address_is_wrong_usage(piped: None, email: str) -> None:
    result = Said("create_admin", "--email", email, "--password-stdin")
    assert (result.code, "email address" in result.err) == (2, True)


def test_someone_who_exists_is_a_conflict(piped: None, admin: User) -> None:
    assert Said(*CREATE).code == 5


def test_without_a_terminal_the_password_must_be_piped(piped: None) -> None:
    result = Said("create_admin", "--email", EMAIL)
    assert (result.code, "--password-stdin" in result.err) == (2, True)


# ── first_start ─────────────────────────────────────────────────────────────────────────────────────


def link_in(said: Said) -> str:
    match = re.search(r"http://localhost:8123(/join/\S+/)", said.out)
    assert match, said.out
    return match[1]


def test_the_first_start_prints_a_link_that_makes_the_first_admin(db: None, client: Client) -> None:
    form = {"name": "First", "email": "first@example.com", "password": PASSWORD}
    client.post(link_in(Said("first_start")), form)
    made = Membership.objects.get()
    assert (made.user.email, made.role, made.app) == ("first@example.com", "admin", None)


def test_the_next_start_ends_the_link_of_the_one_before(db: None, client: Client) -> None:
    before = link_in(Said("first_start"))
    with at(now() + timedelta(minutes=3)):
        after = link_in(Said("first_start"))
    assert [client.get(link).status_code for link in (before, after)] == [404, 200]


def test_a_start_at_the_same_time_prints_the_same_link(db: None, client: Client) -> None:
    first, second = (Said("first_start") for _ in range(2))
    assert link_in(first) == link_in(second)
    assert ("the same link" in first.out, "the same link" in second.out) == (False, True)
    assert (client.get(link_in(first)).status_code, Invitation.objects.count()) == (200, 1)
    with at(now() - timedelta(hours=1)):  # the clock was set back: when that link was made, nobody knows
        assert link_in(Said("first_start")) != link_in(first)


def test_a_link_that_cannot_be_made_again_is_replaced(db: None, client: Client, settings: Settings) -> None:
    before = link_in(Said("first_start"))
    settings.SECRET_KEY = "another key of fifty characters, or of more than that"
    after = link_in(Said("first_start"))
    assert [client.get(link).status_code for link in (before, after)] == [404, 200]


def test_once_there_is_an_admin_there_is_no_link(admin: User) -> None:
    result = Said("first_start")
    assert "alter portal: http://localhost:8123" in result.out
    assert ("/join/" in result.out, Invitation.objects.exists()) == (False, False)


def test_the_public_address_is_printed_where_there_is_one(admin: User, settings: Settings) -> None:
    settings.ORIGIN = "https://keys.example.com"
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    assert "alter portal: https://keys.example.com" in Said("first_start").out


@pytest.mark.parametrize(("host", "hinted"), [("198.51.100.7", True), ("localhost", False), ("::1", False)])
def test_listening_for_others_asks_for_an_address(
    admin: User, monkeypatch: pytest.MonkeyPatch, host: str, hinted: bool
) -> None:
    monkeypatch.setenv("HOST", host)
    assert ("set PORTAL_ORIGIN" in Said("first_start").out) is hinted


def test_a_lost_pepper_stops_the_start(admin: User, app: object, settings: Settings) -> None:
    minted(app)  # type: ignore[arg-type]
    settings.PEPPERS = {2: b"x" * 32}
    result = Said("first_start")
    assert (result.code, "Bring back the data folder" in result.err) == (2, True)


# ── create_access_token ─────────────────────────────────────────────────────────────────────────────

ISSUE = ("create_access_token", "--email", EMAIL, "--name", "ci", "--permissions")


def test_a_token_for_the_first_script_works(admin: User, client: Client) -> None:
    secret = Said(*ISSUE, "all").out.strip()
    me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    assert me.json()["user"]["email"] == EMAIL


def test_a_machine_reads_the_token_in_an_object(admin: User) -> None:
    result = Said(*ISSUE, "dashboard_keys:write,dashboard_keys:read", "--json")
    token = admin.access_tokens.get()
    assert result.json["token"].startswith(token.prefix)
    assert result.json["permissions"] == token.permissions == ["dashboard_keys:read", "dashboard_keys:write"]


def test_a_token_is_printed_once_and_its_prefix_beside_it(admin: User) -> None:
    result = Said(*ISSUE, "all")
    assert (result.out.count("alter_pat_"), result.out.strip() in result.err) == (1, False)
    assert admin.access_tokens.get().prefix in result.err


def test_the_shell_issued_it(admin: User) -> None:
    Said(*ISSUE, "all")
    event = Event.objects.get(action="access-token.issue")
    assert (event.actor_kind, event.via, event.target_label) == ("shell", "shell", "ci")


def test_a_token_ends_when_it_is_said(admin: User) -> None:
    result = Said(*ISSUE, "all", "--expires-in", "30d", "--json")
    assert datetime.fromisoformat(result.json["expires_at"]) == admin.access_tokens.get().expires_at


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((*ISSUE, "keys:read"), 2),
        ((*ISSUE, ""), 2),
        ((*ISSUE, "all", "--expires-in", "soon"), 2),
        (("create_access_token", "--email", EMAIL, "--name", "", "--permissions", "all"), 2),
        (("create_access_token", "--email", "nobody@example.com", "--name", "ci", "--permissions", "all"), 4),
    ],
)
def test_a_token_that_cannot_be_is_refused(admin: User, words: tuple[str, ...], code: int) -> None:
    result = Said(*words)
    assert (result.code, result.out, admin.access_tokens.count()) == (code, "", 0)


def test_a_closed_account_is_given_no_token(admin: User) -> None:
    note_of(admin, is_active=False)
    assert Said(*ISSUE, "all").code == 4
