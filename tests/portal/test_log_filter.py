"""The process's own log keeps no key."""

import logging

from keys.plaintext import generate
from portal.log_filter import RedactingFormatter


def test_a_key_in_a_traceback_is_cut_to_its_prefix() -> None:
    secret = generate("app").take()
    try:
        raise ValueError(f"bad header {secret}")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "f", 1, "got %s", (secret,), (type(error), error, None)
        )
    line = RedactingFormatter("{message}", style="{").format(record)
    assert secret not in line
    assert line.count(secret[:22]) == 2
