"""Closes connections that are too slow, and, when there are too many, those that have waited longest for nothing."""

import asyncio
from typing import Protocol

from portal.server import limits

SWEEP_INTERVAL = 0.5
OWN_FILES = 256
"""Files that a process may need besides its connections: the database's, logs, checkpoints."""


class Connection(Protocol):
    """As much of a connection as has to be known here."""

    transport: asyncio.Transport
    deadline: float
    """When its client must have got further, by the loop's clock."""
    write_deadline: float
    """When a reader who takes nothing is cut off; 0 while nothing waits."""

    @property
    def body_size(self) -> int:
        """Bytes that are kept of a body whose rest is awaited."""

    def expire(self) -> None:
        """It is too slow: say so if that is of use, and close it."""


class Connections:
    """The open connections of one process.

    Those that wait for their client are kept in the order they began to wait in: the first has waited longest.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._open: set[Connection] = set()
        self._waiting: dict[Connection, None] = {}
        self._max_connections = max_connections()
        loop.call_later(SWEEP_INTERVAL, self._sweep)

    def add(self, connection: Connection) -> None:
        """A new one. If that is one too many, the longest waiting makes room."""
        self._open.add(connection)
        if len(self._open) > self._max_connections and self._waiting:
            self._cut(next(iter(self._waiting)))

    def remove(self, connection: Connection) -> None:
        """It is closed."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)

    def waits(self, connection: Connection, seconds: float) -> None:
        """It has to hear more from its client within `seconds`."""
        connection.deadline = self._loop.time() + seconds
        self._waiting.pop(connection, None)
        self._waiting[connection] = None

    def is_busy(self, connection: Connection) -> None:
        """It is being answered: nobody holds that against it."""
        self._waiting.pop(connection, None)

    def _sweep(self) -> None:
        self._loop.call_later(SWEEP_INTERVAL, self._sweep)
        moment, unsent = self._loop.time(), 0
        for connection in [connection for connection in self._waiting if connection.deadline <= moment]:
            connection.expire()
        self._make_room()
        for connection in list(self._open):
            size = connection.transport.get_write_buffer_size()
            if not size:
                connection.write_deadline = 0
                continue
            unsent += size
            patience = limits.WRITE_GRACE + size / limits.MIN_WRITE_RATE
            connection.write_deadline = connection.write_deadline or moment + patience
            if connection.write_deadline <= moment or unsent > limits.MAX_UNSENT:
                self._cut(connection)

    def _make_room(self) -> None:
        """Cut off who has waited longest with half a body, while those together are too large."""
        sizes = [(connection, size) for connection in self._waiting if (size := connection.body_size)]
        total = sum(size for _, size in sizes)
        for connection, size in sizes:
            if total <= limits.MAX_BODIES:
                break
            total -= size
            self._cut(connection)

    def _cut(self, connection: Connection) -> None:
        self._waiting.pop(connection, None)
        connection.transport.abort()


def max_connections() -> int:
    """How many connections one process may hold: as many as it may have files open, less what it needs itself."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return 1024
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = limits.MAX_CONNECTIONS + OWN_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return limits.MAX_CONNECTIONS
    soft = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(64, soft - OWN_FILES)
