"""Sanitizes what a reporter wrote: one line without passwords, keys or queries of URLs."""

import re
from urllib.parse import unquote, urlsplit, urlunsplit

from core.text import sanitize
from keyformat.redaction import redact

MAX_LENGTH = 500
_URL = re.compile(r"https?://[^\s<>\"]+")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]*@")
_LINES = re.compile(r"L\d{1,9}(-L\d{1,9})?")


def sanitize_location(text: str) -> str:
    """`text`, a URL or a few words, without secrets and at most 500 characters long."""
    stripped = _URL.sub(lambda match: _strip_url(match[0]), sanitize(text, 4 * MAX_LENGTH))
    return sanitize(_CREDENTIALS.sub("", stripped), MAX_LENGTH)


def _strip_url(url: str) -> str:
    """A URL without user, query and fragment, which may hold secrets; a fragment that names lines stays."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0]
    plain = unquote(parts.path)
    path = parts.path if redact(plain) == plain else redact(plain)
    lines = parts.fragment if _LINES.fullmatch(parts.fragment) else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", lines))
