"""Parses durations (`30d`, `12h`, `5m`), moments (`2027-02-20T14:32:00Z`) and days (`2027-02-20`).

A day is a whole day in UTC: what ends on it ends with it, what is wanted since it begins with it, and what is wanted
until it holds all of it. docs/api.md says so for every face.
"""

import re
from datetime import UTC, date, datetime, time, timedelta

from core.clock import now
from core.errors import Invalid

MAX_DURATION = timedelta(days=3650)
MIN_YEAR, MAX_YEAR = 1970, 2999
"""Years that a moment may be of: arithmetic with it stays far from where calendars end."""
MAX_OFFSET = timedelta(hours=14)
FORMS = (
    "Write a moment such as 2027-02-20T14:32:00Z or 2027-02-20 14:32+02:00, UTC without a zone; "
    "or a day, 2027-02-20."
)
_A_DAY = timedelta(days=1)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SHAPE = re.compile(r"([1-9][0-9]{0,5}) ?([smhdw])")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]((?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?)"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-5][0-9]))?)?"
)


def is_duration(text: str) -> bool:
    """Whether `text` is meant as a length of time: `24h`."""
    return _SHAPE.fullmatch(text.strip(" ").lower()) is not None


def parse_duration(text: str, field: str = "expires_in") -> timedelta:
    """`90d` as a timedelta of at most ten years. Raises Invalid."""
    match = _SHAPE.fullmatch(text.strip(" ").lower())
    if not match:
        raise Invalid(field, "Write a number and a unit: 30d, 12h or 5m.")
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if duration > MAX_DURATION:
        raise Invalid(field, "Ten years (3650d) is the longest.")
    return duration


def parse_end(expires_in: str | None, expires_at: str | None = None) -> datetime | None:
    """When something ends, said as a length of time or as a moment; None, none of them: not by itself. Raises Invalid.

    An empty text is neither: whoever meant an end and sent nothing must not get what has none.
    """
    if expires_in is not None and expires_at is not None:
        raise Invalid("expires_at", "Say expires_in or expires_at, not both.")
    if expires_in is not None:
        return now() + parse_duration(expires_in)
    return None if expires_at is None else parse_moment(expires_at)


def parse_moment(text: str, field: str = "expires_at") -> datetime:
    """The moment at which something ends, in UTC; of a day its last second. Raises Invalid."""
    parsed = _read(text, field)
    return parsed if isinstance(parsed, datetime) else _midnight(parsed) + _A_DAY - timedelta(seconds=1)


def parse_instant(text: str, field: str) -> datetime:
    """A moment at which something happened, in UTC: a day alone is none. Raises Invalid."""
    parsed = _read(text, field)
    if not isinstance(parsed, datetime):
        raise Invalid(field, "Write the time of day as well: 2027-02-20T14:32:00Z.")
    return parsed


def parse_since(text: str, field: str = "since") -> datetime:
    """The first moment that is wanted: of a day its beginning; a span such as `24h` is counted back from now.

    Raises Invalid.
    """
    return _bound(text, field, timedelta(0))


def parse_until(text: str, field: str = "until") -> datetime:
    """The first moment that is not wanted any more: of a day the end; a span as for parse_since(). Raises Invalid."""
    return _bound(text, field, _A_DAY)


def _bound(text: str, field: str, of_a_day: timedelta) -> datetime:
    if is_duration(text):
        return now() - parse_duration(text, field)
    parsed = _read(text, field)
    return parsed if isinstance(parsed, datetime) else _midnight(parsed) + of_a_day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _read(text: str, field: str) -> datetime | date:
    """What is written: a moment in UTC, or a day. Raises Invalid."""
    match = _MOMENT.fullmatch(text.strip(" "))
    if not match:
        raise Invalid(field, FORMS)
    try:
        day = date.fromisoformat(match[1])
    except ValueError:
        raise Invalid(field, f"{FORMS} There is no such day.") from None
    if not MIN_YEAR <= day.year <= MAX_YEAR:
        raise Invalid(field, f"{FORMS} Years are from {MIN_YEAR} to {MAX_YEAR}.")
    if not match[2]:
        return day
    return datetime.combine(day, time.fromisoformat(match[2]), UTC) - _offset(match, field)


def _offset(match: re.Match[str], field: str) -> timedelta:
    """How far the zone that is written lies ahead of UTC; nothing if none is."""
    if not match[3]:
        return timedelta(0)
    offset = timedelta(hours=int(match[4]), minutes=int(match[5]))
    if offset > MAX_OFFSET:
        raise Invalid(field, f"{FORMS} There is no such offset from UTC.")
    return offset if match[3] == "+" else -offset
