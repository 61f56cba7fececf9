"""The clock of the product, which tests and the demo can set."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_said: ContextVar[datetime | None] = ContextVar("said_time", default=None)


def now() -> datetime:
    """The current moment, in UTC, to the microsecond."""
    return _said.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within this block it is `moment` (aware) and time stands still."""
    token = _said.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _said.reset(token)
