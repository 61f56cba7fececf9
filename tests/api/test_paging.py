"""Parts of a list: by offset, or by a cursor that holds still while rows arrive."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.models import App
from core.clock import at
from tests.api.program import Program, error, fields, named
from tests.audit.records import called
from tests.factories import AgentFactory, AppFactory, minted

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LISTS = [
    *("/apps", "/apps/{app}/keys", "/apps/{app}/agents", "/apps/{app}/callers"),
    *("/apps/{app}/leaks", "/apps/{app}/views", "/users", "/tokens", "/notifications"),
    *("/webhooks", "/failed-deliveries"),
]


@pytest.fixture
def keys(app: App) -> str:
    """Where five keys are listed: 4 3 2 1 0. The middle three are of one moment."""
    for number, second in enumerate((0, 1, 1, 1, 2)):
        with at(NOON + second * SECOND):
            minted(app, name=str(number))
    return f"/apps/{app.id}/keys"


def pages(program: Program, there: str, **query: Any) -> list[list[str]]:
    """The names on each page, as far as the cursor leads."""
    told, cursor = [], ""
    while cursor is not None:
        answer = program.get(there, cursor=cursor, **query)
        told.append(named(answer))
        cursor = answer.json()["next_cursor"]
    return told


def test_a_part_says_where_it_is(keys: str, by_developer: Program) -> None:
    body = by_developer.get(keys, limit=2, offset=2).json()
    body.pop("items")
    assert body.pop("next_cursor")
    assert body == {"total": 5, "limit": 2, "offset": 2, "has_more": True}


def test_the_last_part_leads_nowhere(keys: str, by_developer: Program) -> None:
    body = by_developer.get(keys, limit=2, offset=3).json()
    assert (body["has_more"], body["next_cursor"]) == (False, None)


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 1000])
def test_a_cursor_leads_through_everything_once(keys: str, by_developer: Program, limit: int) -> None:
    told = pages(by_developer, keys, limit=limit)
    assert [len(page) for page in told[:-1]] == [limit] * (len(told) - 1)
    assert [name for page in told for name in page] == ["4", "3", "2", "1", "0"]


def test_offsets_lead_through_everything_once(keys: str, by_developer: Program) -> None:
    parts = [named(by_developer.get(keys, limit=2, offset=offset)) for offset in (0, 2, 4, 6)]
    assert parts == [["4", "3"], ["2", "1"], ["0"], []]


def test_a_cursor_holds_still_while_rows_arrive_and_an_offset_does_not(
    app: App, keys: str, by_developer: Program
) -> None:
    cursor = by_developer.get(keys, limit=2).json()["next_cursor"]
    with at(NOON + 9 * SECOND):
        minted(app, name="late")
    assert named(by_developer.get(keys, limit=2, cursor=cursor)) == ["2", "1"]
    assert named(by_developer.get(keys, limit=2, offset=2)) == ["3", "2"]


def test_a_cursor_goes_with_a_filter(app: App, keys: str, by_developer: Program) -> None:
    assert pages(by_developer, keys, limit=2, kind="app", status="active") == [["4", "3"], ["2", "1"], ["0"]]


def test_an_offset_counts_from_the_cursor(keys: str, by_developer: Program) -> None:
    cursor = by_developer.get(keys, limit=1).json()["next_cursor"]
    assert named(by_developer.get(keys, limit=2, offset=1, cursor=cursor)) == ["2", "1"]


WRONG_PARTS = (
    ("limit", "0"),
    ("limit", "1001"),
    ("limit", "-1"),
    ("limit", "ten"),
    ("limit", ""),
    ("limit", "1.5"),
    ("limit", "9" * 50),
    ("offset", "-1"),
    ("offset", "9" * 50),
    ("offset", "\0"),
    ("cursor", "x"),
    ("cursor", "0-0"),
    ("cursor", "999999999999999999-" + "0" * 32),
    ("cursor", "1-" + "A" * 32),
    ("cursor", "\0"),
    ("cursor", "é"),
    ("cursor", "1" * 101),
)


@pytest.mark.parametrize("there", LISTS)
def test_a_part_that_cannot_be_is_named(app: App, by_admin: Program, there: str) -> None:
    for name, value in WRONG_PARTS:
        answer = by_admin.get(there.format(app=app.id), **{name: value})
        assert (error(answer), fields(answer)) == ((422, "validation_error"), [name]), value


@pytest.mark.parametrize("there", LISTS)
def test_an_empty_cursor_is_the_beginning(app: App, by_admin: Program, there: str) -> None:
    assert by_admin.get(there.format(app=app.id), cursor="").status_code == 200


def test_apps_and_agents_have_pages_too(app: App, by_admin: Program) -> None:
    for number in range(2):
        AppFactory.create(), AgentFactory.create(app=app, name=f"agent-{number}")
    assert len(pages(by_admin, "/apps", limit=1)) == 3
    assert len(pages(by_admin, f"/apps/{app.id}/agents", limit=1)) == 2


# ── the audit log ───────────────────────────────────────────────────────────────────────────────────


def test_a_cursor_of_the_log_holds_still_while_rows_arrive(app: App, by_developer: Program) -> None:
    there = f"/apps/{app.id}/audit"
    rows = [str(called(app.id, NOON + second * SECOND).id) for second in (0, 1, 1, 2)]
    first = by_developer.get(there, kind="call", limit=2).json()
    called(app.id, NOON + 9 * SECOND)
    second = by_developer.get(there, kind="call", limit=2, cursor=first["next_cursor"]).json()
    assert [one["id"] for one in first["items"] + second["items"]] == rows[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "\0", "999999999999999999-" + "0" * 32])
def test_a_place_in_the_log_that_cannot_be_is_named(app: App, by_developer: Program, cursor: str) -> None:
    answer = by_developer.get(f"/apps/{app.id}/audit", cursor=cursor)
    assert (error(answer), fields(answer)) == ((422, "validation_error"), ["cursor"])
