"""Appends lines to a file that another program reads and turns over."""

import os
from collections.abc import Sequence
from pathlib import Path

from audit.text import visible


def append(path: Path, lines: Sequence[str]) -> None:
    """Write whole lines at its end, on the disk before this returns. Raises OSError.

    It is opened anew each time: where logrotate has put another file in its place, that one is written to.
    """
    with path.open("a+b") as opened:
        if not _ends_whole(opened.fileno()):
            opened.write(b"\n")  # a crash cut the last line short
        opened.write("".join(f"{visible(line)}\n" for line in lines).encode())
        opened.flush()
        os.fsync(opened.fileno())


def _ends_whole(number: int) -> bool:
    size = os.fstat(number).st_size
    return size == 0 or os.pread(number, 1, size - 1) == b"\n"
