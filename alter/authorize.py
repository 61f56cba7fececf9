"""Sign-in with the browser: the portal redirects to a local listener with a code.

The code is useless without the verifier, which never leaves this process (RFC 7636, RFC 8252).
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

TIMEOUT_SECONDS = 300
POLL_SECONDS = 0.1
MAX_CONNECTIONS = 100
"""At the same time; each is closed after some seconds without data."""
PAGE = """<!doctype html><meta charset=utf-8><title>alter</title><h1>{title}</h1><p>{text}</p>"""


class Callback(NamedTuple):
    """The parameters of the redirect."""

    code: str
    error: str


class Listener(ThreadingHTTPServer):
    """A local HTTP server that waits for one redirect with the right state.

    Each connection has a thread, because browsers open idle connections in advance.
    """

    allow_reuse_address = False
    block_on_close = False
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = secrets.token_urlsafe(32)
        self.verifier = secrets.token_urlsafe(48)
        self.callback: Callback | None = None
        self.received = threading.Event()
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)

    @property
    def redirect_uri(self) -> str:
        """The URL that the browser is redirected to."""
        return f"http://127.0.0.1:{self.server_port}/callback"

    def address(self, base_url: str, permissions: Sequence[str]) -> str:
        """The URL of the portal's authorization page."""
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

    def wait(self, seconds: float = TIMEOUT_SECONDS) -> str:
        """The code. Raises Failure if it was denied, and after a timeout."""
        threading.Thread(target=self.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        try:
            self.received.wait(seconds)
        finally:
            self.shutdown()
        if self.callback is None:
            raise Failure(
                Exit.AUTH,
                f"The sign-in was not completed within {seconds:g} s.",
                "Try again: alter auth login",
            )
        if self.callback.error:
            raise Failure(Exit.AUTH, f"The sign-in was not authorized: {self.callback.error}.")
        return self.callback.code

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that are closed early."""


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    server_version, sys_version = "alter", ""
    timeout = 5

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        is_state = hmac.compare_digest(query.get("state", "").encode(), self.server.state.encode())
        if url.path != "/callback" or not is_state or not (query.get("code") or query.get("error")):
            self._answer(400, "Not signed in", "This is not the expected response.")
            return
        self.server.callback = callback = Callback(query.get("code", ""), query.get("error", ""))
        try:
            if callback.error:
                self._answer(200, "Not signed in", "Access was not authorized. You can close this page.")
            else:
                self._answer(200, "Authorized", "Return to the terminal. You can close this page.")
        finally:
            self.server.received.set()

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
        """Log nothing: the URL contains the code."""


def client_name() -> str:
    """The token's name: the command and this machine."""
    host = "".join(c for c in socket.gethostname() if c.isascii() and (c.isalnum() or c in ".-"))
    return f"alter on {host}"[:80] if host else "alter"
