"""Retry-After is read as seconds or a date, and never believed beyond an hour."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from alter.client import to_failure
from alter.retry_after import seconds_to_wait


def test_seconds_and_dates_are_read_and_nothing_else() -> None:
    waits = {
        "0": 0,
        "30": 30,
        "99999": 3600,
        "9" * 15: 3600,
        "9" * 40: 3600,
        "-1": None,
        "1.5": None,
        "soon": None,
        "": None,
    }
    assert {text: seconds_to_wait({"retry-after": text}) for text in waits} == waits
    later = seconds_to_wait(
        {"retry-after": format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)}
    )
    assert later and 595 < later <= 600
    assert seconds_to_wait({"retry-after": "Mon, 01 Jun 2020 13:00:00 GMT"}) == 0
    assert seconds_to_wait({}) is None


def test_a_busy_portal_is_said_to_be_asked_again_when_it_says() -> None:
    for status in (429, 503):
        failure = to_failure(status, "unavailable", {"message": "Busy."}, {"retry-after": "2"})
        assert (failure.wait, failure.hint) == (2, "Try again in 2 s.")
    assert to_failure(409, "conflict", {}, {"retry-after": "2"}).wait is None
