"""The timeout of audit log queries; a query that exceeds it asks the reader to narrow it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import OperationalError, connection, transaction

from core.errors import TooBroad

T = TypeVar("T")

PAGE_TIMEOUT = 4.0
"""Seconds that a reader waits for what was asked."""
EXTRA_TIMEOUT = 2.0
"""Seconds for what stands beside it: figures, counts."""
_CANCELED = "57014"
_STEPS = 5_000
"""Of SQLite's program between two looks at the clock: under a millisecond."""


@contextmanager
def query_timeout(seconds: float = PAGE_TIMEOUT) -> Iterator[None]:
    """Stop a statement of this block that takes longer. Raises TooBroad. Read all rows within; do not nest.

    On SQLite the whole block has `seconds`, on PostgreSQL each statement.
    """
    limited = _on_postgres if connection.vendor == "postgresql" else _on_sqlite
    try:
        with limited(seconds):
            yield
    except OperationalError as error:
        if _was_stopped(error):
            raise TooBroad from None
        raise


def none_if_too_broad(read: Callable[[], T]) -> T | None:
    """What `read` returns within the time for what stands beside a page. None: it takes too long."""
    try:
        with query_timeout(EXTRA_TIMEOUT):
            return read()
    except TooBroad:
        return None


@contextmanager
def _on_postgres(seconds: float) -> Iterator[None]:
    """The setting ends with the transaction; within another one it is set back."""
    within_another = connection.in_atomic_block
    limit = "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(limit, [str(max(round(seconds * 1000), 1))])
        before = cursor.fetchone()[0]
        yield
        if within_another:
            cursor.execute(limit, [before])


@contextmanager
def _on_sqlite(seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    ends = time.monotonic() + seconds
    connection.connection.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
    try:
        yield
    finally:
        if connection.connection:
            connection.connection.set_progress_handler(None, 0)


def _was_stopped(error: OperationalError) -> bool:
    """Whether the time ran out, and not the database's."""
    return getattr(error.__cause__, "sqlstate", "") == _CANCELED or str(error) == "interrupted"
