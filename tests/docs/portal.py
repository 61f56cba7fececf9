"""The one portal that all documents are tried on: started as their readers start it, by `make run` in a fresh clone."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.docs import machine
from tests.docs.checkout import Checkout
from tests.docs.markdown import ROOT
from tests.docs.person import EMAIL, PASSWORD, Person
from tests.docs.preloaded import LIFETIME

PATIENCE = 180
"""Seconds that a start may take on a busy machine."""


class Portal:
    """A clone, the server in it, and its admin."""

    def __init__(self, root: Path) -> None:
        self.checkout = Checkout(root)
        self.url = f"http://localhost:{self.checkout.ports['8000']}"
        self._settings: dict[str, str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._commands: list[subprocess.Popen[bytes]] = []
        self.said = root / "log/portal"

    def serve(self, line: str = "make run") -> None:
        """What a document's `NAME=value make run` does. One that runs with these settings goes on."""
        settings = dict(word.split("=", 1) for word in shlex.split(line) if "=" in word)
        if settings == self._settings:
            return
        self._stop_server()
        env = self.checkout.environment | settings | {"PORT": str(self.checkout.ports["8000"])}
        with self.said.open("wb") as said:
            self._server = subprocess.Popen(
                ["timeout", str(LIFETIME), "make", "run"],
                cwd=self.checkout.folder,
                env=env,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self._settings = settings
        self._wait()
        if not self._commands:
            self._preload()

    def meet_admin(self) -> Person:
        """Someone who opens the link that the first start printed, and is the admin from then on."""
        person = Person(self.url)
        link = re.search(r"/join/\S+", self.said.read_text())
        if link:
            person.open(link[0])
            person.send(name="You", email=EMAIL, password=PASSWORD)
        else:
            person.sign_in()
        return person

    def stop(self) -> None:
        """End all that was started."""
        self._stop_server()
        machine.stop_all(self.checkout.root)
        for process in self._commands:
            process.kill()
            process.wait()

    def _preload(self) -> None:
        """Have the processes ready that manage.py and `alter` are forked from."""
        env = {name: value for name, value in self.checkout.environment.items() if name != "PYTHONPATH"}
        for kind in ("manage", "alter"):
            place = self.checkout.root / f"{kind}.socket"
            command = [sys.executable, str(ROOT / "tests/docs/preloaded.py"), "--serve", str(place), kind]
            self._commands.append(subprocess.Popen(command, cwd=self.checkout.folder, env=env))

    def _wait(self) -> None:
        assert self._server
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends and self._server.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
        raise AssertionError(f"make run does not serve: {self.said.read_text()}")

    def _stop_server(self) -> None:
        if self._server:
            os.killpg(self._server.pid, signal.SIGTERM)
            self._server.wait(30)
