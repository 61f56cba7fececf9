"""The value language of time: `30d`, `12h`, `5m`, or an ISO 8601 moment (protocol.md section 11.6)."""

import re
from datetime import UTC, datetime, timedelta

from audit.clock import now
from audit.refusals import Invalid

LONGEST = timedelta(days=3650)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SHAPE = re.compile(r"([1-9][0-9]{0,5})\s*([smhdw])")


def parse_duration(text: str, field: str = "expires_in") -> timedelta:
    """`90d` as a timedelta of at most ten years. Raises Invalid."""
    found = _SHAPE.fullmatch(text.strip().lower())
    if not found:
        raise Invalid(field, "Write a number and a unit: 30d, 12h or 5m.")
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if duration > LONGEST:
        raise Invalid(field, "Ten years (3650d) is the longest.")
    return duration


def parse_moment(text: str, field: str = "expires_at") -> datetime:
    """An ISO 8601 moment, UTC if it names no zone. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(field, "Write a moment such as 2027-02-20T14:32:00Z.") from None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise Invalid(field, "That moment is out of range.") from None


def parse_since(text: str, field: str = "since") -> datetime:
    """A moment, or a span before now: `24h`. Raises Invalid."""
    return (
        now() - parse_duration(text, field)
        if _SHAPE.fullmatch(text.strip().lower())
        else parse_moment(text, field)
    )
