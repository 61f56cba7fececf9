"""Reads Retry-After: how long the portal, or what stands before it, wants to be left alone."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_SECONDS = 3600.0
"""Longer than this nobody waits in one go."""
_SECONDS = re.compile(r"[0-9]{1,12}")


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until it may be asked again, MAX_SECONDS at the most. None: it does not say so, or not legibly."""
    text = (headers.get("retry-after") or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), MAX_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    wait = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(wait, 0.0), MAX_SECONDS)
