"""A lock between the processes of one machine, by a file; it ends with its process.

Standard library only, and nothing newer than Python 3.7, as in tools/dev.py, which imports it.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


STEP = 0.1
"""Seconds between two tries."""


@contextlib.contextmanager
def file_lock(path: Path, on_wait: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold the lock of the file `path`, which is made if need be; `on_wait` is called once if another holds it.

    The file stays: if it were removed, two processes could hold locks of two files of one name. Raises OSError.
    """
    with path.open("ab") as file:
        if not _taken(file):
            on_wait()
            while not _taken(file):
                time.sleep(STEP)
        yield


def _taken(file: BinaryIO) -> bool:
    try:
        _try_lock(file)
    except (BlockingIOError, PermissionError):  # what POSIX and Windows say of a lock that another holds
        return False
    return True
