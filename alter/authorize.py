"""Signing in through the browser: a yes given on the portal's page comes back to a listener on this machine.

The code that comes back is worth nothing without the verifier, which never leaves this process (RFC 7636, RFC 8252).
"""

import base64
import hashlib
import hmac
import secrets
import socket
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from alter.exits import Exit, Failure

WAIT_SECONDS = 300
PAGE = """<!doctype html><meta charset=utf-8><title>alter</title><h1>{title}</h1><p>{text}</p>"""


class Callback(NamedTuple):
    """What the browser brought back."""

    code: str
    error: str


class Listener(HTTPServer):
    """Waits on this machine, at a port of its own, for one answer that knows the state."""

    allow_reuse_address = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = secrets.token_urlsafe(32)
        self.verifier = secrets.token_urlsafe(48)
        self.heard: Callback | None = None

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
        ends = time.monotonic() + seconds
        while self.heard is None and (left := ends - time.monotonic()) > 0:
            self.timeout = left
            self.handle_request()
        if self.heard is None:
            raise Failure(
                Exit.AUTH,
                f"Nobody answered in the browser within {seconds:g} s.",
                "Start again: alter auth login.",
            )
        if self.heard.error:
            raise Failure(Exit.AUTH, f"The portal did not authorize this: {self.heard.error}.")
        return self.heard.code


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
        self.server.heard = Callback(query.get("code", ""), query.get("error", ""))
        if self.server.heard.error:
            self._answer(200, "Not signed in", "Nothing was authorized. You can close this page.")
        else:
            self._answer(200, "Authorized", "Go back to the terminal. You can close this page.")

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
