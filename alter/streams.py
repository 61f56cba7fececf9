"""The streams of a run: text that every encoding can take, and writing that is known to have worked.

What is shown once must not be made before it is known, as far as it can be, that showing it will work.
"""

import codecs
import contextlib
import errno
import io
import os
import stat
import sys
from collections.abc import Iterable
from typing import Any

from alter.exit_codes import Exit, Failure

ESCAPE = "alter-escape"
"""The name of `_escape_unencodable` among Python's handlers of encoding errors."""
_GONE = 0x08 | 0x10 | 0x20
"""POLLERR, POLLHUP and POLLNVAL, of any system that has poll()."""


class Unwritable(Exception):
    """Standard output did not take what was to be written; `why` says it as the system does."""

    def __init__(self, error: OSError | ValueError) -> None:
        self.why = getattr(error, "strerror", None) or str(error)
        self.is_gone = isinstance(error, BrokenPipeError)
        super().__init__(self.why)


def prepare() -> None:
    """Let no stream be missing, and let no character end a run: what an encoding lacks is written as JSON writes it."""
    codecs.register_error(ESCAPE, _escape_unencodable)
    # In this order: each takes the lowest descriptor that is free, which a connection would take otherwise.
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY), encoding="utf-8")
    if sys.stdout is None:
        # Read-only, so that writing fails: what was closed on purpose must not swallow a secret.
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ESCAPE)


def is_unicode(stream: Any) -> bool:
    """Whether a stream's encoding takes every character."""
    try:
        return codecs.lookup(stream.encoding or "ascii").name.startswith("utf")
    except (AttributeError, LookupError):
        return False


def escape(characters: str) -> str:
    """Characters as JSON escapes them: \\u and four digits, twice beyond the first 65,536."""
    units = characters.encode("utf-16-be", errors="surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def check_writable() -> None:
    """Refuse to begin what standard output will not take. Raises Failure."""
    if error := find_fault(sys.stdout):
        abandon()
        why = error.strerror or str(error)
        raise Failure(Exit.ERROR, f"Standard output cannot be written: {why}. Nothing was done.")


def find_fault(stream: Any) -> OSError | None:
    """Why a stream cannot be written to, as far as that can be known before; None: nothing is against it."""
    try:
        stream.flush()
        descriptor = stream.fileno()
        os.write(descriptor, b"")
        return _fault_of(descriptor)
    except io.UnsupportedOperation:  # held in memory
        return None
    except OSError as error:
        return error
    except ValueError:  # closed
        return OSError(errno.EBADF, os.strerror(errno.EBADF))


def settle() -> None:
    """Be sure that what was printed has arrived, as far as this side can know. Raises Unwritable."""
    try:
        sys.stdout.flush()
        sync(sys.stdout)
    except (OSError, ValueError) as error:
        raise Unwritable(error) from None


def sync(stream: Any) -> None:
    """Have a file on its disk. Pipes and terminals have none."""
    try:
        descriptor = stream.fileno()
    except (io.UnsupportedOperation, AttributeError):
        return
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fsync(descriptor)


def write_whole(parts: Iterable[bytes]) -> None:
    """Write bytes to standard output, all of them or, into a file, none. Raises Unwritable."""
    try:
        sys.stdout.flush()
        _write_whole(b"".join(parts))
    except (OSError, ValueError) as error:
        raise Unwritable(error) from None


def abandon() -> None:
    """Write nothing more to standard output: Python would try once more at its end, and complain."""
    with contextlib.suppress(OSError, ValueError, io.UnsupportedOperation):
        descriptor = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def _write_whole(data: bytes) -> None:
    try:
        descriptor = sys.stdout.fileno()
    except io.UnsupportedOperation:
        sys.stdout.buffer.write(data)
        return
    before, written = os.fstat(descriptor), 0
    try:
        while written < len(data):
            written += os.write(descriptor, data[written:])
        sync(sys.stdout)
    except OSError:
        # Cut off what is half a line, if nobody else has written behind it.
        if stat.S_ISREG(before.st_mode) and os.fstat(descriptor).st_size == before.st_size + written:
            os.ftruncate(descriptor, before.st_size)
        raise


def _fault_of(descriptor: int) -> OSError | None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return _error(errno.EPIPE) if _is_gone(descriptor) else None
    if stat.S_ISREG(mode) and hasattr(os, "fstatvfs"):
        disk = os.fstatvfs(descriptor)
        return _error(errno.ENOSPC) if disk.f_blocks and not disk.f_bfree else None
    return None


def _is_gone(descriptor: int) -> bool:
    """Whether nobody reads a pipe any more."""
    import select

    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & _GONE for _, event in poll.poll(0))


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _escape_unencodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return escape(error.object[error.start : error.end]), error.end
