"""What the front itself says when Django is not asked: a refusal as JSON for programs, as a sentence for people."""

import json
from http import HTTPStatus

from core.errors import BadRequest, Refusal, Unavailable
from core.ids import new_hex

STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def not_http() -> Refusal:
    """The refusal of what is not a request in HTTP/1.1."""
    return BadRequest("This is not a request in HTTP/1.1.", hint="Check the request line and the headers.")


def too_many() -> Refusal:
    """The refusal of a request for which there is no place."""
    return Unavailable("Too many requests are waiting. Nothing was changed.")


def headers_and_body(refusal: Refusal, *, for_programs: bool) -> tuple[list[tuple[str, str]], bytes]:
    """The headers and the body that say `refusal`."""
    if for_programs:
        kind, body = "application/json", json.dumps(refusal.body()).encode()
    else:
        kind, body = "text/plain; charset=utf-8", f"{refusal.message} {refusal.hint}\n".encode()
    headers = {
        "Content-Type": kind,
        "Cache-Control": "no-store",
        "X-Request-Id": new_hex(),
        **refusal.headers(),
        "Content-Length": str(len(body)),
    }
    return list(headers.items()), body


def response(refusal: Refusal, *, for_programs: bool) -> bytes:
    """The bytes of a whole response that says `refusal`, after which the connection is closed."""
    headers, body = headers_and_body(refusal, for_programs=for_programs)
    return head(refusal.status, headers) + b"connection: close\r\n\r\n" + body


def head(status: int, headers: list[tuple[str, str]]) -> bytes:
    """The status line and the headers, without the empty line that ends them."""
    return STATUS_LINES[status] + encoded(headers)


def encoded(headers: list[tuple[str, str]]) -> bytes:
    """Headers as they are sent."""
    return "".join([f"{name}: {value}\r\n" for name, value in headers]).encode("latin-1", "replace")
