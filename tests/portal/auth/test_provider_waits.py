"""A provider that asks to be left alone: its documents wait a minute, and nobody else is held up."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from core.clock import at, now
from portal.auth.provider_client import MAX_WAIT, ProviderSession, ProviderUnreachable, UnfitAnswer
from tests.audit.receiver import answering

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]
asked: list[str] = []


class _Busy(BaseHTTPRequestHandler):
    """Wants to be left alone for a day, whatever it is asked; /well answers."""

    def do_GET(self) -> None:
        asked.append(self.path)
        self.send_response(200 if self.path == "/well" else 429)
        self.send_header("Retry-After", "86400")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def busy() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Busy)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    asked.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_document_is_not_asked_for_within_a_minute_and_is_after_it(busy: str) -> None:
    moment = now()
    for url in (f"{busy}/jwks", f"{busy}/jwks?more"):
        with (
            at(moment),
            pytest.raises(ProviderUnreachable, match="asked to retry later|Retry-After|left alone"),
        ):
            ProviderSession().get(url)
    assert asked == ["/jwks"]
    assert timedelta(minutes=1) >= MAX_WAIT
    with at(moment + MAX_WAIT + timedelta(seconds=1)), pytest.raises(ProviderUnreachable):
        ProviderSession().get(f"{busy}/jwks")
    assert asked == ["/jwks"] * 2
    assert ProviderSession().get(f"{busy}/well").json() == {}, "another path of the same host is asked"


def test_what_is_refused_to_one_who_signs_in_holds_up_nobody_else(busy: str) -> None:
    for _ in range(2):
        with pytest.raises(ProviderUnreachable, match="responded 429"):
            ProviderSession().post(f"{busy}/token", data={"code": "a"})
        with pytest.raises(ProviderUnreachable, match="responded 429"):
            ProviderSession().get(f"{busy}/userinfo", headers={"Authorization": "Bearer a"})
    assert asked == ["/token", "/userinfo"] * 2


def test_no_redirect_is_followed() -> None:
    asked = []
    for code in (300, 301, 302, 303, 304, 307, 308):

        def answer(link: socket.socket, code: int = code) -> None:
            asked.append(link.recv(65536))
            link.sendall(
                b"HTTP/1.1 %d Elsewhere\r\nLocation: /there\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
                % code
            )

        for method in ("GET", "POST"):
            says = f"responded {code}, a redirect, which is not followed"
            with answering(answer) as url, pytest.raises(UnfitAnswer, match=says):
                ProviderSession().request(method, url, allow_redirects=True)
    assert len(asked) == 14
