"""The portal as `make run` serves it, in a process of its own on SQLite, and a client that sends raw bytes."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.doors.servers import ROOT, Portal

HOSTILE = {"HTTP_AUTHORIZATION": "Bearer x", "HTTP_X_API_KEY": "x", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}
"""What an environment may hold that is no header."""


class Front:
    """A running portal."""

    def __init__(self, portal: Portal, database: Path, keys: Mapping[str, str]) -> None:
        self.port, self.keys, self._database = portal.port, keys, database

    def connect(self) -> socket.socket:
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def say(self, *lines: bytes, request: bytes = b"GET /verify HTTP/1.1", body: bytes = b"") -> "Told":
        """What is answered to a request of these lines, after which the connection is closed."""
        head = b"\r\n".join((request, b"Host: localhost", *lines, b"Connection: close", b"", b""))
        with self.connect() as there:
            there.sendall(head + body)
            return Told(_all_of(there))

    def verify(self, key: str, *lines: bytes, **request: Any) -> "Told":
        """The same with a key of this name."""
        return self.say(b"x-api-key: " + self.keys[key].encode(), *lines, **request)

    def last_call(self) -> dict[str, Any]:
        """The newest row of the log of calls."""
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True) as rows:
            rows.row_factory = sqlite3.Row
            return dict(rows.execute("SELECT * FROM audit_call ORDER BY rowid DESC LIMIT 1").fetchone())

    def calls(self) -> int:
        """How many calls are on record."""
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True) as rows:
            return int(rows.execute("SELECT count(*) FROM audit_call").fetchone()[0])


class Told:
    """An answer, or several that came one after the other."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1]) if first else 0
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def error(self) -> str:
        """The code of a refusal."""
        return str(json.loads(self.body).get("error", ""))


def _all_of(there: socket.socket) -> bytes:
    parts = []
    while part := there.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The portal, with a proxy on this machine that it trusts."""
    data = tmp_path_factory.mktemp("front")
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PORTAL_TEST")}
    mine = {
        "PORTAL_DATA": str(data),
        "PORTAL_TRUSTED_PROXIES": "::ffff:127.0.0.1/128",
        "PORTAL_TICK": "apart",
    }
    words = [sys.executable, "-m", "tests.portal.server.prepare"]
    made = subprocess.run(words, cwd=ROOT, env=kept | mine, check=True, stdout=subprocess.PIPE, timeout=120)
    nowhere = {"DATABASE_URL": f"sqlite:///{data}/portal.sqlite3", "PORTAL_TEST": ""}
    with Portal({**mine, **HOSTILE, **nowhere}, log=str(data / "log")) as portal:
        yield Front(portal, data / "portal.sqlite3", json.loads(made.stdout))


def until(true: Any, seconds: float = 10) -> bool:
    """Wait for something that happens elsewhere; whether it did."""
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True
