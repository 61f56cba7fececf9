"""The sealed rows that match some filters: the right ones, the oldest first, in steps that stay small."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.export import selection
from audit.integrity.sealing import sealed_rows
from audit.search.matching import Filters
from core.ids import new_id
from tests.audit.records import APP, HOUR, NOON, acted, called
from tests.audit.sealed import sealed as seal

pytestmark = pytest.mark.django_db
AGENT = new_id()


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few rows be many."""
    monkeypatch.setattr(selection, "SLICE_SIZE", 3)
    monkeypatch.setattr(selection, "BATCH_SIZE", 2)


@pytest.fixture
def day() -> list[UUID]:
    """Two acts and eight calls of a day, sealed, oldest first; every other call was refused."""
    rows: list[Any] = [acted(at=NOON), acted(at=NOON + 20 * HOUR, agent_id=AGENT)]
    for n in range(8):
        code = "key_expired" if n % 2 else ""
        rows.append(
            called(at=NOON + (n + 1) * HOUR, code=code, path=f"/{n}", agent_id=AGENT if n > 5 else None)
        )
    seal(*rows)
    return [row.id for row in sorted(rows, key=lambda row: row.at)]


def found(**filters: Any) -> list[UUID]:
    """What matches, which is what is counted."""
    asked, within = Filters(APP, **filters), sealed_rows.reach(APP)
    ids = [one.row.id for one in selection.walk(asked, within)]
    assert selection.count(asked, within) == (len(ids), True)
    return ids


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"since": NOON}, range(10)),
        ({"since": NOON + HOUR}, range(1, 10)),
        ({"until": NOON + 3 * HOUR}, range(3)),
        ({"since": NOON + 3 * HOUR, "until": NOON + 6 * HOUR}, (3, 4, 5)),
        ({"outcome": "event"}, (0, 9)),
        ({"outcome": "denied"}, (2, 4, 6, 8)),
        ({"code": "key_expired", "path": "/5"}, (6,)),
        ({"calls_only": True}, range(1, 9)),
        ({"agent": AGENT}, (7, 8, 9)),
        ({"actor": "nobody"}, ()),
        ({"key_id": new_id()}, ()),
    ],
)
def test_what_matches_is_told_oldest_first_and_counted(
    day: list[UUID], filters: dict[str, Any], wanted: Any
) -> None:
    assert found(**filters) == [day[n] for n in wanted]


def test_rows_of_one_moment_are_told_once(day: list[UUID]) -> None:
    same = [called(at=NOON + HOUR, ip="203.0.113.7") for _ in range(7)]
    seal(*same)
    assert found(ip="203.0.113.7") == sorted(row.id for row in same)


def test_what_is_not_sealed_is_left_out(day: list[UUID]) -> None:
    called(at=NOON, ip="203.0.113.7")
    assert found(ip="203.0.113.7") == []


def test_what_is_sealed_after_the_reach_was_found_is_left_out(day: list[UUID]) -> None:
    asked, within = Filters(APP, since=NOON), sealed_rows.reach(APP)
    seal(called(at=NOON))
    assert selection.count(asked, within) == (10, True)
    assert [one.row.id for one in selection.walk(asked, within)] == day


def test_counting_stops_after_as_many_slices_as_it_may_look_at(day: list[UUID]) -> None:
    assert selection.count(Filters(APP, since=NOON), sealed_rows.reach(APP), most=2) == (5, False)


def test_no_statement_looks_at_more_than_a_slice(day: list[UUID]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found(path="/7")
    looking = [query["sql"] for query in queries if "audit_call" in query["sql"]]
    bounded = [sql for sql in looking if "LIMIT" in sql or 'at" <=' in sql]
    # The last slice needs no bound: it is known that fewer rows than a slice are left.
    assert len(looking) - len(bounded) <= 2
