"""What a reporter says, as it may be kept: no password, key or query of an address in it, on one line."""

import re
from urllib.parse import unquote, urlsplit, urlunsplit

from core.text import keepable
from keyformat.redaction import redact

LONGEST = 500
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]*@")
_LINES = re.compile(r"L\d{1,9}(-L\d{1,9})?")


def clean(told: str) -> str:
    """`told`, an address or a few words, cut to what may be kept of it: at most 500 characters."""
    text = _ADDRESS.sub(lambda found: _address(found[0]), keepable(told, 4 * LONGEST))
    return keepable(_CREDENTIALS.sub("", text), LONGEST)


def _address(url: str) -> str:
    """An address without user, query and fragment, which is where secrets stand; a fragment that names lines stays."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0]
    plain = unquote(parts.path)
    path = parts.path if redact(plain) == plain else redact(plain)
    lines = parts.fragment if _LINES.fullmatch(parts.fragment) else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", lines))
