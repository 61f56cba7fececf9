"""Keeps keys out of the process's own log, tracebacks included."""

import logging

from audit.text import redact


class RedactingFormatter(logging.Formatter):
    """Formats as usual, then cuts every key in the finished text down to its prefix."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
