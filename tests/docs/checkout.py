"""A fresh clone in a folder of its own, and what a machine has around it: /etc, sudo, systemctl, gateways.

What is ours is run as it is. What is the machine's is stood in for: `sudo` runs its words, `systemctl` starts the
gateway that it names with the file that lies in this folder's etc/, curl notes the status.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import ROOT
from tests.gateways.gateway import free_port, program
from tools.dev import CACHE

LEFT_BEHIND = (".git", ".venv", ".cache", "var", ".env", "node_modules", "screens", "bench", "tests")
ETC = ("nginx/conf.d", "caddy", "traefik/dynamic", "haproxy", "ssl")
PROGRAMS = {
    "sudo": 'exec "$@"',
    "curl": 'exec {curl} -w "%{{stderr}}status=%{{http_code}}\\n" "$@"',
    "python3": 'exec {python} "$@"',
    "nginx": 'cd {tests}/.. && exec {python} -m tests.docs.machine {root} nginx "$@"',
    "haproxy": 'cd {tests}/.. && exec {python} -m tests.docs.machine {root} haproxy "$@"',
    "systemctl": 'cd {tests}/.. && exec {python} -m tests.docs.machine {root} systemctl "$@"',
}
OURS = """\
#!/bin/sh
case "$1" in manage.py) kind=manage;; -Ic) kind=alter; shift;; *) kind=none;; esac
if [ -S {root}/$kind.socket ]; then
    {python} -S {tests}/docs/preloaded.py {root}/$kind.socket "$@"
    code=$?
    if [ $code != 97 ]; then exit $code; fi
fi
if [ $kind = alter ]; then exec {python} -Ic "$@"; fi
exec {python} "$@"
"""


class Checkout:
    """The clone below `root`, beside a home, an etc/ and programs; and the ports in the place of the documents'."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "portal"
        self.ports = {"8000": free_port(), "8080": free_port(), "9000": free_port()}
        shutil.copytree(ROOT, self.folder, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
        subprocess.run(["git", "init", "-q", str(self.folder)], check=True)
        self._make_environment()
        self._make_machine()

    @property
    def environment(self) -> dict[str, str]:
        """What a newcomer's terminal has."""
        places = [str(self.root / "bin"), os.environ["PATH"]]
        # `alter auth login` opens it, as it would any browser.
        browser = f"{sys.executable} -m tests.docs.person %s"
        return {
            "PATH": os.pathsep.join(places),
            "HOME": str(self.root / "home"),
            "LANG": "C.UTF-8",
            "BROWSER": browser,
            "PYTHONPATH": str(ROOT),
        }

    def localized(self, text: str) -> str:
        """What a document says, with the ports and places of here."""
        for said, ours in self.ports.items():
            for host in ("localhost:", "127.0.0.1:", "http.server "):
                text = text.replace(f"{host}{said}", f"{host}{ours}")
        for place in ("/etc/", "/backup/", "/elsewhere/", "/var/log/"):
            text = re.sub(rf"(?<=[ '=]){place}", f"{self.root}{place}", text)
        return text

    def empty_etc(self) -> None:
        """Let a document find the machine as one finds it who begins with that document."""
        shutil.rmtree(self.root / "etc", ignore_errors=True)
        for name in ETC:
            (self.root / "etc" / name).mkdir(parents=True)

    def _make_environment(self) -> None:
        """A .venv as `make run` leaves it: packages are shared with the one that tests run in."""
        programs = self.folder / ".venv/bin"
        programs.mkdir(parents=True)
        words = {"python": sys.executable, "root": self.root, "tests": ROOT / "tests"}
        _write(programs / "python", OURS.format(**words))
        _write(programs / "activate", f'PATH="{programs}:$PATH"\n')
        pinned = hashlib.sha256((ROOT / "requirements/run.txt").read_bytes()).hexdigest()
        (programs.parent / "installed-run.txt").write_text(pinned)

    def _make_machine(self) -> None:
        for place in ("backup", "elsewhere", "home", "bin", "log", "var/log/alter-portal"):
            (self.root / place).mkdir(parents=True)
        served, gateway, service = (self.ports[said] for said in ("8000", "8080", "9000"))
        (self.root / "gateway-port").write_text(str(gateway))
        here = {
            "127.0.0.1:8000": f"127.0.0.1:{served}",
            ":8080": f":{gateway}",
            "127.0.0.1:9000": f"127.0.0.1:{service}",
            "/etc/haproxy/alter.lua": f"{self.root}/etc/haproxy/alter.lua",
            "/var/log/nginx/": f"{self.root}/log/",
            "/var/log/caddy/": f"{self.root}/log/",
        }
        (self.root / "ports").write_text("".join(f"{said} {ours}\n" for said, ours in here.items()))
        found = {name: program(name) for name in ("nginx", "caddy", "haproxy")}
        (self.root / "programs").write_text("".join(f"{name} {place}\n" for name, place in found.items()))
        words = {
            "python": sys.executable,
            "root": self.root,
            "tests": ROOT / "tests",
            "curl": shutil.which("curl") or "curl",
        }
        for name, script in PROGRAMS.items():
            _write(self.root / "bin" / name, "#!/bin/sh\n" + script.format(**words) + "\n")


def _write(path: Path, script: str) -> None:
    path.write_text(script)
    path.chmod(0o755)


def libraries() -> str:
    """Where the gateways' libraries are that this system may lack."""
    return str(CACHE / "gateways/usr/lib" / f"{platform.machine()}-linux-gnu")
