"""How a run can end: one table of exit codes, and the exception that carries one (protocol.md section 11.5)."""

from enum import IntEnum


class Exit(IntEnum):
    """What the shell is told. The numbers never change."""

    OK = 0
    ERROR = 1
    USAGE = 2
    AUTH = 3
    NOT_FOUND = 4
    CONFLICT = 5
    RATE_LIMIT = 6
    FORBIDDEN = 7
    INCOMPLETE = 8
    INTERRUPTED = 130


OF_STATUS = {
    400: Exit.USAGE,
    401: Exit.AUTH,
    403: Exit.FORBIDDEN,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    413: Exit.USAGE,
    422: Exit.USAGE,
    429: Exit.RATE_LIMIT,
}
"""Exit codes of the portal's answers. Any other refusal is an ERROR."""


class Failure(Exception):
    """Ends the run: a sentence that names the offender, and a hint at what to do; `wait`: seconds, then again."""

    def __init__(self, exit: Exit, message: str, hint: str = "", wait: float | None = None) -> None:
        self.exit, self.message, self.hint, self.wait = exit, message, hint, wait
        super().__init__(message)


def usage(message: str, hint: str = "") -> Failure:
    """What was typed cannot be taken."""
    return Failure(Exit.USAGE, message, hint)
