"""Stands in for what a machine does with its gateways: `nginx -t`, `haproxy -c`, `systemctl reload nginx`.

The files are those that lie in the folder's etc/, where the document's commands put them; the programs are real.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.docs.checkout import libraries

ALL = ("nginx", "caddy", "haproxy", "traefik")


def main(words: list[str]) -> int:
    """`ROOT PROGRAM WORDS…`; the exit code."""
    root, name, *rest = words
    here = Path(root)
    if name == "systemctl":
        return _systemctl(here, *rest)
    return subprocess.call(_command(here, name, checks=True), env=_environment(here, name))


def _systemctl(root: Path, verb: str, name: str = "") -> int:
    """Start the gateway anew, in the place of whichever runs."""
    if name not in ALL or verb not in ("reload", "restart"):
        return 1
    for other in ALL:
        _stop(root / f"{other}.pid")
    if name == "traefik":  # there is none to be had here; tests/gateways/test_traefik.py reads its file
        return 0
    with (root / "log/gateway").open("ab") as said:
        command, env = _command(root, name, checks=False), _environment(root, name)
        started = subprocess.Popen(command, env=env, stdout=said, stderr=said, start_new_session=True)
    (root / f"{name}.pid").write_text(str(started.pid))
    return _listens(root, started)


def stop_all(root: Path) -> None:
    """End whichever runs."""
    for name in ALL:
        _stop(root / f"{name}.pid")


def _stop(file: Path) -> None:
    if file.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(file.read_text()), 15)
        file.unlink()
        time.sleep(0.1)


def _listens(root: Path, process: subprocess.Popen[bytes]) -> int:
    port, ends = int((root / "gateway-port").read_text()), time.monotonic() + 20
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return 0
        time.sleep(0.02)
    sys.stderr.write((root / "log/gateway").read_text()[-2000:])
    return 1


def _command(root: Path, name: str, *, checks: bool) -> list[str]:
    """The real program, with the file of this folder."""
    if name == "nginx":
        whole = _nginx(root)
        words = [
            _program(root, "nginx"),
            "-p",
            str(root),
            "-c",
            str(whole),
            "-e",
            str(root / "log/error.log"),
        ]
        return [*words, "-t"] if checks else words
    if name == "caddy":
        file = _localized(root, "etc/caddy/Caddyfile")
        return [_program(root, "caddy"), "run", "--config", str(file), "--adapter", "caddyfile"]
    file = _localized(root, "etc/haproxy/haproxy.cfg")
    return [_program(root, "haproxy"), *(["-c"] if checks else []), "-f", str(file)]


def _program(root: Path, name: str) -> str:
    """Where the real one is: of that name, ours is found first."""
    return dict(line.split(" ", 1) for line in (root / "programs").read_text().splitlines())[name]


def _nginx(root: Path) -> Path:
    """The smallest http { } there is, around what lies in conf.d, as Debian's has it."""
    for file in (root / "etc/nginx/conf.d").glob("*.conf"):
        _localized(root, str(file.relative_to(root)))
    paths = "".join(
        f"{n}_temp_path {root}/log/{n};" for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    outer = f"daemon off; master_process off; pid {root}/log/pid; events {{}}"
    whole = root / "nginx.conf"
    whole.write_text(
        f"{outer} http {{ {paths} access_log off; include {root}/etc/nginx/conf.d/*.conf.here; }}"
    )
    return whole


def _localized(root: Path, file: str) -> Path:
    """A copy of the file with the ports and places of here."""
    text = (root / file).read_text()
    for line in (root / "ports").read_text().splitlines():
        said, _, ours = line.partition(" ")
        text = text.replace(said, ours)
    here = root / f"{file}.here"
    here.write_text(text)
    return here


def _environment(root: Path, name: str) -> dict[str, str]:
    """What its unit gives it: the file with the secret, and places to write."""
    homes = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(root / "log"))
    secret = root / f"etc/{name}/alter-gateway.env"
    said = secret.read_text().splitlines() if secret.exists() else []
    held = dict(line.split("=", 1) for line in said if "=" in line and not line.startswith("#"))
    return {**homes, "LD_LIBRARY_PATH": libraries(), **held}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
