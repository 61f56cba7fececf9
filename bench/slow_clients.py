"""How long /verify takes while strangers hold connections: idle, and beside each kind of slow client at each face.

    python -m bench.slow_clients --seconds 3

Everything is on loopback: a PostgreSQL of its own, the portal in one process, the slow clients in this one.
"""

import argparse
import json
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from bench.doors import load
from bench.doors.contenders import prepared
from bench.doors.postgres import Server
from bench.doors.servers import Portal

FACES = ("/verify", "/sdk/agents", "/api/v1/apps", "/account/login/")
MANY = 1000
CALLERS = 4
SETTLING = 3
"""Seconds in which what the clients did ask for is done."""
Hold = Callable[[socket.socket, str, str], None]


def slow_headers(there: socket.socket, face: str, key: str) -> None:
    """A request whose headers do not end."""
    there.sendall(f"GET {face} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {key}\r\nX-Slow: ".encode())


def slow_body(there: socket.socket, face: str, key: str) -> None:
    """A request whose body does not come."""
    head = f"POST {face} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {key}\r\nContent-Length: 1000\r\n\r\n{{"
    there.sendall(head.encode())


def slow_reader(there: socket.socket, face: str, key: str) -> None:
    """A request whose answer is not read."""
    request = f"GET {face} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {key}\r\n\r\n".encode()
    there.sendall(request)


def kept_alive(there: socket.socket, face: str, key: str) -> None:
    """An idle connection, after one request."""
    there.sendall(f"GET {face} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {key}\r\n\r\n".encode())
    there.recv(65536)


KINDS: dict[str, Hold] = {
    "slow headers": slow_headers,
    "slow bodies": slow_body,
    "slow readers": slow_reader,
    "kept alive": kept_alive,
}


@contextmanager
def held(port: int, face: str, key: str, hold: Hold, how_many: int) -> Iterator[None]:
    """That many connections, held."""
    with ExitStack() as stack:
        for _ in range(how_many):
            there = stack.enter_context(closing(socket.socket()))
            there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            there.settimeout(20)
            there.connect(("127.0.0.1", port))
            hold(there, face, key)
        yield


def measure(seconds: float, how_many: int, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """The p50 and p99 of /verify in milliseconds, by what is held meanwhile."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-bench-")))
        postgres = stack.enter_context(Server())
        ours = {
            "DATABASE_URL": postgres.make("portal"),
            "PORTAL_DATA": str(folder / "data"),
            "PORTAL_TICK": "apart",
        }
        keys = json.loads(prepared("bench.doors.ours", 100, **ours))
        heads = folder / "heads"
        heads.write_text("".join(f"x-api-key: {key}\n" for key in keys))
        portal = stack.enter_context(Portal(ours))

        def verify() -> dict[str, float]:
            came = load.run(portal.address("/verify"), heads, CALLERS, seconds)
            return {"p50": came.p50, "p99": came.p99, "each_second": came.each_second, "broken": came.broken}

        verify()
        figures = {"idle": verify()}
        for kind, hold in KINDS.items():
            for face in FACES:
                urllib.request.urlopen(portal.address("/healthz"), timeout=60)  # nothing waits from before
                with held(portal.port, face, keys[0], hold, how_many):
                    time.sleep(SETTLING)
                    figures[f"{kind} at {face}"] = verify()
                say(f"{kind} at {face}: {figures[f'{kind} at {face}']}")
        return figures


def main(words: Sequence[str]) -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(prog="python -m bench.slow_clients")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--connections", type=int, default=MANY, help="held at a time")
    args = parser.parse_args(words)
    if not load.is_there():
        raise SystemExit(load.NO_WRK)
    figures = measure(args.seconds, args.connections, lambda words: print(words, file=sys.stderr))
    idle = figures["idle"]["p99"]
    for name, row in figures.items():
        print(
            f"{name:36}p50 {row['p50']:7.2f} ms   p99 {row['p99']:7.2f} ms   {row['p99'] / idle:5.1f} of idle"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
