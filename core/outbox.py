"""The rules of every outbox: when a row is due, how long it waits after a failure, when it is given up, who sends it.

Webhooks (audit/forwarding/deliveries.py) and mail (portal/mail/sending.py) keep rows of their own and follow these.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from core.clock import now

MAX_CLAIM = timedelta(minutes=1)
"""How long a try that was cut off by a crash keeps others from trying."""
Row = TypeVar("Row")
_random = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Backoff:
    """Longer and longer waits, and an end."""

    waits: tuple[timedelta, ...]
    """The wait before each retry. After the last, what is sent is given up."""
    jitter: float = 0.0
    """The part of a wait that it may be longer or shorter by, so that what failed together is not retried together."""

    @property
    def max_tries(self) -> int:
        """The first try, and each retry."""
        return len(self.waits) + 1

    @property
    def max_wait(self) -> timedelta:
        """The longest wait there is, jitter included."""
        return max(self.waits) * (1 + self.jitter)

    def wait(self, tries: int, at_least: timedelta = timedelta(0)) -> timedelta | None:
        """How long to wait after the failure of try number `tries`. None: it is given up."""
        if tries >= self.max_tries:
            return None
        return max(self.waits[tries - 1] * _random.uniform(1 - self.jitter, 1 + self.jitter), at_least)


def has_come(column: str, max_wait: timedelta) -> Q:
    """Rows whose moment is not ahead. One further ahead than `max_wait` was written before the clock was set back."""
    moment = now()
    return Q(**{f"{column}__lte": moment}) | Q(**{f"{column}__gt": moment + max_wait})


def is_ahead(at: datetime, max_wait: timedelta) -> bool:
    """The same of a moment at hand: whether it is still to come."""
    moment = now()
    return moment < at <= moment + max_wait


def is_free(column: str, max_wait: timedelta) -> Q:
    """Rows that nothing holds back: they have no such moment, or it has come."""
    return Q(**{column: None}) | has_come(column, max_wait)


def claim(due: QuerySet[Any], row: Model, counter: str, **changes: Any) -> bool:
    """Take a due row for one try, as one statement. False: another process has it.

    The try is counted before anything is sent, and `changes` keep the row from being due meanwhile: a try that ends
    with a crash is not begun anew for ever.
    """
    tries: int = getattr(row, counter)
    mine = due.filter(pk=row.pk, **{counter: tries})
    if not mine.update(**{counter: tries + 1}, **changes):
        return False
    setattr(row, counter, tries + 1)
    return True


def send_each(rows: Iterable[Row], send: Callable[[Row], int], seconds: float) -> int:
    """Send what is due, until it took `seconds`; return how much was done. After the time at least 1: there is more."""
    ends, done = time.monotonic() + seconds, 0
    for row in rows:
        if time.monotonic() > ends:
            return max(done, 1)
        done += send(row)
    return done
