"""Nothing that a stranger holds open keeps /verify, or any other face, from answering."""

import socket
import threading
import time
from contextlib import ExitStack, closing

import pytest

from keyformat.grammar import checksum
from portal.server import limits
from tests.portal.server.conftest import Front, until
from tests.server import Server

pytestmark = pytest.mark.one_engine
MANY = 200
FACES = (b"/verify", b"/sdk/agents", b"/api/v1/apps", b"/account/login/", b"/leaks/report")


def _answers(front: Front) -> None:
    """Every face answers, though something is held open."""
    assert front.verify("plain").status == 200
    assert front.say(request=b"GET /healthz HTTP/1.1").status == 200
    assert front.say(request=b"GET /account/login/ HTTP/1.1").status == 200
    assert front.say(request=b"GET /api/v1/apps HTTP/1.1").error == "missing_token"
    assert front.verify("plain", request=b"GET /sdk/scopes HTTP/1.1").status in (200, 401)


def _held(front: Front, stack: ExitStack, raw: bytes, how_many: int) -> list[socket.socket]:
    """Connections on which `raw` has been sent, and nothing more."""
    open_ones = [stack.enter_context(closing(front.connect())) for _ in range(how_many)]
    for there in open_ones:
        there.sendall(raw)
    return open_ones


def test_requests_whose_headers_do_not_end(front: Front) -> None:
    with ExitStack() as stack:
        for face in FACES:
            _held(
                front, stack, b"GET " + face + b" HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", MANY // len(FACES)
            )
        _answers(front)


def test_bodies_that_do_not_come(front: Front) -> None:
    key = front.keys["plain"].encode()
    for presented in (b"", b"x-api-key: " + key + b"\r\n"):
        with ExitStack() as stack:
            for face in FACES:
                head = b"POST " + face + b" HTTP/1.1\r\nHost: localhost\r\n" + presented
                _held(front, stack, head + b"Content-Length: 1000\r\n\r\n{", MANY // len(FACES))
                _held(front, stack, head + b"Transfer-Encoding: chunked\r\n\r\n4\r\n{", MANY // len(FACES))
            _answers(front)


def test_the_key_is_judged_before_its_body_is_waited_for(front: Front) -> None:
    unknown = "alter_key_app_" + "0" * 30
    for key in ("nonsense", unknown + checksum(unknown)):
        with closing(front.connect()) as there:
            head = f"POST /sdk/agents HTTP/1.1\r\nHost: localhost\r\nx-api-key: {key}\r\nContent-Length: 1000\r\n\r\n{{"
            there.sendall(head.encode())
            assert there.recv(65536).startswith(b"HTTP/1.1 401 "), key


def test_answers_that_nobody_reads(front: Front) -> None:
    with ExitStack() as stack:
        for face in FACES:
            there = stack.enter_context(closing(socket.socket()))
            there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            there.connect(("127.0.0.1", front.port))
            there.setblocking(False)
            try:
                for _ in range(2000):
                    there.send(b"GET " + face + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            except BlockingIOError:
                pass
        _answers(front)


def test_a_thousand_idle_connections(front: Front) -> None:
    with ExitStack() as stack:
        request = b"GET /verify HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for there in _held(front, stack, request, 1000):
            assert there.recv(65536).startswith(b"HTTP/1.1 401 ")
        _answers(front)


def test_a_slow_client_is_told_and_cut_off(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEAD_TIMEOUT", 0.1)
    monkeypatch.setattr(limits, "BODY_GRACE", 0.2)
    slow_head = b"GET /healthz HTTP/1.1\r\nHost: "
    slow_body = b"POST /account/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"
    for raw in (slow_head, slow_body):
        with closing(socket.create_connection(("127.0.0.1", served.port), timeout=10)) as there:
            there.sendall(raw)
            assert there.recv(65536).startswith(b"HTTP/1.1 408 "), raw
            assert there.recv(1) == b""
    with closing(socket.create_connection(("127.0.0.1", served.port), timeout=10)) as silent:
        assert silent.recv(1) == b""


def test_bodies_that_are_large_together_make_room(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BODIES", 150_000)
    head = b"POST /account/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n"
    with ExitStack() as stack:
        there = [
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", served.port), timeout=10)))
            for _ in range(2)
        ]
        for one in there:
            one.sendall(head + b"x" * 100_000)
            time.sleep(0.2)
        assert until(lambda: _is_cut(there[0]), 5)
        assert not _is_cut(there[1])


def test_a_reader_who_takes_nothing_is_cut_off(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WRITE_GRACE", 0.1)
    monkeypatch.setattr(limits, "MIN_WRITE_RATE", 10_000_000)
    with closing(socket.socket()) as there:
        there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        there.connect(("127.0.0.1", served.port))
        there.settimeout(0.5)
        ended = threading.Event()

        def ask() -> None:
            try:
                while True:
                    there.sendall(b"GET /account/login/ HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
            except OSError as error:
                if not isinstance(error, TimeoutError):
                    ended.set()

        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(10)
        time.sleep(1.2)
        assert ended.is_set() or until(lambda: _is_cut(there), 5)


def _is_cut(there: socket.socket) -> bool:
    try:
        there.send(b"x")
    except TimeoutError:
        return False
    except OSError:
        return True
    return False
