"""One throw-away PostgreSQL that keeps what it is told, with a database for each size; and which of them is asked."""

import os
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from tests import pgtemp

# What somebody gets who installs PostgreSQL, but for memory: the planner's own costs, and every commit on disk.
OPTIONS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_connections": "40",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "maintenance_work_mem": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
EMPTY = "empty"


class Databases:
    """The server and its databases. Django is set up against the first one, which is migrated and then copied."""

    def __init__(self) -> None:
        programs = pgtemp.find_programs()
        if programs is None:
            raise SystemExit("No PostgreSQL found: install one, or set PORTAL_TEST_PG_BIN.")
        self.server = pgtemp.Server(programs, **OPTIONS)
        self.folder = tempfile.TemporaryDirectory(prefix="portal-bench-")
        self._open: dict[str, Any] = {}

    def __enter__(self) -> "Databases":
        self.server.start()
        self._sql(f"CREATE DATABASE {EMPTY}")
        os.environ |= self.environment(EMPTY)
        import django

        django.setup()
        return self

    def __exit__(self, *_: object) -> None:
        for wrapper in self._open.values():
            wrapper.close()
        self.server.stop()
        self.folder.cleanup()

    def environment(self, name: str) -> dict[str, str]:
        """What a portal on database `name` is started with."""
        return {
            "DATABASE_URL": f"postgres://portal@/{name}?host={self.server.root}",
            "PORTAL_DATA": self.folder.name,
            "PORTAL_CHECKPOINTS": f"{self.folder.name}/checkpoints/{name}",
            "PORTAL_TEST": "1",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }

    def copy(self, name: str) -> None:
        """Make database `name`, like the empty one."""
        self.close(EMPTY)
        self._sql(f"CREATE DATABASE {name} TEMPLATE {EMPTY}")

    def use(self, name: str) -> None:
        """Let Django, and so every function of the product, ask database `name` from here on."""
        from django.db import connections

        if name not in self._open:
            wrapper = connections.create_connection("default")
            wrapper.settings_dict = {**wrapper.settings_dict, "NAME": name}
            self._open[name] = wrapper
        connections["default"] = self._open[name]

    def close(self, name: str) -> None:
        """Leave database `name`: one that is copied must have nobody in it."""
        from django.db import connections

        connections["default"].close()
        if wrapper := self._open.pop(name, None):
            wrapper.close()

    def drop(self, name: str) -> None:
        """Give the room of database `name` back."""
        self.close(name)
        self._sql(f"DROP DATABASE {name} WITH (FORCE)")

    def connect(self, name: str) -> psycopg.Connection[Any]:
        """A connection of one's own, without Django, each statement its own transaction."""
        return psycopg.connect(host=str(self.server.root), user="portal", dbname=name, autocommit=True)

    def megabytes(self) -> int:
        """How much room it takes."""
        return sum(f.stat().st_size for f in Path(self.server.root).rglob("*") if f.is_file()) >> 20

    def _sql(self, statement: str) -> None:
        with self.connect("postgres") as connection:
            connection.execute(statement)
