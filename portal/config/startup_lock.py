"""Lets one process at a time prepare the database; others wait until it is done, and say so."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from core import file_lock
from portal.config.startup_errors import unpooled

LOCK = 0x616C7465725F6D67
"""The number of the advisory lock on PostgreSQL. It is of a session, and ends with the process that holds it."""


@contextmanager
def preparing(connection: BaseDatabaseWrapper, on_wait: Callable[[], object]) -> Iterator[None]:
    """Hold the lock of the database behind `connection`; `on_wait` is called once if another process has it."""
    if connection.vendor == "postgresql":
        with _advisory(unpooled(connection), on_wait):
            yield
    elif str(connection.settings_dict["NAME"]).startswith(
        (":memory:", "file:memorydb")
    ):  # nobody else sees it
        yield
    else:
        path = Path(connection.settings_dict["NAME"])
        with file_lock.file_lock(path.with_name(f"{path.name}.lock"), on_wait):
            yield


@contextmanager
def _advisory(connection: BaseDatabaseWrapper, on_wait: Callable[[], object]) -> Iterator[None]:
    try:
        if not _taken(connection):
            on_wait()
            while not _taken(connection):
                time.sleep(file_lock.STEP)
        yield
    finally:
        connection.close()


def _taken(connection: BaseDatabaseWrapper) -> bool:
    # Asked again and again: a wait inside the server would end where the operator bounds statements.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])
