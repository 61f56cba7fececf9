"""Sends one HTTP request to an allowed address, without redirects, within a timeout.

It stands on the transport of httpx2. What is looked up is what is connected to, so that a name cannot lead elsewhere
between the two; and every wait ends at one moment, so that a receiver that answers a byte at a time holds up nobody.
"""

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import httpcore2

from core.hosts import canonical_url, parse_origin
from core.reachable_hosts import UnreachableHost, addresses_of
from core.retry_after import AskedToWait, retry_after, wait_words
from core.text import sanitize

TIMEOUT = 10.0
MAX_ADDRESSES = 3


class Answer(NamedTuple):
    """What a peer answered, as far as it is read."""

    status: int
    wait: timedelta | None
    """How long it wants to be left alone. None: it does not say."""


def post(url: str, headers: Mapping[str, str], body: bytes, seconds: float = TIMEOUT) -> Answer:
    """The status of the answer to `body`, and its Retry-After; its body is not read. Raises UnreachableHost."""
    with _answer("POST", url, headers, body, seconds) as response:
        return Answer(int(response.status), _wait(response))


def fetch(url: str, headers: Mapping[str, str], *, most: int, seconds: float = TIMEOUT) -> bytes:
    """What is at `url`, at most `most` bytes of it. Raises UnreachableHost for more, and for any status but 200."""
    with _answer("GET", url, headers, b"", seconds) as response:
        _must_be_asked(response)
        if response.status != 200:
            raise UnreachableHost(status_error(int(response.status)))
        return _body(response, most)


def ask(
    url: str, headers: Mapping[str, str], body: bytes, *, most: int, seconds: float = TIMEOUT
) -> tuple[int, bytes]:
    """Status and body of the answer to `body`, at most `most` bytes. Raises UnreachableHost, and AskedToWait of it.

    For an address that the operator's settings name, which may be of the portal's own network.
    """
    with _answer("POST", url, headers, body, seconds, own=True) as response:
        _must_be_asked(response)
        return int(response.status), _body(response, most)


def status_error(status: int) -> str:
    """What to say of an answer that is none of those wanted."""
    return f"HTTP status {status}.{' Redirects are not followed.' if 300 <= status < 400 else ''}"


def _must_be_asked(response: httpcore2.Response) -> None:
    """Raise AskedToWait if this answer says when to come again."""
    wait = _wait(response)
    if wait is not None and response.status != 200:
        raise AskedToWait(f"{status_error(int(response.status))}{wait_words(wait)}", wait)


def _wait(response: httpcore2.Response) -> timedelta | None:
    return retry_after(
        {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    )


def _body(response: httpcore2.Response, most: int) -> bytes:
    read = b""
    for piece in response.iter_stream():
        read += piece
        if len(read) > most:
            raise UnreachableHost(f"The response is longer than {most} bytes.")
    return read


@contextmanager
def _answer(
    method: str, url: str, headers: Mapping[str, str], body: bytes, seconds: float, *, own: bool = False
) -> Iterator[httpcore2.Response]:
    """The answer to one request, as it begins to come in. Raises UnreachableHost, then and while it is read."""
    backend = _CheckedBackend(time.monotonic() + seconds, own)
    try:
        url = canonical_url(url)
    except ValueError:
        raise UnreachableHost("Invalid URL.") from None
    # Said here, because httpcore2 leaves the brackets of an IPv6 address out.
    host = parse_origin(url).netloc
    fields = [(b"Host", host.encode()), *((name.encode(), value.encode()) for name, value in headers.items())]
    try:
        with (
            httpcore2.ConnectionPool(ssl_context=_trust(), network_backend=backend) as pool,
            pool.stream(method, url, headers=fields, content=body) as response,
        ):
            yield response
    except httpcore2.TimeoutException:
        raise UnreachableHost(f"Timed out after {seconds:g} seconds.") from None
    except httpcore2.ProtocolError:
        raise UnreachableHost("Invalid HTTP response.") from None
    except httpcore2.NetworkError as error:
        raise UnreachableHost(sanitize(f"Connection failed: {error}", 200)) from None


class _CheckedBackend(httpcore2.NetworkBackend):
    """Connects to what may be reached, until a moment."""

    def __init__(self, ends: float, own: bool) -> None:
        self._ends, self._own = ends, own
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failed: Exception = UnreachableHost(f"Could not connect to {host}.")
        for address in addresses_of(host, port, own=self._own)[:MAX_ADDRESSES]:
            try:
                return _Stream(self._sockets.connect_tcp(address, port, _left(self._ends)), self._ends)
            except httpcore2.ConnectError as error:
                failed = error
        raise failed


class _Stream(httpcore2.NetworkStream):
    """A connection whose every wait ends at one moment."""

    def __init__(self, inner: httpcore2.NetworkStream, ends: float) -> None:
        self._inner, self._ends = inner, ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._ends))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._ends))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(self._ends)), self._ends)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    return httpcore2.default_ssl_context()
