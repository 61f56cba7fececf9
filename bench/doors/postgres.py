"""A throw-away PostgreSQL on which a commit is a commit: it flushes, at the disk's pace or slower."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.doors import processes
from tests import pgtemp

# What somebody gets who installs PostgreSQL, with enough connections and memory for what is measured.
OPTIONS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_connections": "220",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
}
SLOW = Path(__file__).with_name("slow_flush.c")


class Server(pgtemp.Server):
    """It can be killed and started again on what it had written."""

    def __init__(self, slower_ms: float = 0, **options: str) -> None:
        programs = pgtemp.find_programs()
        if programs is None:
            raise SystemExit("No PostgreSQL found: install one, or set PORTAL_TEST_PG_BIN.")
        super().__init__(programs, **(OPTIONS | options))
        if slower_ms:
            self._run["env"] |= {"LD_PRELOAD": str(self._shim()), "SLOW_FLUSH_US": str(int(slower_ms * 1000))}

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the first process: the others are below it."""
        if self._process is None:
            raise RuntimeError("it has not been started")
        return self._process.pid

    def make(self, name: str, like: str = "template1") -> str:
        """Make a database; return its address for DATABASE_URL."""
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        return f"postgres://portal@/{name}?host={self.root}"

    def connect(self, name: str) -> psycopg.Connection[Any]:
        """A connection, each statement its own transaction."""
        return psycopg.connect(host=str(self.root), user="portal", dbname=name, autocommit=True)

    def kill(self) -> None:
        """End all of it at once, as when the power goes."""
        for pid in processes.tree(self.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if self._process:
            self._process.wait()
        time.sleep(0.2)

    def start_again(self) -> None:
        """Start it on what there is."""
        self._launch()
        self._wait()

    def _shim(self) -> Path:
        """The library that adds to each flush, compiled into this server's own folder."""
        library = self.root / "slow_flush.so"
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SLOW), "-ldl"]
        subprocess.run(command, check=True)
        library.chmod(0o755)
        return library
