"""Servers under test on loopback: ours as it is run, the peers over WSGI behind granian."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return int(candidate.getsockname()[1])


class Served:
    """A server on a free port of this machine. `with` starts and stops it."""

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], *, ready: str, log: str = ""
    ) -> None:
        self.port = free_port()
        self._words = [sys.executable, "-m", *words, "--host", "127.0.0.1", "--port", str(self.port)]
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._ready, self._log = ready, log or os.devnull

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the first process."""
        if self._process is None:
            raise RuntimeError("it has not been started")
        return self._process.pid

    def address(self, path: str) -> str:
        """Where to call."""
        return f"http://127.0.0.1:{self.port}{path}"

    def start(self) -> None:
        """Start it and wait until it answers something."""
        with Path(self._log).open("ab") as log:
            self._process = subprocess.Popen(
                self._words, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._wait()
        except BaseException:
            self.kill()  # `with` stops only what has started
            raise

    def _wait(self) -> None:
        for _ in range(600):
            if self._answers(self._ready):
                return
            time.sleep(0.05)
        raise SystemExit(f"{self._words[2]} did not start; see {self._log}")

    def stop(self) -> None:
        """Let it finish what it is at."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End every process of it at once."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _answers(self, path: str) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise SystemExit(f"{self._words[2]} has ended; see {self._log}")
        try:
            urllib.request.urlopen(self.address(path), timeout=5)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


class Portal(Served):
    """Ours, behind its own front."""

    def __init__(self, environment: Mapping[str, str], workers: int = 1, log: str = "") -> None:
        super().__init__(["portal.server", "--workers", str(workers)], environment, ready="/healthz", log=log)


class Granian(Served):
    """A WSGI application behind granian."""

    def __init__(
        self, application: str, environment: Mapping[str, str], workers: int = 1, threads: int = 8
    ) -> None:
        quiet = ["--interface", "wsgi", "--no-ws", "--no-access-log", "--log-level", "error"]
        size = ["--workers", str(workers), "--blocking-threads", str(threads)]
        super().__init__(["granian", application, *quiet, *size], environment, ready="/bare")
