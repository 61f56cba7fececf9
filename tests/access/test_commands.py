"""What each command of `alter` comes to, for a token of each role: every command is run against a portal that listens.

The table is kept in cli.txt, beside those of test_tables.py, and written anew the same way.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from agents.models import Agent, App
from alter.exit_codes import Exit
from portal.models import User
from tests.access import asked
from tests.access.places import everything
from tests.access.test_tables import compare
from tests.alter.running import SETTINGS, alter
from tests.alter.test_main import EVERY
from tests.factories import issued, taken_back
from tests.keys.catalogue.catalogues import ORDERS, published
from tests.server import Server

pytestmark = pytest.mark.one_engine
APART = ("auth", "link", "unlink", "scan", "doctor", "completion")
"""What works on this machine, or on the token itself."""
GIVEN = {
    "key": "key_id",
    "agent": "agent_id",
    "member": "member_id",
    "invitation": "invitation_id",
    "app_id": "app_id",
    "entry": "entry_id",
    "actor": "caller_id",
    "caller": "caller_id",
    "thread": "trace",
    "user": "user_id",
    "token_id": "token_id",
    "webhook": "webhook_id",
    "delivery": "delivery_id",
    "notification": "notification_id",
}
"""A parameter's name, to what in places.py it is given."""
WORDS = {
    "name": "another",
    "role": "support",
    "method": "GET",
    "path": "/me",
    "reason": "It does.",
    "version": "1",
    "state": "off",
    "file": "-",
    "kind": "event",
    "days": "4000",
    "permissions": "dashboard_keys:read",
    "url": "https://siem.example.com/in",
}
NAMED = {"scopes add": "parcels", "scopes edit": "orders:read", "scopes remove": "orders:write"}
"""A name of something that exists, or may be made."""
MORE = {
    "keys mint": ("--name", "x", "--scopes", "grants:read"),
    "keys narrow": ("--rate-limit-rpm", "1"),
    "keys widen": ("--rate-limit-rpm", "50000"),
    "keys revoke": ("--yes", "--force"),
    "agents create": ("--name", "triage"),
    "agents update": ("--display-name", "Another"),
    "agents revoke": ("--yes",),
    "agents revoke-key": ("--yes", "--force"),
    "apps update": ("--description", "Another"),
    "apps delete": ("--confirm", "no such name"),
    "members remove": ("--yes",),
    "scopes edit": ("--description", "Another"),
    "scopes remove": ("--yes",),
    "users deactivate": ("--yes",),
    "users remove": ("--yes",),
    "tokens revoke": ("--yes",),
    "webhooks rotate": ("--yes",),
    "webhooks delete": ("--yes",),
    "webhooks retry": ("--all",),
    "webhooks discard": ("--all", "--yes"),
    "notifications read": ("--all",),
    "retention set": ("--yes",),
    "scopes preset": ("--even-in-use",),
    "policy set": ("--on-leaked-token", "revoke", "--yes"),
    "lookup": ("0" * 64,),
}
"""What a command needs besides, to get as far as asking."""
OF_THE_PORTAL = ("users", "webhooks", "policy", "retention")
OF_ONESELF = ("tokens", "notifications")
WHO = ("outsider", "developer", "support", "admin of all")


@pytest.fixture
def places(app: App, agent: Agent, developer: User) -> dict[str, Any]:
    return everything(app, agent, developer) | {"trace": "0af7651916cd43dd8448eb211c80319c"}


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: Server, app: App) -> None:
    """An empty home, and a portal and an app that the command knows."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("ALTER_BASE_URL", served.url)
    monkeypatch.setenv("ALTER_APP_ID", str(app.id))
    monkeypatch.chdir(tmp_path)


def typed(words: str, command: click.Command, places: dict[str, Any]) -> list[str]:
    """The command as it is typed, with the ids of things that exist. KeyError: GIVEN is to know that name, too."""
    line = words.split()
    for one in command.params:
        if one.required and one.name:
            value = NAMED.get(words) if one.name == "name" else None
            value = value or WORDS.get(one.name) or str(places[GIVEN[one.name]])
            line += [one.opts[0], value] if isinstance(one, click.Option) else [value]
    return [*line, *MORE.get(words, ())]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Those that ask the portal for something."""
    return ((words, command) for words, command in EVERY.items() if words.split()[0] not in APART)


def test_every_command_as_everyone(
    places: dict[str, Any],
    app: App,
    developer: User,
    support: User,
    outsider: User,
    admin: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published(app, ORDERS | {"preset": True})
    people = (outsider, developer, support, admin)
    tokens = [issued(user).plaintext.take() for user in people]
    table: asked.Table = {}
    for words, command in sorted(commands()):
        row = table.setdefault(words, [])
        for token in tokens:
            monkeypatch.setenv("ALTER_PAT", token)
            with taken_back():
                row.append(Exit(alter(*typed(words, command, places), stdin="{}").code).name.lower())
    compare("cli.txt", table, WHO, "What each command of alter ends with, by whose token it has.")


def column(who: str) -> dict[str, str]:
    return {words: row[WHO.index(who)] for words, row in asked.kept("cli.txt").items()}


def test_for_an_outsider_the_app_is_not_there() -> None:
    own = ("apps list", "apps create", "api", "lookup")  # of one's own apps, of a new one, and of oneself
    told = {
        ended
        for words, ended in column("outsider").items()
        if words not in own and words.split()[0] not in (*OF_THE_PORTAL, *OF_ONESELF)
    }
    assert told == {"not_found"}


def test_what_belongs_to_the_portal_is_for_a_role_in_all_apps() -> None:
    for who in ("outsider", "developer", "support"):
        rows = {words: ended for words, ended in column(who).items() if words.split()[0] in OF_THE_PORTAL}
        assert set(rows.values()) == {"forbidden"}, who


def test_support_revokes_and_mints_nothing() -> None:
    told = column("support")
    assert told["keys revoke"] == told["agents revoke-key"] == "ok"
    changing = ("keys mint", "keys rotate", "keys narrow", "agents create", "agents revoke", "members invite")
    assert {told[words] for words in changing} == {"forbidden"}


def test_no_command_stops_before_it_has_asked() -> None:
    rows = asked.kept("cli.txt")
    del rows["audit integrity-check"]  # ends with 1 if there is something to be found
    assert not {"usage", "error"} & {ended for row in rows.values() for ended in row}
