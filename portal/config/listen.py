"""Where a server can listen: HOST and PORT, read and tried before anything is started.

Standard library only, and nothing newer than Python 3.7, as in tools/dev.py, which imports it.
"""

from __future__ import annotations

import os
import re
import socket

from core.masking import mask_value


class CannotListen(Exception):
    """Nothing can listen there; the text says why."""


def parse(host: str, port: str) -> tuple[str, int]:
    """Host and port to listen on; an IPv6 address may stand in brackets. Raises CannotListen."""
    host, port = host.strip(), port.strip()
    if not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        raise CannotListen(f"PORT is {mask_value(port)!r}: write a number from 1 to 65535.")
    bracketed = re.fullmatch(r"\[([^\[\]]*:[^\[\]]*)\]", host)
    return (bracketed.group(1) if bracketed else host), int(port)


def reached_at(host: str, port: str) -> str:
    """Where a program on this machine reaches a server of this HOST and PORT; the defaults for what cannot be read."""
    try:
        host, number = parse(host or "127.0.0.1", port or "8000")
    except CannotListen:  # it is told to whoever starts the server
        return "127.0.0.1:8000"
    if not host.strip("0.:"):  # every address of this machine
        host = "::1" if ":" in host else "127.0.0.1"
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"


def try_listening(host: str, port: int) -> None:
    """Listen there for a moment. Raises CannotListen."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in addresses:
            with socket.socket(family, kind, protocol) as candidate:
                _like_a_server(candidate)
                candidate.bind(address)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CannotListen(f"Cannot listen on {mask_value(host)} port {port}: {why}.") from None


def _like_a_server(candidate: socket.socket) -> None:
    if os.name != "nt":
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if candidate.family == socket.AF_INET6:
        candidate.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
