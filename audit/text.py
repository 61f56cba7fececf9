"""Makes text from outside fit to keep: no secrets, no control characters, no longer than its column."""

import re

_SECRET = re.compile(r"(alter_(?:key_(?:app|agent|derived)|pat|gateway)_[0-9A-Za-z]{8})[0-9A-Za-z]{6,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
"""What ends a line, turns the direction of one round, or is no text at all."""
BEFORE_PATH = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
"""What stands before the path of a whole address."""
_AFTER_PATH = re.compile(r"[?#]")


def redact(text: str) -> str:
    """`text` with every key or access token in it cut down to its prefix."""
    return _SECRET.sub(r"\1[redacted]", text) if "alter_" in text else text


def keepable(text: str, longest: int) -> str:
    """`text` redacted, on one line and at most `longest` characters: safe for a row and for a log."""
    if not text:
        return ""
    shown = text if text.isprintable() else _CONTROL.sub(" ", text)
    return redact(shown).strip()[:longest]


def as_sent(header: str) -> str:
    """A header's value to be kept: the bytes that were sent as UTF-8, and those that are none as `\\xe9`.

    WSGI gives a value's bytes as Latin-1 text.
    """
    if header.isascii():
        return header
    try:
        return header.encode("latin-1").decode(errors="backslashreplace")
    except UnicodeEncodeError:  # it is text already
        return header


def path_of(uri: str, longest: int = 500) -> str:
    """The path of a request's address, without its query, which is where people put secrets."""
    return keepable(_AFTER_PATH.split(BEFORE_PATH.sub("", uri), maxsplit=1)[0], longest)
