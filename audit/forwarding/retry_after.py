"""Reads Retry-After, by which a peer says when it wants to be asked again (RFC 9110, section 10.2.3)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.db.models import Q

from audit.clock import now
from audit.forwarding.reach import Unreachable

MAX_RETRY_AFTER = timedelta(hours=24)
"""A peer that asks for more is asked again after this."""
_SECONDS = re.compile(r"0*([0-9]+)")
MAX_DIGITS = 10
"""Of a number of seconds. One with more is greater than any wait, and Python may not be able to read it."""


class AskedToWait(Unreachable):
    """The peer answered, and said when it wants to be asked again."""

    def __init__(self, says: str, wait: timedelta) -> None:
        super().__init__(says)
        self.wait = wait


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long a peer wants to be left alone, by its answer's headers (names in lower case). None: it does not say.

    Seconds or an HTTP date; at most MAX_RETRY_AFTER. What is neither is passed over, and a moment that is past is now.
    """
    text = headers.get("retry-after", "").strip()
    if seconds := _SECONDS.fullmatch(text):
        digits = seconds[1]
        return (
            MAX_RETRY_AFTER
            if len(digits) > MAX_DIGITS
            else min(timedelta(seconds=int(digits)), MAX_RETRY_AFTER)
        )
    try:
        moment = parsedate_to_datetime(text)
        wait = moment.replace(tzinfo=moment.tzinfo or UTC) - now()
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), MAX_RETRY_AFTER)


def may_ask(column: str = "not_before") -> Q:
    """Rows of peers that may be asked now. A wish beyond the longest was written before the clock was set back."""
    moment = now()
    early = Q(**{f"{column}__gt": moment, f"{column}__lte": moment + MAX_RETRY_AFTER})
    return Q(**{column: None}) | ~early


def is_early(not_before: datetime | None) -> bool:
    """The same of one that is at hand: whether it is too early to ask."""
    moment = now()
    return not_before is not None and moment < not_before <= moment + MAX_RETRY_AFTER


def in_words(wait: timedelta) -> str:
    """A sentence for a page: until when a peer is left alone."""
    return f" It asks to be left alone until {now() + wait:%d %B %H:%M} UTC."
