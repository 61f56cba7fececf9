"""Signing in through the browser: a yes given on the portal's page comes back to a listener on this machine.

The code that comes back is worth nothing without the verifier, which never leaves this process (RFC 7636, RFC 8252).
"""

import base64
import hashlib
import hmac
import secrets
import socket
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from alter.exit_codes import Exit, Failure

WAIT_SECONDS = 300
POLL_SECONDS = 0.1
MAX_CONNECTIONS = 100
"""At once; each is closed when it has been silent for some seconds."""
PAGE = """<!doctype html><meta charset=utf-8><title>alter</title><h1>{title}</h1><p>{text}</p>"""


class Callback(NamedTuple):
    """What the browser brought back."""

    code: str
    error: str


class Listener(ThreadingHTTPServer):
    """Waits on this machine, at a port of its own, for one answer that knows the state.

    Each connection has a thread: browsers open some beforehand and say nothing on them.
    """

    allow_reuse_address = False
    block_on_close = False
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = secrets.token_urlsafe(32)
        self.verifier = secrets.token_urlsafe(48)
        self.heard: Callback | None = None
        self.answered = threading.Event()
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)

    @property
    def redirect_uri(self) -> str:
        """Where the browser is to be sent back to."""
        return f"http://127.0.0.1:{self.server_port}/callback"

    def address(self, base_url: str, permissions: Sequence[str]) -> str:
        """The portal's page that asks whether this may be."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "client": client_name(),
            "scopes": ",".join(permissions),
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{base_url}/authorize/?{urlencode(query)}"

    def wait(self, seconds: float = WAIT_SECONDS) -> str:
        """The code of a yes. Raises Failure for a no, and when nobody answers."""
        threading.Thread(target=self.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        try:
            self.answered.wait(seconds)
        finally:
            self.shutdown()
        if self.heard is None:
            raise Failure(
                Exit.AUTH,
                f"Nobody answered in the browser within {seconds:g} s.",
                "Start again: alter auth login.",
            )
        if self.heard.error:
            raise Failure(Exit.AUTH, f"The portal did not authorize this: {self.heard.error}.")
        return self.heard.code

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: who closes a connection early is no concern of the person at the terminal."""


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    server_version, sys_version = "alter", ""
    timeout = 5

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        known = hmac.compare_digest(query.get("state", "").encode(), self.server.state.encode())
        if asked.path != "/callback" or not known or not (query.get("code") or query.get("error")):
            self._answer(400, "Not signed in", "This is not the answer that alter waits for.")
            return
        self.server.heard = heard = Callback(query.get("code", ""), query.get("error", ""))
        try:
            if heard.error:
                self._answer(200, "Not signed in", "Nothing was authorized. You can close this page.")
            else:
                self._answer(200, "Authorized", "Go back to the terminal. You can close this page.")
        finally:
            self.server.answered.set()

    def _answer(self, status: int, title: str, text: str) -> None:
        body = PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'",
            "Referrer-Policy": "no-referrer",
            "Connection": "close",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the address has the code in it."""


def client_name() -> str:
    """What the token is to be called: the command, and this machine."""
    host = "".join(c for c in socket.gethostname() if c.isascii() and (c.isalnum() or c in ".-"))
    return f"alter on {host}"[:80] if host else "alter"
