"""Honors the Retry-After header of peers."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Q

from alter.retry_after import parse_retry_after
from core.clock import now
from core.outbox import is_ahead, is_free
from core.reachable_hosts import UnreachableHost

MAX_RETRY_AFTER = timedelta(hours=24)
"""A peer that asks for more is asked again after this."""


class AskedToWait(UnreachableHost):
    """The peer answered, and said when it wants to be asked again."""

    def __init__(self, message: str, wait: timedelta) -> None:
        super().__init__(message)
        self.wait = wait


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long a peer wants to be left alone, by its answer's headers (names in lower case). None: it does not say.

    At most MAX_RETRY_AFTER.
    """
    return parse_retry_after(headers, MAX_RETRY_AFTER, now())


def may_ask(column: str = "not_before") -> Q:
    """Rows of peers that may be asked now."""
    return is_free(column, MAX_RETRY_AFTER)


def is_early(not_before: datetime | None) -> bool:
    """The same of one that is at hand: whether it is too early to ask."""
    return not_before is not None and is_ahead(not_before, MAX_RETRY_AFTER)


def wait_words(wait: timedelta) -> str:
    """A sentence for a page: until when a peer is left alone."""
    return f" Retry-After: {now() + wait:%d %B %H:%M} UTC."
