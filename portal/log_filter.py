"""Keeps keys out of the process's own log, tracebacks included, and each message on one line."""

import logging

from core.text import escape_controls
from keyformat.redaction import redact


class RedactingFormatter(logging.Formatter):
    """Formats as usual, escapes control characters, and cuts every key in the finished text down to its prefix."""

    def format(self, record: logging.LogRecord) -> str:
        return redact("\n".join(map(escape_controls, super().format(record).split("\n"))))

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line without its traceback. A message that has lines of its own does not look like several."""
        return escape_controls(super().formatMessage(record))
