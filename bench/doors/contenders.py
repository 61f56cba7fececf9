"""Who is measured: each has a server, an address, and heads of requests that it says yes to."""

import hashlib
import hmac
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.doors import load, processes
from bench.doors.load import Came
from bench.doors.postgres import Server
from bench.doors.servers import ROOT, Granian, Portal, Served

OURS, SIGNED, SEALING, SDK = "ours", "ours signed", "ours sealing", "ours sdk"
API_KEY, BY_HAND, LOOP = "drf-api-key", "by hand", "driver loop"


@dataclass(frozen=True, slots=True)
class Sample:
    """A round of one contender: what came of it, and the CPU it took, in seconds."""

    came: Came
    app: float
    database: float


@dataclass(frozen=True, slots=True)
class Contender:
    """Someone who is measured."""

    name: str
    measure: Callable[[int, float], Sample]
    """Takes callers and seconds."""
    afterwards: Callable[[], None] = field(default=lambda: None)
    """What a round leaves to be done, before another's turn."""


class Sealer:
    """Seals between the rounds, and adds up what that takes."""

    def __init__(self, postgres: Server, database: str, **environment: str) -> None:
        self._postgres, self._database = postgres, database
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.doors.sealer"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.rows, self.app, self.database = 0, 0.0, 0.0

    def __enter__(self) -> "Sealer":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def seal(self) -> None:
        """Seal what the round left."""
        before = processes.cpu(self._postgres.pid)
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the sealer has no pipes")
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        document = json.loads(self._process.stdout.readline())
        self.rows += document["rows"]
        self.app += document["cpu"]
        self.database += processes.cpu(self._postgres.pid) - before

    def wait(self, patience: float = 120) -> None:
        """Wait until another has sealed all there is."""
        ends = time.monotonic() + patience
        with self._postgres.connect(self._database) as connection:
            while connection.execute("SELECT 1 FROM audit_pending LIMIT 1").fetchone():
                if time.monotonic() > ends:
                    raise SystemExit("what was written is not being sealed")
                time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class SetUp:
    """Where they all are."""

    postgres: Server
    portal: Portal
    """It seals nothing while it is measured."""
    sealing: Portal
    """As it is started by default: the thread that seals is in it."""
    peers: Granian
    sealer: Sealer
    keys: Sequence[str]
    folder: Path


def contenders(at: SetUp, heads: dict[str, list[str]]) -> list[Contender]:
    """Everyone, in the order of the table."""
    ours = _written(at.folder / "ours", [f"x-api-key: {key}" for key in at.keys])
    seal, wait = at.sealer.seal, at.sealer.wait
    told = [
        Contender(OURS, _by_http(at, at.portal, "/verify", _always(ours)), seal),
        Contender(SEALING, _by_http(at, at.sealing, "/verify", _always(ours)), wait),
        Contender(SIGNED, _by_http(at, at.portal, "/verify", _signs(at, "/verify")), seal),
        Contender(SDK, _by_http(at, at.portal, "/sdk/scopes", _signs(at, "/sdk/scopes", most=2000)), seal),
    ]
    for name, address in (
        (API_KEY, "api-key"),
        ("knox", "knox"),
        ("bare Django", "bare"),
        (BY_HAND, "by-hand"),
    ):
        lines = _written(at.folder / address, heads[address])
        told.append(Contender(name, _by_http(at, at.peers, f"/{address}", _always(lines))))
    return [*told, Contender(LOOP, _loop(at, heads["by-hand"][0].partition(": ")[2]))]


def prepared(module: str, how_many: int, **environment: str) -> str:
    """What a module that makes tables and keys says, which is JSON."""
    words = [sys.executable, "-m", module, str(how_many)]
    done = subprocess.run(
        words, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _written(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def _always(heads: Path) -> Callable[[int, float], Path]:
    """The same heads for every round."""
    return lambda callers, seconds: heads


def _by_http(
    at: SetUp, server: Served, address: str, heads: Callable[[int, float], Path]
) -> Callable[[int, float], Sample]:
    def measure(callers: int, seconds: float) -> Sample:
        lines = heads(callers, seconds)
        app, database = processes.cpu(server.pid), processes.cpu(at.postgres.pid)
        came = load.run(server.address(address), lines, callers, seconds)
        return Sample(came, processes.cpu(server.pid) - app, processes.cpu(at.postgres.pid) - database)

    return measure


def _loop(at: SetUp, key: str) -> Callable[[int, float], Sample]:
    digest = hashlib.sha256(key.encode()).hexdigest()

    def measure(callers: int, seconds: float) -> Sample:
        database = processes.cpu(at.postgres.pid)
        words = [sys.executable, "-m", "bench.doors.loop", str(at.postgres.root), "peers", digest]
        done = subprocess.run(
            [*words, str(callers), str(seconds)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        document = json.loads(done.stdout)
        cpu = document.pop("cpu")
        return Sample(Came(**document), cpu, processes.cpu(at.postgres.pid) - database)

    return measure


def _signs(at: SetUp, target: str, most: int = 10_000) -> Callable[[int, float], Path]:
    """Requests signed beforehand, each with a nonce of its own, as many as a round could use up."""

    def heads(callers: int, seconds: float) -> Path:
        many = int(seconds * most) if callers > 1 else int(seconds * most / 4)
        lines = (signed(at.keys[number % len(at.keys)], target) for number in range(many))
        return _written(at.folder / "signed", lines)

    return heads


def signed(key: str, target: str) -> str:
    """The head of a request that `key` has signed."""
    body = hashlib.sha256(b"").hexdigest()
    moment, nonce = str(int(time.time())), secrets.token_hex(16)
    signing = hmac.digest(key.encode(), b"alter-signing-v1", "sha256")
    text = "\n".join(("GET", target, moment, nonce, body, ""))
    told = {
        "x-api-key": key,
        "x-alter-timestamp": moment,
        "x-alter-nonce": nonce,
        "x-alter-content-sha256": body,
        "x-alter-signature": hmac.digest(signing, text.encode(), "sha256").hex(),
    }
    return "\t".join(f"{name}: {value}" for name, value in told.items())
