"""The exit codes of the command, and the exception that carries one (docs/cli.md)."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes. The numbers never change."""

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


EXIT_BY_STATUS = {
    400: Exit.USAGE,
    401: Exit.AUTH,
    403: Exit.FORBIDDEN,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    413: Exit.USAGE,
    422: Exit.USAGE,
    429: Exit.RATE_LIMIT,
}
"""The exit code of each response status. Others are ERROR."""


class Failure(Exception):
    """Ends the run with a message and a hint; `wait`: seconds until a retry."""

    def __init__(self, exit: Exit, message: str, hint: str = "", wait: float | None = None) -> None:
        self.exit, self.message, self.hint, self.wait = exit, message, hint, wait
        super().__init__(message)


def usage(message: str, hint: str = "") -> Failure:
    """The error of an invalid option or value."""
    return Failure(Exit.USAGE, message, hint)
