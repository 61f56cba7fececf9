"""Reads the origin of a request from its WSGI environment."""

from collections.abc import Mapping
from typing import Any

from audit.actors import Origin
from core.addresses import client_address
from core.ids import new_hex
from core.text import decode_header, sanitize


def origin_of(meta: Mapping[str, Any], via: str) -> Origin:
    """The origin of a request that came in by the face `via`."""
    return Origin(
        via=via,
        ip=str(client_address(meta) or ""),
        user_agent=sanitize(decode_header(str(meta.get("HTTP_USER_AGENT", ""))), 300),
        request_id=request_id(meta),
    )


def request_id(meta: Mapping[str, Any]) -> str:
    """The caller's X-Request-ID, so that logs can be joined, or a fresh one."""
    header = decode_header(str(meta.get("HTTP_X_REQUEST_ID", "")))
    return sanitize(header.encode("ascii", "backslashreplace").decode(), 64) or new_hex()
