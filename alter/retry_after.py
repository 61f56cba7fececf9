"""Reads Retry-After, by which a peer says when it wants to be asked again (RFC 9110, section 10.2.3)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MAX_WAIT = timedelta(hours=1)
"""Longer than this nobody waits for the portal in one go."""
_SECONDS = re.compile(r"0*([0-9]+)")
MAX_DIGITS = 10
"""Of a number of seconds. One with more is greater than any wait, and Python may not be able to read it."""


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the portal may be asked again, at most an hour. None: it does not say so, or not legibly."""
    wait = parse_retry_after(headers, MAX_WAIT, datetime.now(UTC))
    return None if wait is None else wait.total_seconds()


def parse_retry_after(headers: Mapping[str, str], most: timedelta, moment: datetime) -> timedelta | None:
    """How long a peer wants to be left alone from `moment` on, by its answer's headers (names in lower case).

    Seconds or an HTTP date; at most `most`. What is neither is passed over (None), and a moment that is past is now.
    """
    text = (headers.get("retry-after") or "").strip()
    if seconds := _SECONDS.fullmatch(text):
        digits = seconds[1]
        return most if len(digits) > MAX_DIGITS else min(timedelta(seconds=int(digits)), most)
    try:
        retry_at = parsedate_to_datetime(text)
        wait = retry_at.replace(tzinfo=retry_at.tzinfo or UTC) - moment
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), most)
