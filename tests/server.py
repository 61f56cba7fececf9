"""The portal on a port of this machine, inside the test's own transaction: nothing has to be flushed afterwards.

A test waits while its client talks, so the server's one thread may use the test's database connection,
and its clock (core.clock is a context variable).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from typing import Any, cast

import pytest
import uvicorn
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections

from portal.server.application import Front
from portal.server.django_threads import WsgiApplication
from portal.server.protocol import FrontProtocol


class _Protocol(FrontProtocol):
    """Hands /verify on as well: the test's transaction is known to one connection alone."""

    verifies = False


class Fronted:
    """An application behind the portal's own front, served to whoever asks at `url`."""

    def __init__(self, application: WsgiApplication) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        front = Front(application, verifies=False)
        config = uvicorn.Config(
            cast(Any, front),
            http=_Protocol,
            interface="asgi3",
            lifespan="off",
            ws="none",
            proxy_headers=False,
            log_config=None,
            log_level="error",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Close the port."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)


class Server(Fronted):
    """The portal, with the test's own transaction and clock."""

    def __init__(self) -> None:
        self._portal, self._context, self._turn = WSGIHandler(), Context(), threading.Lock()
        super().__init__(self._answer)

    def join(self) -> None:
        """Serve from now on with the connection and the context of the thread that calls this."""
        self._connection, self._context = connections[DEFAULT_DB_ALIAS], copy_context()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        def started(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            # Clients of tests run in many event loops: a connection of one is of no use to the next.
            return start_response(status, [*headers, ("Connection", "close")])

        with self._turn, _connection_kept():
            connections[DEFAULT_DB_ALIAS] = self._connection
            response = self._context.run(self._portal, environ, started)
            body = b"".join(response)
            response.close()
        return [body]


@contextmanager
def _connection_kept() -> Iterator[None]:
    """Keep Django from closing what it takes for a connection left in the middle of something."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The portal on a port of this machine."""
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def served(db: None, server: Server) -> Iterator[Server]:
    """`server`, which may use the test's connection, for a test that waits while its client talks."""
    connection = connections[DEFAULT_DB_ALIAS]
    connection.inc_thread_sharing()
    server.join()
    yield server
    connection.dec_thread_sharing()
