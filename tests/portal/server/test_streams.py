"""Long answers go out as fast as they are read, a few at a time, and end when their reader does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from portal.server import limits
from tests.portal.server.conftest import Told, until
from tests.server import Fronted

pytestmark = pytest.mark.one_engine
CHUNK = b"x" * 65_536
CHUNKS = 200


class Long:
    """A WSGI application with one long answer, and one that says nothing of its length."""

    streaming = True

    def __init__(self) -> None:
        self.begun = self.ended = self.closed = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> "Long":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self

    def __iter__(self) -> Iterator[bytes]:
        with self._lock:
            self.begun += 1
        for _ in range(CHUNKS):
            yield CHUNK
        with self._lock:
            self.ended += 1

    def close(self) -> None:
        """Called when an answer is over, whole or not."""
        with self._lock:
            self.closed += 1


@pytest.fixture
def long() -> Long:
    return Long()


@pytest.fixture
def fronted(long: Long) -> Iterator[Fronted]:
    server = Fronted(long)
    yield server
    server.stop()


def _ask(fronted: Fronted, stack: ExitStack) -> socket.socket:
    there = stack.enter_context(closing(socket.create_connection(("127.0.0.1", fronted.port), timeout=20)))
    there.sendall(b"GET /long HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return there


def test_a_long_answer_comes_whole(fronted: Fronted) -> None:
    with ExitStack() as stack:
        there, raw = _ask(fronted, stack), b""
        while part := there.recv(1_000_000):
            raw += part
    told = Told(raw)
    assert told.headers["transfer-encoding"] == "chunked"
    assert told.body.count(b"x") == CHUNKS * len(CHUNK)


def test_long_answers_that_nobody_reads_take_no_more_than_their_few(fronted: Fronted, long: Long) -> None:
    with ExitStack() as stack:
        held = [_ask(fronted, stack) for _ in range(limits.MAX_STREAMS)]
        assert until(lambda: long.begun == limits.MAX_STREAMS)
        assert all(there.recv(9).startswith(b"HTTP/1.1") for there in held)
        one_more = _ask(fronted, stack).recv(65_536)
        assert one_more.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after" in one_more.lower()
        assert long.ended == 0
    assert until(lambda: long.closed == limits.MAX_STREAMS + 1)
    assert long.ended == 0


def test_who_reads_too_slowly_is_cut_off(
    fronted: Fronted, long: Long, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WRITE_GRACE", 0.1)
    monkeypatch.setattr(limits, "MIN_WRITE_RATE", 10_000_000)
    with ExitStack() as stack:
        _ask(fronted, stack)
        assert until(lambda: long.closed == 1)
    assert long.ended == 0
