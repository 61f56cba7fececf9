"""Syslog messages (RFC 5424), by UDP, by TCP with their lengths in front (RFC 6587), or into a local socket."""

import errno
import socket
from collections.abc import Sequence
from datetime import UTC
from functools import lru_cache

from audit.models import Call, Event
from core.hosts import split_port
from core.text import escape_controls

MAX_MESSAGE = 60_000
"""Bytes that a datagram holds for certain."""
AUDIT, WARNING, INFORMATION = 13, 4, 6
"""RFC 5424, section 6.2.1: the facility, and how much a row matters."""
TIMEOUT = 3.0


def message(row: Event | Call, line: str) -> bytes:
    """A row as a message. What was refused is a warning."""
    kind, warns = ("event", False) if isinstance(row, Event) else ("call", not row.allowed)
    priority = AUDIT * 8 + (WARNING if warns else INFORMATION)
    moment = row.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"<{priority}>1 {moment} {_host()} alter-portal - {kind} - {escape_controls(line)}".encode()


def send(where: str, messages: Sequence[bytes]) -> None:
    """Send all of them to `udp://host:514`, `tcp://host:601` or `unix:///dev/log`. Raises OSError."""
    scheme, _, rest = where.partition("://")
    if scheme == "unix":
        _send_locally(rest, messages)
        return
    host, port = split_port(rest.rstrip("/"))
    if scheme == "tcp":
        with socket.create_connection((host, port or 0), TIMEOUT) as link:
            link.sendall(_framed(messages))
    else:
        _send_datagrams(host, port or 0, messages)


def _send_datagrams(host: str, port: int, messages: Sequence[bytes]) -> None:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as link:
        for message in messages:
            link.sendto(message, address)


def _send_locally(path: str, messages: Sequence[bytes]) -> None:
    """/dev/log takes datagrams; some daemons have a stream there instead."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
            link.settimeout(TIMEOUT)
            link.connect(path)
            for message in messages:
                link.send(message)
    except OSError as error:
        if error.errno != errno.EPROTOTYPE:
            raise
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(TIMEOUT)
            link.connect(path)
            link.sendall(_framed(messages))


def _framed(messages: Sequence[bytes]) -> bytes:
    return b"".join(b"%d %s" % (len(message), message) for message in messages)


@lru_cache(maxsize=1)
def _host() -> str:
    """This machine's name, in what a header may hold."""
    name = "".join(letter for letter in socket.gethostname() if "!" <= letter <= "~")
    return name[:255] or "-"
