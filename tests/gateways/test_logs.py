"""What gateways write into their logs, of every kind: never a key, wherever a caller has put it."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from agents.models import App
from keys.gateways.config_files import KINDS
from tests.factories import known_gateway, minted
from tests.gateways import gateway
from tests.gateways.conftest import SECRET, require
from tests.gateways.gateway import Gateway, Ports
from tests.keys.asking import opened
from tests.server import Server

pytestmark = pytest.mark.one_engine

NAMES = (
    *(
        "x-api-key",
        "x-api_key",
        "X_Api_Key",
        "X-Api.Key",
        "Api-Key",
        "X-Auth-Token",
        "Authorization",
        "Cookie",
    ),
    *("Referer", "User-Agent", "X-Alter-Gateway", "X-Forwarded-For", "X-Request-Id"),
)


def encoded(secret: str) -> list[str]:
    """The key as an address may hold it."""
    every = "".join(f"%{ord(one):02x}" for one in secret)
    return [
        secret,
        secret.replace("_", "%5F"),
        secret.replace("_", "%5f"),
        "%61" + secret[1:],
        every,
        every.replace("%", "%25"),
    ]


def starts(secret: str) -> Iterator[bytes]:
    """Lines with which a call may start that have the key in them."""
    for one in encoded(secret):
        for path in (
            f"/api/x?key={one}&page=2",
            f"/api/{one}/x",
            f"/api/x/{one}",
            f"/api/x?{one}",
            f"/elsewhere/{one}",
        ):
            yield f"GET {path} HTTP/1.1".encode()
    yield f"GET http://api.example.com/api/{secret} HTTP/1.1".encode()
    yield f"{secret} /api/x HTTP/1.1".encode()


def headers(secret: str) -> Iterator[list[bytes]]:
    """The key in every header at once, in each of the ways in which it may stand there."""
    basic = b64encode(f"u:{secret}".encode()).decode()
    for value in (secret, f"Bearer {secret}", f"https://example.com/?key={secret}", f"Basic {basic}"):
        names = (
            NAMES[:-1] if value.startswith("Basic") else NAMES
        )  # an id is logged, cut where a key can be seen
        yield [f"{name}: {value}".encode() for name in names]


def assert_keeps_quiet(text: str, secret: str) -> None:
    """No part of the key that could be used or guessed from, in any encoding."""
    plain = unquote(unquote(text))
    lines = [line for line in plain.splitlines() if secret[14:30] in line or secret[-16:] in line]
    assert not lines, lines[0]
    assert b64encode(f"u:{secret}".encode()).decode()[:30] not in text


def test_no_log_holds_a_key_wherever_a_caller_has_put_it(front: Gateway, app: App) -> None:
    secret = opened(minted(app))[1]
    key = f"x-api-key: {secret}".encode()
    for start in starts(secret):
        front.send(start=start)
        front.send(key, start=start)
    for lines in headers(secret):
        front.send(*lines)
        front.send(key, *lines[1:])
    front.send(key, f"Host: {secret}".encode(), f"Connection: {secret}".encode())
    front.send(key, start=b"GET /api/last/7?page=2 HTTP/1.1")
    assert "/api/last/7" in front.logged()
    assert_keeps_quiet(front.written(), secret)


@pytest.mark.parametrize("gone", ("portal", "service"))
@pytest.mark.parametrize("name", sorted(gateway.EVERY))
def test_no_log_holds_a_key_when_something_is_down(
    name: str, gone: str, app: App, tmp_path: Path, served: Server, service: int
) -> None:
    """That is when errors are logged, with all of the call they are about."""
    require(name)
    known_gateway(SECRET, KINDS[name].pair)
    secret = opened(minted(app))[1]
    key, _, *others = next(headers(secret))
    address = f"/api/{secret}?key={encoded(secret)[-1]}" if gone == "portal" else "/api/x?page=2"
    ports = Ports(urlsplit(served.url).port or 0, service, gateway.free_port())
    front = gateway.EVERY[name](tmp_path, ports._replace(**{gone: gateway.free_port()}), SECRET)
    try:
        assert front.send(key, *others, start=f"GET {address} HTTP/1.1".encode()).status >= 500
        assert_keeps_quiet(front.written(), secret)
    finally:
        front.stop()
