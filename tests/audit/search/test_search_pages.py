"""Pages of the timeline hold still while rows arrive, and together visit everything once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audit.search import search
from audit.search.search import Entry, Filters, nearest_older, timeline
from core.errors import Invalid
from core.ids import new_id
from core.pagination import cursors
from core.pagination.cursors import Cursor, parse_cursor
from tests.audit.records import APP, DAY, HOUR, KEY, MINUTE, NOON, PREFIX, acted, called, minted_as
from tests.keys.laws import law

pytestmark = pytest.mark.django_db


# ── pages ───────────────────────────────────────────────────────────────────


def test_a_page_that_holds_everything_leads_nowhere() -> None:
    acted(), called()
    page = timeline(Filters(APP), limit=2)
    assert (page.older, page.newer) == (None, None)


def test_an_empty_page_leads_nowhere() -> None:
    assert timeline(Filters(APP)) == search.Page([], None, None)


def test_the_first_page_leads_to_older_entries_only() -> None:
    acted(), called(), acted()
    page = timeline(Filters(APP), limit=2)
    assert (page.older is not None, page.newer) == (True, None)


def test_the_last_page_leads_to_newer_entries_only() -> None:
    acted(), called(), acted()
    last = timeline(Filters(APP), before=timeline(Filters(APP), limit=2).older, limit=2)
    assert (len(last.entries), last.older, last.newer is not None) == (1, None, True)


def test_newer_leads_back_to_the_page_one_came_from() -> None:
    for minute in range(6):
        called(at=NOON + MINUTE * minute)
    first = timeline(Filters(APP), limit=2)
    second = timeline(Filters(APP), before=first.older, limit=2)
    assert timeline(Filters(APP), after=second.newer, limit=2).entries == first.entries


def test_a_page_reached_backwards_is_newest_first_and_leads_both_ways() -> None:
    calls = [called(at=NOON + MINUTE * minute) for minute in range(6)]
    page = timeline(Filters(APP), after=Cursor(calls[1].at, calls[1].id), limit=2)
    assert page.entries == [calls[3], calls[2]]
    assert page.older and page.newer


def test_an_older_page_holds_still_while_rows_arrive() -> None:
    calls = [called(at=NOON + MINUTE * minute) for minute in range(6)]
    older = timeline(Filters(APP), limit=2).older
    for _ in range(3):
        called(at=NOON + HOUR)
    assert timeline(Filters(APP), before=older, limit=2).entries == [calls[3], calls[2]]


def test_pages_keep_to_the_filters() -> None:
    calls = [
        called(at=NOON + MINUTE * minute, code="ip_not_allowed" if minute % 2 else "") for minute in range(8)
    ]
    refused = Filters(APP, outcome="denied")
    older = timeline(refused, limit=2).older
    assert timeline(refused, before=older, limit=2).entries == [calls[3], calls[1]]


_rows = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), max_size=25)


@law
@given(_rows, st.integers(1, 7))
def test_paging_through_older_visits_every_entry_once_in_order(
    rows: list[tuple[bool, int]], limit: int
) -> None:
    app_id = new_id()
    made = [(acted if act else called)(app_id, NOON + MINUTE * minute) for act, minute in rows]
    seen: list[Entry] = []
    place: Cursor | None = None
    while not seen or place:
        page = timeline(Filters(app_id), before=place, limit=limit)
        seen, place = [*seen, *page.entries], page.older
        if not made:
            break
    assert seen == sorted(made, key=lambda entry: (entry.at, entry.id), reverse=True)


@law
@given(_rows, st.integers(1, 7))
def test_paging_back_through_newer_visits_every_entry_once_in_order(
    rows: list[tuple[bool, int]], limit: int
) -> None:
    app_id = new_id()
    made = [(acted if act else called)(app_id, NOON + MINUTE * minute) for act, minute in rows]
    oldest = acted(app_id, NOON - DAY)
    seen: list[Entry] = [oldest]
    place: Cursor | None = Cursor(oldest.at, oldest.id)
    while place:
        page = timeline(Filters(app_id), after=place, limit=limit)
        seen, place = [*page.entries, *seen], page.newer
    assert seen == sorted([*made, oldest], key=lambda entry: (entry.at, entry.id), reverse=True)


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(
    ("filters", "queries"),
    [({}, 2), ({"outcome": "denied"}, 1), ({"key": "x7Kd"}, 3), ({"ip": "192.0.2.1"}, 2)],
)
def test_a_page_is_a_fixed_number_of_queries(
    rows: int, filters: dict[str, Any], queries: int, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for _ in range(rows):
        called(key_id=minted_as(PREFIX))
    with django_assert_num_queries(queries):
        timeline(Filters(APP, **filters), limit=10)


@pytest.mark.parametrize("filters", [{}, {"key": PREFIX}, {"outcome": "denied"}])
def test_a_page_never_counts_and_never_skips(filters: dict[str, Any]) -> None:
    with CaptureQueriesContext(connection) as queries:
        timeline(Filters(APP, **filters), before=Cursor(NOON, new_id()))
    said = " ".join(query["sql"] for query in queries.captured_queries).upper()
    assert "LIMIT" in said
    assert "OFFSET" not in said and "COUNT(" not in said


# ── places ──────────────────────────────────────────────────────────────────


@law
@given(st.datetimes().map(lambda moment: moment.replace(tzinfo=NOON.tzinfo)), st.uuids())
def test_a_place_can_be_written_down_and_found_again(moment: Any, row_id: Any) -> None:
    place = Cursor(max(moment, cursors._EPOCH), row_id)
    assert parse_cursor(str(place)) == place


def test_no_place_is_none() -> None:
    assert parse_cursor("") is None


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "-",
        "1-2",
        f"{10**18 - 1}-{'0' * 32}",
        f"-1-{'0' * 32}",
        f"1-{'g' * 32}",
        f"1-{'0' * 32} ",
        f"１-{'0' * 32}",
    ]
    + [f"1-{'0' * 33}", "'; --", "\x00", f"9{'9' * 40}-{'0' * 32}"],
)
def test_a_place_that_cannot_be_read_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        parse_cursor(text)


# ── what stands near ────────────────────────────────────────────────────────


def test_the_nearest_older_entry_is_the_last_before_the_time_asked_for() -> None:
    called(at=NOON - DAY)
    last = acted(at=NOON - HOUR)
    assert nearest_older(Filters(APP, since=NOON)) == last


def test_the_nearest_older_entry_fits_the_other_filters() -> None:
    last = called(at=NOON - DAY, code="ip_not_allowed")
    called(at=NOON - HOUR)
    assert nearest_older(Filters(APP, outcome="denied", since=NOON)) == last


def test_nothing_is_older_than_all_time() -> None:
    called()
    assert nearest_older(Filters(APP)) is None


def test_nothing_older_is_nothing() -> None:
    assert nearest_older(Filters(APP, since=NOON)) is None


def test_a_calls_neighbours_are_the_nearest_of_its_key() -> None:
    calls = [called(at=NOON + MINUTE * minute) for minute in range(15)]
    called(key_id=new_id(), at=NOON + MINUTE * 7)
    assert search.around(calls[7]) == calls[12:1:-1]


def test_the_first_call_of_a_key_has_only_later_neighbours() -> None:
    calls = [called(at=NOON + timedelta(minutes=minute)) for minute in range(3)]
    assert search.around(calls[0]) == calls[::-1]


def test_asking_nothing_narrows_nothing() -> None:
    assert not Filters(APP).narrowed
    assert Filters(APP, key_id=KEY).narrowed
