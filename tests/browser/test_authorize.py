"""`alter auth login` in a real browser: the answer leaves the portal for a listener on this machine."""

import base64
import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.models import AccessToken, User
from tests.browser import story
from tests.factories import PASSWORD

VERIFIER = "v" * 64
STATE = "a&b=c+d %2F"


class Listener(HTTPServer):
    """A program on this machine that waits for the browser."""

    def __init__(self, host: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), _Handler)
        self.heard: list[dict[str, str]] = []

    def wish(self, host: str) -> str:
        """The address that the program opens."""
        digest = hashlib.sha256(VERIFIER.encode()).digest()
        asked = {
            "client": "alter on laptop",
            "scopes": "dashboard_keys:read",
            "redirect_uri": f"http://{host}:{self.server_port}/callback",
            "state": STATE,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"/authorize/?{urlencode(asked)}"


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/callback":
            self.server.heard.append({name: values[0] for name, values in parse_qs(asked.query).items()})
        body = b"<!doctype html><title>Back</title><link rel=icon href=data:,><h1>Back at the program</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[Listener]:
    with Listener(host) as listener:
        Thread(target=listener.serve_forever, daemon=True).start()
        yield listener
        listener.shutdown()


@pytest.fixture
def program() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def redeem(base: str, code: str) -> str:
    """The token that the program gets for `code`."""
    body = json.dumps({"code": code, "code_verifier": VERIFIER}).encode()
    asked = Request(f"{base}/api/v1/token", body, {"Content-Type": "application/json"})
    return str(json.loads(urlopen(asked).read())["token"])


def arrive(page: Page) -> None:
    expect(page.get_by_role("heading", name="Back at the program")).to_be_visible()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_yes_comes_back_and_becomes_a_token(
    page: Page, admin: User, live_server: LiveServer, program: Listener, host: str
) -> None:
    story.sign_in(page, admin)
    page.goto(program.wish(host))
    page.get_by_role("button", name="Authorize").click()
    arrive(page)
    heard = program.heard[0]
    assert heard["state"] == STATE
    secret = redeem(live_server.url, heard["code"])
    assert AccessToken.objects.get().prefix == secret[:18]


def test_a_yes_comes_back_over_ipv6(page: Page, admin: User) -> None:
    with listening("::1") as program:
        story.sign_in(page, admin)
        page.goto(program.wish("[::1]"))
        page.get_by_role("button", name="Authorize").click()
        arrive(page)
        assert set(program.heard[0]) == {"code", "state"}


def test_a_no_comes_back_too(page: Page, admin: User, program: Listener) -> None:
    story.sign_in(page, admin)
    page.goto(program.wish("127.0.0.1"))
    page.get_by_role("button", name="Cancel").click()
    arrive(page)
    assert program.heard == [{"error": "access_denied", "state": STATE}]


def test_who_is_signed_out_signs_in_on_the_way(page: Page, admin: User, program: Listener) -> None:
    page.goto(program.wish("127.0.0.1"))
    page.get_by_label("Email").fill(admin.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Authorize").click()
    arrive(page)
    assert program.heard[0]["state"] == STATE


def test_it_works_without_scripts(new_context: Callable[..., object], admin: User, program: Listener) -> None:
    page = new_context(java_script_enabled=False).new_page()  # type: ignore[attr-defined]
    story.sign_in(page, admin)
    page.goto(program.wish("127.0.0.1"))
    page.get_by_role("button", name="Authorize").click()
    arrive(page)
