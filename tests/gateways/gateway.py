"""Real gateways, run with the files of docs/gateways, before a service that tells what it was sent."""

import json
import platform
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from keys.gateways.config_files import KINDS, secret_text
from tools.dev import CACHE, GATEWAYS

DOCS = Path(__file__).resolve().parents[2] / "docs/gateways"
PLACES = {"portal": "127.0.0.1:8000", "service": "127.0.0.1:9000", "gateway": ":8080"}
"""As the files name them; a test has ports of its own."""


class Ports(NamedTuple):
    """Where everything is."""

    portal: int
    service: int
    gateway: int


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers it received; under /api/broken with a 500."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    """Or its second write waits for a gateway that keeps its connections, 40 ms each time."""

    def do_GET(self) -> None:
        """Tell it."""
        told: dict[str, str] = {}
        for name, value in self.headers.items():
            told[name.lower()] = f"{told[name.lower()]}, {value}" if name.lower() in told else value
        body = json.dumps(told).encode()
        self.send_response(500 if self.path.startswith("/api/broken") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Served-By", "the service")
        for name in ("X-Request-Id", "X-RateLimit-Limit", "X-Alter-Key-Deprecated"):
            self.send_header(name, "the service's own")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for bytes that were sent as they are."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def seen(self) -> dict[str, str]:
        """The headers that reached the service. Fails if the call did not."""
        assert self.headers.get("x-served-by") == "the service", self
        document: dict[str, str] = json.loads(self.body)
        return document


@dataclass(frozen=True, slots=True)
class Gateway:
    """One that runs, and where it writes its access log."""

    name: str
    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def send(self, *lines: bytes, start: bytes = b"GET /api/last/7 HTTP/1.1") -> Answer:
        """What comes back for a request of these header lines, byte for byte."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as wire:
            head = b"\r\n".join([start, b"Host: api.example.com", b"Connection: close", *lines])
            wire.sendall(head + b"\r\n\r\n")
            response = HTTPResponse(wire, method=start.split(b" ")[0].decode())
            response.begin()
            headers: dict[str, str] = {}
            for name, value in response.getheaders():
                headers[name.lower()] = (
                    f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
                )
            return Answer(response.status, headers, response.read())

    def logged(self) -> str:
        """All it has logged, once it has logged something. Fails if it keeps silent."""
        ends = time.monotonic() + 5
        while time.monotonic() < ends:
            # One that keeps its place leaves zeros before it when its log is emptied.
            if self.log.exists() and (text := self.log.read_text().replace("\0", "")):
                return text
            time.sleep(0.01)
        raise AssertionError("the gateway has logged nothing")

    def written(self) -> str:
        """All it has written into any of its logs by now."""
        names = (self.log.name, "api-error.log", "error.log", "said")
        places = [self.log.with_name(name) for name in names]
        return "".join(place.read_text(errors="replace") for place in places if place.exists())

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)


def echo() -> ThreadingHTTPServer:
    """The service behind the gateway, on a free port."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=service.serve_forever, args=(0.05,), daemon=True).start()
    return service


def nginx(folder: Path, ports: Ports, secret: str) -> Gateway:
    """docs/gateways/nginx.conf inside the smallest http { } there is."""
    log, held = folder / "api.log", folder / "alter-gateway.conf"
    held.write_text(secret_text("nginx", secret))
    places = {
        "/var/log/nginx/api.log": log,
        "/var/log/nginx/api-error.log": folder / "api-error.log",
        KINDS["nginx"].secret_place: held,
    }
    inner = _adapted("nginx.conf", ports, places)
    return start_nginx(folder, inner, ports, log)


def start_nginx(folder: Path, inner: str, ports: Ports, log: Path) -> Gateway:
    """nginx with `inner` inside http { }."""
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    error_log, whole = folder / "error.log", folder / "whole.conf"
    outer = f"daemon off; master_process off; pid {folder}/pid; error_log {error_log};"
    whole.write_text(f"{outer} events {{}} http {{ {temporary} access_log off; {inner} }}")
    command = [program("nginx"), "-p", str(folder), "-c", str(whole), "-e", str(error_log)]
    return _started("nginx", command, folder, ports, log)


def caddy(folder: Path, ports: Ports, secret: str) -> Gateway:
    """docs/gateways/Caddyfile as it is."""
    log, file = folder / "api.log", folder / "Caddyfile"
    file.write_text(_adapted("Caddyfile", ports, {"/var/log/caddy/api.log": log}))
    command = [program("caddy"), "run", "--config", str(file), "--adapter", "caddyfile"]
    return _started("caddy", command, folder, ports, log, ALTER_GATEWAY=secret)


def haproxy(folder: Path, ports: Ports, secret: str) -> Gateway:
    """docs/gateways/haproxy.cfg with haproxy.lua beside it. It logs to where its words go."""
    file, script = folder / "haproxy.cfg", DOCS / "haproxy.lua"
    file.write_text(_adapted("haproxy.cfg", ports, {"/etc/haproxy/alter.lua": script}))
    libraries = CACHE / "gateways/usr/lib" / f"{platform.machine()}-linux-gnu"
    command = [program("haproxy"), "-f", str(file)]
    env = {"ALTER_GATEWAY": secret, "LD_LIBRARY_PATH": str(libraries)}
    return _started("haproxy", command, folder, ports, folder / "said", **env)


def program(name: str) -> str:
    """Where this machine has it, or where `make test` has unpacked it. Empty: nowhere."""
    unpacked = CACHE / GATEWAYS[name]
    return shutil.which(name) or (str(unpacked) if unpacked.exists() else "")


EVERY: dict[str, Callable[[Path, Ports, str], Gateway]] = {"nginx": nginx, "caddy": caddy, "haproxy": haproxy}


def _adapted(name: str, ports: Ports, places: dict[str, Path]) -> str:
    """The file with our ports and places instead of those it names. Each must be in it, or it is another file."""
    return adapt((DOCS / name).read_text(), ports, places)


def adapt(text: str, ports: Ports, places: dict[str, Path]) -> str:
    """`text` with our ports and places instead of those it names, which must be in it."""
    ours = {
        PLACES["portal"]: f"127.0.0.1:{ports.portal}",
        PLACES["service"]: f"127.0.0.1:{ports.service}",
        PLACES["gateway"]: f":{ports.gateway}",
        **{said: str(place) for said, place in places.items()},
    }
    for said, place in ours.items():
        assert said in text, f"it does not name {said}"
        text = text.replace(said, place)
    return text


def _started(name: str, command: list[str], folder: Path, ports: Ports, log: Path, **env: str) -> Gateway:
    """Start it and wait until it listens."""
    with (folder / "said").open("ab") as said:
        homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**homes, **env})
    ends = time.monotonic() + 20
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", ports.gateway)) == 0:
                return Gateway(name, f"http://127.0.0.1:{ports.gateway}", log, process)
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"{command[0]} does not listen: {(folder / 'said').read_text()[-2000:]}")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
