"""Masks the value of a setting for an error message.

Standard library only, and nothing newer than Python 3.7, as in tools/dev.py, whose sentences need it, too.
"""

from __future__ import annotations

import re

HIDDEN = "…"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://")
_TAIL = re.compile(r"[/\\?#].*", re.S)
_HARMLESS_TAIL = re.compile(r"/(?:[0-9]{1,3})?")
"""Nothing, or the length of a range's prefix."""
_PORT = re.compile(r"[0-9]{0,5}")
_IPV6 = re.compile(
    r"\[?(?:[0-9A-Fa-f]{0,4}:){2,8}(?:[0-9A-Fa-f]{0,4}|[0-9]{1,3}(?:\.[0-9]{1,3}){3})\]?(?::[0-9]{1,5})?"
)
_UNLIKE_A_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[/\\]|[@?]")
"""What shows that an address was written where a path belongs."""


def mask_value(text: str) -> str:
    """`text` with its scheme and host alone: no user's name or password, no path or query, and no port but a number."""
    scheme = _SCHEME.match(text)
    start = scheme.group() if scheme else ""
    _, at, rest = text[len(start) :].rpartition("@")
    tail = _TAIL.search(rest)
    host = rest[: tail.start()] if tail else rest
    return f"{start}{HIDDEN if at else ''}{at}{_mask_port(host)}{_mask_tail(tail.group() if tail else '')}"


def mask_path(text: str) -> str:
    """A path, of which all is shown, unless it is an address that was written in its place."""
    return mask_value(text) if _UNLIKE_A_PATH.search(text) else text


def _mask_port(place: str) -> str:
    host, colon, port = place.partition(":")
    is_shown = _IPV6.fullmatch(place) or _PORT.fullmatch(port)
    return place if is_shown else f"{host}{colon}{HIDDEN}"


def _mask_tail(tail: str) -> str:
    return tail if not tail or _HARMLESS_TAIL.fullmatch(tail) else f"{tail[0]}{HIDDEN}"
