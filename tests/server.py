"""The portal on a port of this machine, inside the test's own transaction: nothing has to be flushed afterwards.

A test waits while its client talks, so the server's one thread may use the test's database connection,
and its clock (audit.clock is a context variable).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections


class _Quiet(WSGIRequestHandler):
    """Says nothing about the requests it serves."""

    def log_message(self, format: str, *args: Any) -> None:
        """Drop the line."""


class Server:
    """The portal, served to whoever asks at `url`."""

    def __init__(self) -> None:
        self._portal, self._context = WSGIHandler(), Context()
        self._server = make_server("127.0.0.1", 0, self._answer, handler_class=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def join(self) -> None:
        """Serve from now on with the connection and the context of the thread that calls this."""
        self._connection, self._context = connections[DEFAULT_DB_ALIAS], copy_context()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        connections[DEFAULT_DB_ALIAS] = self._connection
        with _connection_kept():
            response = self._context.run(self._portal, environ, start_response)
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
