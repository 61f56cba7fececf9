"""Appends whole lines to a file that another program reads and rotates.

A line that a crash or a full disk cut short is cut back before anything follows it. The file is opened anew each time:
where logrotate has put another file in its place, that one is written to.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.text import escape_controls

try:
    import fcntl
except ImportError:  # on Windows one process serves
    fcntl = None  # type: ignore[assignment]

MAX_TORN = 256 * 1024
"""Bytes of a line at the most. A longer one was not written by the portal."""
_FLAGS = ("O_APPEND", "O_CREAT", "O_RDWR", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
_CHUNK = 64 * 1024


def append(path: Path, lines: Sequence[str]) -> None:
    """Write whole lines at its end, on the disk before this returns. Raises OSError; then none of them is there."""
    with _opened(path) as number:
        start = _cut_back(number)
        _write(number, "".join(f"{escape_controls(line)}\n" for line in lines).encode(), start)
        if start == 0:
            _keep_name(path)


def whole_lines(tail: bytes) -> list[bytes]:
    """The lines of a file's end that are whole: what stands after the last line break was cut short."""
    return tail[: tail.rfind(b"\n") + 1].splitlines()


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file, for nobody else who appends. Raises OSError for what is no file: a pipe would hold the portal up."""
    try:
        number = os.open(path, sum({getattr(os, name, 0) for name in _FLAGS}), 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise _no_file(path) from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise _no_file(path)
        if fcntl:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield number
    finally:
        os.close(number)


def _no_file(path: Path) -> OSError:
    what = "is a symbolic link" if path.is_symlink() else "is no file"
    return OSError(errno.EINVAL, f"{path} {what}: name a file that lines can be appended to")


def _cut_back(number: int) -> int:
    """Take away what stands after the last line break; the size that is left. Raises OSError if that is too much."""
    size = end = os.fstat(number).st_size
    while end > 0:
        begin = max(0, end - _CHUNK)
        at = os.pread(number, end - begin, begin).rfind(b"\n")
        if at >= 0:
            end = begin + at + 1
            break
        end = begin
        if size - end > MAX_TORN:
            raise OSError(errno.EINVAL, "its last line is too long to be the portal's")
    if end < size:
        os.ftruncate(number, end)
    return end


def _write(number: int, data: bytes, start: int) -> None:
    """All of `data`, or nothing: a full disk must not leave half a line, nor lines that will come once more."""
    written = 0
    try:
        while written < len(data):
            written += os.write(number, memoryview(data)[written:])
        os.fsync(number)
    except OSError:
        if os.fstat(number).st_size == start + written:  # nobody turned it over meanwhile
            os.ftruncate(number, start)
        raise


def _keep_name(path: Path) -> None:
    """A new file's name is in its folder, which is on the disk only then."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
