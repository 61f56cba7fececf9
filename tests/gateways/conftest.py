"""Each gateway there is a configuration for, started once for all its tests."""

import ipaddress
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from tests.gateways import gateway
from tests.gateways.gateway import Gateway
from tests.server import Server


@pytest.fixture(scope="session", params=sorted(gateway.EVERY))
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server: Server
) -> Iterator[Gateway]:
    """A gateway in front of the portal and of a service."""
    name = str(request.param)
    if not gateway.program(name):
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"no {name} found: use `make test` on Debian, or install it")
    service = gateway.echo()
    portal = urlsplit(server.url).port or 0
    one = gateway.EVERY[name](tmp_path_factory.mktemp(name), portal, service.server_port)
    yield one
    one.stop()
    service.shutdown()
    service.server_close()


@pytest.fixture
def front(running: Gateway, served: Server, settings: Settings) -> Gateway:
    """The same, trusted by the portal, which is there."""
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1/32")]
    running.log.write_text("")
    return running
