"""Runs a function in a thread with a deadline."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def run_within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises. Raises TimeoutError after so many seconds, whatever it still waits for.

    It runs in a thread of its own, which ends when its sockets do; it must not use the database.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="within a deadline", daemon=True).start()
    return done.result(seconds)
