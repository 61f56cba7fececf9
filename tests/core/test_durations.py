"""The value language of time: which forms are taken, what a day means where, and that no text breaks anything."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from core.clock import at
from core.durations import parse_instant, parse_moment, parse_since, parse_until
from core.errors import Invalid

ODD = (
    "2027-W01-1",
    "2027-W01",
    "20261201",
    "2026-335",
    "2026-12",
    "2026",
    "2026-12-01T24:00",
    "2026-12-01T23:59:60Z",
    "2026-12-01T10",
    "2026-12-01T1000",
    "2026-12-01x10:00",
    "2026-12-01T10:00:00,5",
    "2026-12-01T10:00+25:00",
    "2026-12-01T10:00+14:01",
    "2026-12-01T10:00+02",
    "2026-12-01T10:00+0200",
    "2026-12-01T10:00 02:00",
    "2026-12-01T10:00 UTC",
    "2026-12-01Z",
    "2026-02-29",
    "2026-13-01",
    "0000-01-01",
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31",
    "+12026-12-01",
    "1796083200",
    "\uff12\uff10\uff12\uff16-12-01",
    "2026-12-01\0",
    "2026-12-01\n",
    "",
    "tomorrow",
)


@pytest.mark.parametrize("text", ODD)
def test_an_odd_form_is_refused_with_what_is_taken(text: str) -> None:
    for parse in (parse_moment, parse_since, parse_until):
        with pytest.raises(Invalid) as refused:
            parse(text)
        assert "2027-02-20" in refused.value.why


def test_a_day_ends_with_its_last_second_begins_with_its_first_and_is_held_whole() -> None:
    assert parse_moment("2026-12-01") == datetime(2026, 12, 1, 23, 59, 59, tzinfo=UTC)
    assert parse_since("2026-12-01") == datetime(2026, 12, 1, tzinfo=UTC)
    assert parse_until("2026-12-01") == datetime(2026, 12, 2, tzinfo=UTC)


def test_a_time_without_a_zone_is_utc_everywhere() -> None:
    for text in ("2026-12-01T10:00", "2026-12-01 10:00:00", "2026-12-01T10:00Z", "2026-12-01T12:00+02:00"):
        assert {p(text) for p in (parse_moment, parse_since, parse_until)} == {
            datetime(2026, 12, 1, 10, tzinfo=UTC)
        }


def test_when_something_happened_needs_its_time_of_day() -> None:
    assert parse_instant("2026-12-01T10:00:00.123456789Z", "start_time").microsecond == 123456
    with pytest.raises(Invalid, match="time of day"):
        parse_instant("2026-12-01", "start_time")


def test_a_span_is_counted_back_from_now() -> None:
    noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    with at(noon):
        assert parse_since("24h") == parse_until(" 24H ") == noon - timedelta(days=1)


@settings(max_examples=200, derandomize=True, database=None)
@given(some.text(max_size=40) | some.datetimes(timezones=some.timezones()).map(lambda one: one.isoformat()))
def test_any_text_is_a_moment_that_can_be_reckoned_with_or_refused(text: str) -> None:
    for parse in (parse_moment, parse_since, parse_until):
        try:
            found = parse(text)
        except Invalid:
            continue
        assert found + timedelta(days=36_500) > found - timedelta(days=36_500)
