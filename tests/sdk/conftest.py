"""What a conformance test gets: the published client, alter-sdk, talking to a portal that really listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

import alter_sdk
import pytest

from agents.models import Agent, App
from tests.factories import minted
from tests.server import Server

T = TypeVar("T")
AGENT_SCOPES = "keys:derive,keys:admin,grants:read,spans:emit"


class Run(Protocol):
    """Waits for one call of the client."""

    def __call__(self, call: Coroutine[Any, Any, T]) -> T: ...


class Connect(Protocol):
    """Makes a client of a key."""

    def __call__(self, secret: str, **choices: Any) -> Any: ...


class As(Protocol):
    """Makes a client with a key of its own, which holds `scopes`, with commas between."""

    def __call__(self, scopes: str = ..., **choices: Any) -> Any: ...


@pytest.fixture
def run(served: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Run]:
    """`run(client.agents.list())`: what the call came to."""
    monkeypatch.setenv("ALTER_BASE_URL", served.url)
    # There is no TLS here, and reading all the world's certificates takes longer than a call.
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    # A thread of its own: after the browser's tests Playwright keeps a loop running in the main one.
    with ThreadPoolExecutor(1) as thread:

        def wait(call: Coroutine[Any, Any, T]) -> T:
            served.join()  # a client may talk at another hour than the one before
            return thread.submit(asyncio.run, call).result(30)

        yield wait


@pytest.fixture
def connect(run: Run) -> Iterator[Connect]:
    """`connect(secret)`: an app client. Its namespaces hold it weakly, so it is kept until the test is over."""
    kept: list[alter_sdk.App] = []

    def make(secret: str, **choices: Any) -> alter_sdk.App:
        kept.append(alter_sdk.App(secret, **choices))
        return kept[-1]

    yield make
    for client in kept:
        run(client.close())


@pytest.fixture
def connect_agent(run: Run) -> Iterator[Connect]:
    """`connect_agent(secret)`: an agent client."""
    kept: list[alter_sdk.Agent] = []

    def make(secret: str, **choices: Any) -> alter_sdk.Agent:
        kept.append(alter_sdk.Agent(secret, **choices))
        return kept[-1]

    yield make
    for client in kept:
        run(client.close())


@pytest.fixture
def as_app(connect: Connect, app: App) -> As:
    """`as_app("agents:read")`: an app client with a key of `app` that holds these scopes."""

    def make(scopes: str = "agents:admin", **choices: Any) -> alter_sdk.App:
        client: alter_sdk.App = connect(minted(app, scopes=scopes).plaintext.take(), **choices)
        return client

    return make


@pytest.fixture
def as_agent(connect_agent: Connect, agent: Agent) -> As:
    """`as_agent()`: an agent client with a key of `agent`."""

    def make(scopes: str = AGENT_SCOPES, **choices: Any) -> alter_sdk.Agent:
        secret = minted(agent.app, agent=agent, scopes=scopes, name="").plaintext.take()
        client: alter_sdk.Agent = connect_agent(secret, **choices)
        return client

    return make


@pytest.fixture
def refused(run: Run) -> Callable[..., Any]:
    """`refused(KeyExpiredError, call)`: the error the client raises, which is of exactly that class."""

    def wait(kind: type[Exception], call: Coroutine[Any, Any, Any], code: str = "") -> Any:
        with pytest.raises(alter_sdk.AlterSDKError) as raised:
            run(call)
        assert type(raised.value) is kind
        told: Any = raised.value
        assert not code or told.details["error"] == code
        return told

    return wait
