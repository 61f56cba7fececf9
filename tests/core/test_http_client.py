"""One POST is over within its time, whatever is at the other end, and goes nowhere else."""

import socket
import threading
import time
from collections.abc import Callable

import pytest
from pytest_django import Settings

from core.http_client import fetch, post
from core.reachable_hosts import UnreachableHost
from tests.audit.receiver import HOST, Receiver, answering


@pytest.fixture(autouse=True)
def listed(settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = frozenset({HOST})


def test_the_answers_status_is_what_is_learned() -> None:
    with Receiver(202) as receiver:
        assert post(receiver.url, {"x-one": "1"}, b"body").status == 202
    assert (receiver.received[0].body, receiver.received[0].headers["x-one"]) == (b"body", "1")


def test_the_host_is_said_as_it_stands_in_an_address(settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = frozenset({"::1", "localhost"})
    for host, asked in {"::1": "[0:0::1]", HOST: "LOCALHOST."}.items():
        with Receiver(204, host=host) as receiver:
            port = receiver.server.server_port
            assert post(f"http://{asked}:{port}/hooks", {}, b"").status == 204
            assert (
                receiver.received[0].headers["host"]
                == ("[::1]" if host == "::1" else "localhost") + f":{port}"
            )


def test_a_redirect_is_not_followed() -> None:
    with Receiver(302) as receiver:
        assert post(receiver.url, {}, b"body").status == 302
    assert len(receiver.received) == 1


def test_a_receiver_that_says_nothing_is_left() -> None:
    said = threading.Event()
    with (
        answering(lambda link: said.wait(5)) as url,
        pytest.raises(UnreachableHost, match=r"after 0\.1 seconds"),
    ):
        post(url, {}, b"body", seconds=0.1)
    said.set()


def test_a_receiver_that_says_a_byte_at_a_time_is_left_as_soon() -> None:
    def drip(link: socket.socket) -> None:
        try:
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
                link.send(bytes([byte]))
                time.sleep(0.02)
        except OSError:
            pass

    begun = time.monotonic()
    with answering(drip) as url, pytest.raises(UnreachableHost, match="Timed out"):
        post(url, {}, b"body", seconds=0.2)
    assert time.monotonic() - begun < 1


def test_an_answer_without_end_is_not_read() -> None:
    def pour(link: socket.socket) -> None:
        try:
            link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            while True:
                link.send(b"x" * 65536)
        except OSError:
            pass

    with answering(pour) as url:
        assert post(url, {}, b"body", seconds=2).status == 200


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\xff\x16\x03", b"HTTP/1.1 two\r\n\r\n", b""]
)
def test_what_does_not_speak_http_is_said_so(said: bytes) -> None:
    def answer(link: socket.socket) -> None:
        link.recv(65536)
        link.send(said)

    with (
        answering(answer) as url,
        pytest.raises(UnreachableHost, match="Invalid HTTP response|Connection failed"),
    ):
        post(url, {}, b"body", seconds=2)


def test_a_closed_door_is_said_so() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UnreachableHost, match="Connection failed"):
        post(f"http://{HOST}:{port}/", {}, b"body")


def test_plain_text_where_tls_is_asked_for_is_no_way_through() -> None:
    with Receiver() as receiver, pytest.raises(UnreachableHost):
        post(receiver.url.replace("http:", "https:"), {}, b"body", seconds=2)
    assert receiver.received == []


def test_a_host_that_is_listed_no_more_is_not_connected_to(settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = frozenset()
    with Receiver() as receiver, pytest.raises(UnreachableHost, match="not allowed"):
        post(receiver.url, {}, b"body")
    assert receiver.received == []


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Receiver() as receiver:
        assert post(receiver.url, {}, b"body").status == 200


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────


def saying(body: bytes, status: bytes = b"200 OK") -> Callable[[socket.socket], object]:
    """A server's answer, however long it says the body is."""

    def say(link: socket.socket) -> None:
        link.recv(4096)
        link.sendall(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n\r\n" + body)

    return say


def test_what_is_there_is_read() -> None:
    with answering(saying(b"keys")) as url:
        assert fetch(url, {}, most=4) == b"keys"


def test_more_than_is_wanted_is_not_read() -> None:
    with answering(saying(b"x" * 5)) as url, pytest.raises(UnreachableHost, match="longer than 4 bytes"):
        fetch(url, {}, most=4)


@pytest.mark.parametrize("status", [b"204 No Content", b"302 Found", b"403 Forbidden", b"500 Oh"])
def test_any_other_status_is_none(status: bytes) -> None:
    told = f"HTTP status {status[:3].decode()}"
    with answering(saying(b"", status)) as url, pytest.raises(UnreachableHost, match=told):
        fetch(url, {}, most=4)


def test_a_body_that_comes_a_byte_at_a_time_is_left_in_time() -> None:
    def drip(link: socket.socket) -> None:
        try:
            link.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(1000):
                link.send(b"x")
                time.sleep(0.02)
        except OSError:
            pass

    with answering(drip) as url, pytest.raises(UnreachableHost, match="Timed out"):
        fetch(url, {}, most=10_000, seconds=0.2)
