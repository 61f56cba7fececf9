"""Who gets where: every address of the map, by every method, as everyone. No cell is missing, and each was asked.

The tables are kept beside this file. After a change of the map: WRITE_TABLES=1 pytest tests/access, and look at what
is different.
"""

import os
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from agents.models import Agent, App
from audit.models import Event
from portal.models import User
from tests.access import asked
from tests.access.places import WHO, browser_of, everyone, everything
from tests.api.lines import PERMISSION
from tests.api.program import Program
from tests.factories import issued

pytestmark = pytest.mark.one_engine
OPEN = (
    "GET account/login/",
    "GET healthz",
    "GET leaks/report/",
    "GET leaks/rules/<file>",
    "POST leaks/report/",
)
"""Some of what anyone may ask; the rest of it is django-allauth's."""
SUPPORT_DOES = {
    "agents/<agent_id>/revoke/": False,
    "keys/<key_id>/revoke/": True,
    "keys/<key_id>/ask/": True,
    "keys/<key_id>/rotate/": False,
    "keys/<key_id>/permissions/": False,
    "keys/mint/": False,
    "settings/": False,
    "members/invite/": False,
}
"""What support may do in an app, and what it may not."""


@pytest.fixture
def places(app: App, agent: Agent, developer: User, settings: Settings) -> dict[str, Any]:
    settings.WITNESS_FOR = {"payments": bytes(32)}
    return everything(app, agent, developer)


def compare(name: str, table: asked.Table, who: tuple[str, ...], says: str) -> None:
    """Hold the table that was asked against the one that is kept."""
    if os.environ.get("WRITE_TABLES"):
        (asked.HERE / name).write_text(asked.written(table, who, says))
    kept = asked.kept(name)
    assert list(kept) == list(table), "the map has changed: WRITE_TABLES=1 pytest tests/access, and look"
    wrong = [
        f"{line} as {one}: {now}, and was {was}"
        for line in table
        for one, now, was in zip(who, table[line], kept[line], strict=True)
        if now != was
    ]
    assert wrong == []


def test_every_page_by_every_method_as_everyone(
    places: dict[str, Any], app: App, developer: User, support: User, outsider: User, admin: User
) -> None:
    browsers = {
        who: browser_of(user) for who, user in everyone(app, developer, support, outsider, admin).items()
    }
    table: asked.Table = {}
    for path in sorted(set(asked.pages())):
        there = asked.filled(path, places | {"provider_id": "sso", "key": "x", "uidb36": "x"})
        for method in asked.METHODS:
            table[f"{method} {path}"] = [asked.word(browser, method, there) for browser in browsers.values()]
    compare("pages.txt", table, WHO, "Who gets where among the pages, and with what.")


def test_every_operation_of_the_management_api_as_everyone(
    places: dict[str, Any], app: App, developer: User, support: User, outsider: User, admin: User
) -> None:
    people = everyone(app, developer, support, outsider, admin)
    programs = {who: Program(issued(user).plaintext.take() if user else "") for who, user in people.items()}
    reader = Program(issued(admin, "dashboard_keys:read", name="reader").plaintext.take())
    who = (*WHO, "admin reading keys")
    table: asked.Table = {}
    for line in sorted(PERMISSION):
        method, _, path = line.partition(" ")
        there = asked.filled("api/v1" + path, places)
        table[line] = [
            asked.word(
                Client(raise_request_exception=False),
                method,
                there,
                headers={"Authorization": f"Bearer {program.secret}"},
            )
            for program in (*programs.values(), reader)
        ]
    compare("api.txt", table, who, "Who gets where in the management API, each by an access token of theirs.")


# ── what the tables must say, whoever wrote them ────────────────────────────────────────────────────


def column(name: str, who: str) -> dict[str, str]:
    return {line: row[WHO.index(who)] for line, row in asked.kept(name).items()}


def test_nobody_gets_into_an_app() -> None:
    strange = {word for line, word in column("pages.txt", "nobody").items() if " apps/" in line}
    assert strange == {"sign-in"}


def test_nobody_gets_anything_from_the_api() -> None:
    assert set(column("api.txt", "nobody").values()) == {"401"}


@pytest.mark.parametrize("table", ["pages.txt", "api.txt"])
def test_for_an_outsider_nothing_of_an_app_exists(table: str) -> None:
    told = {word for line, word in column(table, "outsider").items() if "apps/<app_id>" in line}
    assert told == {"none"}


def test_a_person_without_a_role_sees_no_app_and_nobody() -> None:
    told = column("pages.txt", "no role")
    assert {word for line, word in told.items() if "apps/<app_id>" in line} == {"none"}
    assert {
        word
        for line, word in told.items()
        if line.startswith(("GET users/", "GET settings/security/", "GET settings/audit-log/"))
    } == {"no"}


@pytest.mark.parametrize(("path", "may"), SUPPORT_DOES.items())
def test_support_ends_keys_and_does_nothing_else(path: str, may: bool) -> None:
    assert (column("pages.txt", "support")[f"POST apps/<app_id>/{path}"] == "in") is may


def test_what_is_for_the_whole_portal_is_for_admins_of_every_app_alone() -> None:
    kept = asked.kept("pages.txt")
    for line, row in kept.items():
        if line.startswith(
            ("GET users/", "POST users/", "GET settings/security/", "GET settings/audit-log/")
        ):
            assert set(row[1:-1]) <= {"no", "method"}, line


def test_some_things_are_open() -> None:
    told = column("pages.txt", "nobody")
    assert [told[line] for line in OPEN] == ["in"] * len(OPEN)


def test_a_token_cut_to_reading_writes_nothing() -> None:
    rows = asked.kept("api.txt")
    assert {
        row[-1] for line, row in rows.items() if not line.startswith("GET") and line != "POST /lookup"
    } <= {
        "no",
        "none",
        "in",
    }
    assert rows["POST /apps/<app_id>/keys"][-1] == "no"


def test_asking_to_see_changes_nothing(places: dict[str, Any], admin: User) -> None:
    browser, before = browser_of(admin), Event.objects.count()
    for path in sorted(set(asked.pages())):
        # A sign-in that asks for the wrong thing is a refusal, and those are on record.
        if not path.startswith(("account/", "authorize/", "apps/<app_id>/audit/export")):
            browser.get(asked.filled(path, places))
    assert Event.objects.count() == before
