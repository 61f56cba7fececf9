"""Each gateway there is a configuration for, started once for all its tests."""

import ipaddress
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from keys import plaintext
from keys.gateways.config_files import KINDS
from tests.factories import known_gateway
from tests.gateways import gateway
from tests.gateways.gateway import Gateway, Ports
from tests.server import Server

SECRET = plaintext.generate("gateway").take()
"""Of every gateway here: they are started once, and each test makes them known anew."""


@pytest.fixture(scope="session")
def service() -> Iterator[int]:
    """The port of a service that tells what it was sent."""
    service = gateway.echo()
    yield service.server_port
    service.shutdown()
    service.server_close()


def require(name: str) -> None:
    """Skip if there is no such program here. In CI there has to be."""
    if not gateway.program(name):
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"no {name} found: use `make test` on Debian, or install it")


@pytest.fixture(scope="session", params=sorted(gateway.EVERY))
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server: Server, service: int
) -> Iterator[Gateway]:
    """A gateway in front of the portal and of a service."""
    name = str(request.param)
    require(name)
    ports = Ports(urlsplit(server.url).port or 0, service, gateway.free_port())
    one = gateway.EVERY[name](tmp_path_factory.mktemp(name), ports, SECRET)
    yield one
    one.stop()


@pytest.fixture
def front(running: Gateway, served: Server, settings: Settings) -> Gateway:
    """The same, known to the portal and trusted by it, which is there."""
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1/32")]
    known_gateway(SECRET, KINDS[running.name].pair)
    running.log.write_text("")
    return running
