"""Spans of time in words: `90 days`, `21 min`, `1 hour`, `2 days ago`, `in 6 days`."""

from datetime import timedelta

UNITS = ((86_400, "day", "days"), (3_600, "hour", "hours"), (60, "min", "min"), (1, "second", "seconds"))
NEARLY_TWO = 1.75
TOLERANCE = 0.05
"""Less than nearly two of a unit are said in the next smaller one (`36 hours`), unless they are nearly one of it."""
MAX_EXACT = 240
"""A larger number of a smaller unit is rounded to a larger unit: 100,000 min are 69 days."""


def duration_words(span: timedelta) -> str:
    """How long `span` is: a setting exactly (`36 hours`), a measured time rounded (`90 days` for 89 d 23 h 59 min)."""
    seconds = abs(span).total_seconds()
    for size, singular, plural in UNITS[:3]:
        if seconds and seconds % size == 0 and seconds // size <= MAX_EXACT:
            return _count(int(seconds // size), singular, plural)
    return _rounded(seconds)


def relative_words(span: timedelta) -> str:
    """How far a moment `span` from now is: `2 days ago`, `in 90 days`, `now`. Rounded to the nearest number."""
    words = _rounded(abs(span).total_seconds())
    if words == "0 seconds":
        return "now"
    return f"in {words}" if span > timedelta(0) else f"{words} ago"


def _rounded(seconds: float) -> str:
    """`seconds` in the largest unit of which there are nearly two, or one within the tolerance."""
    for size, singular, plural in UNITS:
        number = int(seconds / size + 0.5)
        if seconds >= NEARLY_TWO * size or (number == 1 and abs(size - seconds) <= TOLERANCE * size):
            return _count(number, singular, plural)
    return _count(int(seconds + 0.5), "second", "seconds")


def _count(number: int, singular: str, plural: str) -> str:
    return f"{number:,} {singular if number == 1 else plural}"
