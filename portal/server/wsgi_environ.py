"""Turns a request, as its bytes came, into the WSGI environment that every face reads its facts from.

Where a WSGI server would merge `X-Forwarded-For` and `X_Forwarded_For` into one name, or leave out a value that is not
ASCII, nothing is merged and nothing is left out here: a header whose name holds `_` counts as nothing, and a value is
the bytes that were sent, as Latin-1 text (PEP 3333). The environment of the process is no part of it.
"""

import io
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

Header = tuple[bytes, bytes]
_BEFORE_PATH = re.compile(rb"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_OF_THE_CONNECTION = frozenset((b"transfer-encoding", b"expect", b"connection", b"keep-alive"))
"""What concerns the connection alone, which ends here."""
_JOINED_BY = {"HTTP_COOKIE": "; ", "HTTP_IDEMPOTENCY_KEY": "\n"}
"""What stands between the values of a header that was sent twice, if not a comma. An idempotency key may hold a
comma, and is one text: so that two are told from one, and refused, they are joined by what no header can hold."""
MAX_CACHED_NAME = 64
"""Characters of a header's name whose variable is remembered: longer ones come from nobody twice."""


def is_meant(name: bytes) -> bool:
    """Whether a header of this name counts: one that holds `_` could pass for another, so it does not."""
    return b"_" not in name


def make(
    method: str,
    target: bytes,
    headers: Iterable[Header],
    *,
    peer: tuple[str, int] | None,
    server: tuple[str, int | None] | None,
    version: str = "1.1",
) -> dict[str, Any]:
    """The environment of a request without a body. `target` is what stood in the request line."""
    target = _BEFORE_PATH.sub(b"", target) or b"/"
    path, _, query = target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": target.decode("latin-1"),
        "REMOTE_ADDR": peer[0] if peer else "",
        "SERVER_NAME": server[0] if server else "localhost",
        "SERVER_PORT": str(server[1] or 0) if server else "0",
        "SERVER_PROTOCOL": f"HTTP/{version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        if name not in _OF_THE_CONNECTION and is_meant(name):
            _add(environ, name, value.decode("latin-1"))
    return environ


def with_body(environ: dict[str, Any], body: bytes) -> None:
    """Give `environ` its body, whole."""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def escaped(target: bytes) -> bytes:
    """`target` in ASCII, for the server's own reading of it."""
    return _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], target)


def _add(environ: dict[str, Any], name: bytes, value: str) -> None:
    variable = _variable(name) if len(name) <= MAX_CACHED_NAME else _variable_of(name)
    if variable in environ:
        value = f"{environ[variable]}{_JOINED_BY.get(variable, ', ')}{value}"
    environ[variable] = value


def _variable_of(name: bytes) -> str:
    variable = name.decode("latin-1").upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


_variable = lru_cache(1024)(_variable_of)
