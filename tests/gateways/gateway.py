"""A real nginx and a real Caddy, run with the files of docs/gateways, before a service that tells what it was sent."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tools.dev import CACHE, GATEWAYS

DOCS = Path(__file__).resolve().parents[2] / "docs/gateways"
PLACES = {"portal": "127.0.0.1:8000", "service": "127.0.0.1:9000", "gateway": "8080"}
"""As the files name them; a test has ports of its own."""


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers it received; under /api/broken with a 500."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Tell it."""
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(500 if self.path.startswith("/api/broken") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """One that runs, and where it writes its access log."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def logged(self) -> str:
        """All it has logged, once it has logged something. Fails if it keeps silent."""
        ends = time.monotonic() + 5
        while time.monotonic() < ends:
            if self.log.exists() and (text := self.log.read_text()):
                return text
            time.sleep(0.01)
        raise AssertionError("the gateway has logged nothing")

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)


def echo() -> ThreadingHTTPServer:
    """The service behind the gateway, on a free port."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=service.serve_forever, args=(0.05,), daemon=True).start()
    return service


def nginx(folder: Path, portal: int, service: int) -> Gateway:
    """docs/gateways/nginx.conf inside the smallest http { } there is."""
    log, port = folder / "api.log", _free_port()
    inner = _adapted("nginx.conf", "/var/log/nginx/api.log", log, (portal, service, port))
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    outer = f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;"
    (folder / "whole.conf").write_text(f"{outer} events {{}} http {{ {temporary} access_log off; {inner} }}")
    command = [
        program("nginx"),
        "-p",
        str(folder),
        "-c",
        str(folder / "whole.conf"),
        "-e",
        str(folder / "error.log"),
    ]
    return _started(command, folder, port, log)


def caddy(folder: Path, portal: int, service: int) -> Gateway:
    """docs/gateways/Caddyfile as it is."""
    log, port = folder / "api.log", _free_port()
    file = folder / "Caddyfile"
    file.write_text(_adapted("Caddyfile", "/var/log/caddy/api.log", log, (portal, service, port)))
    command = [program("caddy"), "run", "--config", str(file), "--adapter", "caddyfile"]
    return _started(command, folder, port, log)


def program(name: str) -> str:
    """Where this machine has it, or where `make test` has unpacked it. Empty: nowhere."""
    unpacked = CACHE / GATEWAYS[name]
    return shutil.which(name) or (str(unpacked) if unpacked.exists() else "")


EVERY: dict[str, Callable[[Path, int, int], Gateway]] = {"nginx": nginx, "caddy": caddy}


def _adapted(name: str, log_place: str, log: Path, ports: tuple[int, int, int]) -> str:
    """The file with our ports and our log in place of those it names. Each must be in it, or it is another file."""
    text, (portal, service, port) = (DOCS / name).read_text(), ports
    for said, ours in (
        (PLACES["portal"], f"127.0.0.1:{portal}"),
        (PLACES["service"], f"127.0.0.1:{service}"),
        (PLACES["gateway"], str(port)),
        (log_place, str(log)),
    ):
        assert said in text, f"docs/gateways/{name} does not name {said}"
        text = text.replace(said, ours)
    return text


def _started(command: list[str], folder: Path, port: int, log: Path) -> Gateway:
    """Start it and wait until it listens."""
    with (folder / "said").open("wb") as said:
        homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        process = subprocess.Popen(command, stdout=said, stderr=said, env=homes)
    ends = time.monotonic() + 20
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return Gateway(f"http://127.0.0.1:{port}", log, process)
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"{command[0]} does not listen: {(folder / 'said').read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
