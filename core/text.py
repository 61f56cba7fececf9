"""Sanitizes text from outside: redacts secrets, removes control characters, limits the length."""

import json
import re
from typing import Any

from keyformat.redaction import redact

HTTP_WHITESPACE = " \t"
"""All that may stand around a header's value and is no part of it (RFC 9110, section 5.6.3). str.strip() takes more."""
_CONTROLS = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e007f"
)
_CONTROL = re.compile(f"[{_CONTROLS}]+")
"""What ends a line, turns the direction of one round, shows nothing, or is no text at all."""
_ONE_CONTROL = re.compile(f"[{_CONTROLS}]")
BEFORE_PATH = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
"""What stands before the path of a whole address."""
_AFTER_PATH = re.compile(r"[?#]")


def sanitize(text: str, longest: int) -> str:
    """`text` redacted, on one line and at most `longest` characters: safe for a row and for a log."""
    if not text:
        return ""
    if text.isprintable():
        return redact(text).strip()[:longest]
    spaced, runs = _CONTROL.subn(" ", text)
    spaced, joined = redact(spaced), redact(_CONTROL.sub("", text))
    is_split = len(joined) < len(spaced) - runs  # what they split is a secret all the same
    return (joined if is_split else spaced).strip()[:longest]


def decode_header(header: str) -> str:
    """A header's value to be kept: the bytes that were sent as UTF-8, and those that are none as `\\xe9`.

    WSGI gives a value's bytes as Latin-1 text.
    """
    if header.isascii():
        return header
    try:
        return header.encode("latin-1").decode(errors="backslashreplace")
    except UnicodeEncodeError:  # it is text already
        return header


def escape_controls(text: str) -> str:
    """`text` on one line, for whatever prints or splits it: control characters are written as escapes, `\\u202e`.

    For what leaves the portal, whatever is kept: rows of before, and rows that came by no face of ours.
    """
    return text if text.isprintable() else _ONE_CONTROL.sub(_escaped, text)


def json_line(value: Any) -> str:
    """`value` as JSON on one line, which no reader of lines splits and no terminal acts upon."""
    return escape_controls(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", errors="surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def path_of(uri: str, longest: int = 500) -> str:
    """The path of a request's address, without its query, which is where people put secrets."""
    return sanitize(_AFTER_PATH.split(BEFORE_PATH.sub("", uri), maxsplit=1)[0], longest)
