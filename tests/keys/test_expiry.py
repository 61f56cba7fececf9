"""The language of time limits: durations, moments, and which of them may be an expiry."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import at
from core.durations import parse_duration, parse_moment
from core.errors import Invalid
from keys.expiry import check_expiry
from tests.keys.laws import law

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NO_DURATIONS = [
    "",
    "30",
    "d",
    "0d",
    "030d",
    "-1d",
    "+1d",
    "1.5h",
    "1h30m",
    "30 days",
    "P30D",
    "3651d",
    "999999w",
    "1000000s",
    "30d\0",
    "\uff13\uff10d",
    "30\u217e",
]
NO_MOMENTS = [
    "",
    "soon",
    "2027-02-30",
    "2027-13-01T00:00:00Z",
    "2027-02-20T25:00:00Z",
    "2027-02-20T14:32:00+99:00",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "99999-01-01T00:00:00Z",
    "1771597920",
    "\uff12027-02-20",
]


@pytest.mark.parametrize(
    "text, duration",
    [
        ("30d", timedelta(days=30)),
        ("12h", timedelta(hours=12)),
        ("5m", timedelta(minutes=5)),
        ("90s", timedelta(seconds=90)),
        ("2w", timedelta(days=14)),
        (" 12 H ", timedelta(hours=12)),
        ("3650d", timedelta(days=3650)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", NO_DURATIONS)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_duration(text, "grace")

    assert refused.value.field == "grace"


@law
@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        assert timedelta(0) < parse_duration(text) <= timedelta(days=3650)
    except Invalid as refused:
        assert refused.why


@pytest.mark.parametrize(
    "text",
    ["2027-02-20T14:32:00Z", "2027-02-20T14:32:00", "2027-02-20 16:32:00+02:00", " 2027-02-20T09:32-05:00 "],
)
def test_a_moment_is_read_in_its_zone_and_in_utc_without_one(text: str) -> None:
    assert parse_moment(text) == datetime(2027, 2, 20, 14, 32, tzinfo=UTC)


@pytest.mark.parametrize("text", NO_MOMENTS)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_moment(text)

    assert refused.value.field == "expires_at"


def test_no_expiry_stays_none() -> None:
    assert check_expiry(None) is None


@pytest.mark.parametrize("ahead", [timedelta(microseconds=1), timedelta(days=3650)])
def test_an_expiry_that_lies_ahead_is_taken(ahead: timedelta) -> None:
    with at(NOON):
        assert check_expiry(NOON + ahead) == NOON + ahead


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=-1), timedelta(days=3652)])
def test_an_expiry_that_has_passed_or_is_too_far_is_refused(ahead: timedelta) -> None:
    with at(NOON), pytest.raises(Invalid):
        check_expiry(NOON + ahead)
