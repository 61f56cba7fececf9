"""The live tail: everything that arrives is told once, however late it comes to stand in the record."""

import json
import random
from datetime import timedelta
from typing import Any

import pytest

from audit.models import Call
from audit.search.live import MAX_KNOWN, MAX_NEW, LivePosition, arrived, parse_position, position_of
from audit.search.search import Filters, timeline
from core.clock import at
from core.errors import Invalid
from core.pagination.cursors import Cursor
from tests.audit.records import APP, KEY, MINUTE, NOON, acted, called

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


class Reader:
    """A browser: it knows the page it got, and hands back the id of the last event."""

    def __init__(self, **filters: Any) -> None:
        self.filters = Filters(APP, **filters)
        with at(NOON):
            self.place = str(position_of(timeline(self.filters)))

    def hears(self) -> tuple[int, bool]:
        """How many rows the next answer tells of, and whether there are more."""
        told = arrived(self.filters, parse_position(self.place))
        lines = dict(line.split(": ", 1) for line in told.strip().splitlines())
        assert lines["retry"] == "2000" and told.endswith("\n\n")
        self.place = lines.get("id", self.place)
        data = json.loads(lines.get("data", '{"count": 0, "more": false}'))
        return data["count"], data["more"]


def test_nothing_new_is_no_event() -> None:
    acted(), called()
    assert Reader().hears() == (0, False)


def test_what_comes_after_the_page_is_told_once() -> None:
    called()
    reader = Reader()
    called(at=NOON + SECOND), acted(at=NOON + 2 * SECOND)
    assert [reader.hears(), reader.hears()] == [(2, False), (0, False)]


def test_the_first_row_of_an_empty_record_is_told() -> None:
    reader = Reader()
    called(at=NOON + SECOND)
    assert [reader.hears(), reader.hears()] == [(1, False), (0, False)]


def test_a_row_that_commits_late_is_told() -> None:
    called()
    reader = Reader()
    called(at=NOON + 10 * SECOND)
    assert reader.hears() == (1, False)
    called(at=NOON + 3 * SECOND)
    assert [reader.hears(), reader.hears()] == [(1, False), (0, False)]


def test_a_row_that_commits_behind_the_page_is_told() -> None:
    called()
    reader = Reader()
    called(at=NOON - 3 * SECOND)
    assert [reader.hears(), reader.hears()] == [(1, False), (0, False)]


def test_rows_of_one_moment_are_told_once_each() -> None:
    called()
    reader = Reader()
    heard = []
    for _ in range(3):
        called()
        heard.append(reader.hears())
    assert heard == [(1, False)] * 3


def test_what_is_further_down_than_the_page_is_no_news() -> None:
    for number in range(80):
        called(at=NOON - number * SECOND / 10)
    assert Reader().hears() == (0, False)


def test_only_what_matches_is_told() -> None:
    reader = Reader(outcome="denied")
    called(at=NOON + SECOND), called(at=NOON + SECOND, code="ip_not_allowed")
    assert reader.hears() == (1, False)


def test_more_than_fifty_are_said_to_be_more() -> None:
    reader = Reader()
    for number in range(MAX_NEW + 5):
        called(at=NOON + number * SECOND)
    assert reader.hears() == (MAX_NEW, True)


def test_exactly_fifty_are_fifty() -> None:
    reader = Reader()
    for _ in range(MAX_NEW):
        called(at=NOON + SECOND)
    assert [reader.hears(), reader.hears()] == [(MAX_NEW, False), (0, False)]


def test_rows_in_any_order_within_the_look_back_are_each_told_once() -> None:
    chance = random.Random(7)
    called()
    reader, told = Reader(), 0
    for tick in range(40):
        for _ in range(chance.randrange(4)):
            called(at=NOON + tick * SECOND - chance.random() * 10 * SECOND)
        told += reader.hears()[0]
    assert told == Call.objects.count() - 1


def test_what_a_reader_must_remember_stays_small() -> None:
    reader = Reader()
    for tick in range(60):
        called(at=NOON + tick * MINUTE), called(at=NOON + tick * MINUTE)
        reader.hears()
    assert len(parse_position(reader.place).known) == 2


@pytest.mark.parametrize(
    "text", ["", "x", "1-2", f"1-{'0' * 32}.zz", f"1-{'0' * 32}" + ".00000000" * 601, "9" * 5000, "1\0"]
)
def test_a_place_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_position(text)


def test_a_place_can_be_written_down_and_found_again() -> None:
    called(), called()
    place = position_of(timeline(Filters(APP)))
    assert parse_position(str(place)) == place


def test_the_longest_place_fits_into_a_header() -> None:
    known = frozenset(f"{number:08x}" for number in range(MAX_KNOWN))
    assert len(str(LivePosition(Cursor(NOON, KEY), known))) < 8000
