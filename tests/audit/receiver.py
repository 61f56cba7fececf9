"""A receiver of webhooks on this machine, as good or as bad as a test wants it, and what it has received."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from core.hosts import format_host

HOST = "127.0.0.1"


class Received(NamedTuple):
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its body, read."""
        return json.loads(self.body)

    def is_signed_with(self, secret: str) -> bool:
        """Whether Standard Webhooks would take it."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(self.headers["webhook-signature"], f"v1,{made}")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Receiver:
    """Answers each request with the next of `statuses`, and with the last one from then on."""

    def __init__(self, *statuses: int, host: str = HOST) -> None:
        self.received: list[Received] = []
        self.statuses = list(statuses) or [200]
        self.headers: dict[str, str] = {}
        serves = type("Server", (ThreadingHTTPServer,), {"address_family": _family(host)})
        self.server = serves((host, 0), self._handler())
        self.url = f"http://{format_host(host, self.server.server_port)}/hooks"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mine.received.append(Received({k.lower(): v for k, v in self.headers.items()}, body))
                status = mine.statuses.pop(0) if len(mine.statuses) > 1 else mine.statuses[0]
                self.send_response(status)
                for name, value in {"Location": mine.url, **mine.headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *words: Any) -> None: ...

        return Handler

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """The address of a server that does `answer` with whoever connects."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link:
                answer(link)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://{HOST}:{server.getsockname()[1]}/"
