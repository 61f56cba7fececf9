"""Spans of time in words."""

from datetime import timedelta

import pytest

from audit.time_words import duration_words, relative_words


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=90), "90 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(hours=25), "25 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=21), "21 min"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(0), "0 seconds"),
        (timedelta(days=89, hours=23, minutes=59), "90 days"),
        (timedelta(days=1500), "1,500 days"),
    ],
)
def test_a_duration_is_exact_where_it_was_set_and_rounded_where_it_was_measured(
    span: timedelta, words: str
) -> None:
    assert duration_words(span) == words


@pytest.mark.parametrize("gone", [timedelta(seconds=1), timedelta(hours=1), timedelta(hours=11)])
def test_what_was_set_to_90_days_today_is_in_90_days(gone: timedelta) -> None:
    assert relative_words(timedelta(days=90) - gone) == "in 90 days"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(0), "now"),
        (timedelta(days=-2), "2 days ago"),
        (timedelta(minutes=-90), "90 min ago"),
        (timedelta(hours=36), "in 36 hours"),
        (timedelta(minutes=-116), "2 hours ago"),
        (timedelta(hours=-23, minutes=-58), "1 day ago"),
        (timedelta(seconds=-59.6), "1 min ago"),
    ],
)
def test_a_moment_is_the_nearest_number_of_the_largest_unit_that_is_true(span: timedelta, words: str) -> None:
    assert relative_words(span) == words
