"""The target of a signed request, byte for byte as it was sent: its path, decoded once, and its query.

Bytes that are no UTF-8 stay what they are, as lone surrogates: what replaces them would make different targets alike.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

from core.text import BEFORE_PATH
from keys.routes.canonical_path import find_reread

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Target(NamedTuple):
    """Where a request goes. Both are text whose lone surrogates stand for bytes that are no UTF-8."""

    path: str
    query: str
    ambiguous: bool = False
    """Whether another target has the same canonical text: with an encoded `?` in its path, half an escape, or a `#`.

    Of a call to a service also whether it may read the path in another way than its canonical text is read.
    """


def from_environ(environ: Mapping[str, Any]) -> Target:
    """The target of a request, from its WSGI environment: RAW_URI where the server tells it, else what it decoded."""
    if raw := environ.get("RAW_URI"):
        return parse(str(raw))
    path = _decoded(_sent(str(environ.get("PATH_INFO", ""))))
    query = _decoded(_sent(str(environ.get("QUERY_STRING", ""))))
    return Target(path, query, "?" in path or "#" in query or bool(_BROKEN_ESCAPE.search(query)))


def parse(raw: str) -> Target:
    """A target as it stands in a request line, or in a header that repeats one; its bytes as Latin-1."""
    before, _, query = BEFORE_PATH.sub("", raw).partition("?")
    path = _decoded(unquote_to_bytes(_sent(before)))
    ambiguous = "?" in path or "#" in raw or bool(_BROKEN_ESCAPE.search(before + query))
    return Target(path, _decoded(_sent(query)), ambiguous)


def parse_service(raw: str) -> Target:
    """The target of a call to a service, as a gateway repeats it. The portal does not know how the service reads it.

    The portal's own routes read the decoded path, so for calls to itself `parse()` is enough.
    """
    target = parse(raw)
    sent = BEFORE_PATH.sub("", raw).partition("?")[0]
    return target._replace(ambiguous=target.ambiguous or bool(find_reread(sent, target.path)))


def canonical(path: str, query: str) -> str:
    """The decoded path, and the query's pairs sorted and encoded anew."""
    if not query:
        return path
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    return f"{path}?{urlencode(sorted(pairs), errors='surrogateescape')}"


def _sent(text: str) -> bytes:
    """The bytes that a server or a gateway handed on as Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def _decoded(sent: bytes) -> str:
    return sent.decode(errors="surrogateescape")
