"""Fixtures every test may need: a Chromium that leaves no trace, and a flush that may empty the audit log."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import override_settings
from django.test.client import ClientHandler
from django.test.signals import setting_changed

from keys.admission.batching.queue import call_queue
from tools.dev import find_chromium

pytest_plugins = ["tests.cast", "tests.server"]

# No word to anybody but this machine, and no message that a page did not cause.
CHROMIUM_ARGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--no-pings",
    "--metrics-recording-only",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost , EXCLUDE ::1",
)
NO_CHROMIUM = "no Chromium found: apt-get install chromium, or set PORTAL_TEST_CHROMIUM"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the Chromium of this machine; without one skip, but fail in CI."""
    program = find_chromium()
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_CHROMIUM)
    # The sandbox is kept wherever it works, and it does not for root.
    sandbox = not (hasattr(os, "geteuid") and os.geteuid() == 0)
    mine = {"executable_path": program, "args": list(CHROMIUM_ARGS), "chromium_sandbox": sandbox}
    return browser_type_launch_args | mine


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Digest passwords with something fast: argon2id is slow by design, and tested in tests/portal/test_sign_in.py."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def middleware_is_loaded_once(quick_passwords: None) -> Iterator[None]:
    """Load it for all clients, as a server does: it takes longer than a request. Other settings load it anew."""
    real, loaded = ClientHandler.load_middleware, dict[str, Any]()

    def load(self: ClientHandler, is_async: bool = False) -> None:
        if not loaded:
            real(self, is_async)
            loaded.update({name: value for name, value in vars(self).items() if name.startswith("_")})
        vars(self).update(loaded)

    def forget(**_: object) -> None:
        loaded.clear()

    setting_changed.connect(forget)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientHandler, "load_middleware", load)
        yield


@pytest.fixture(autouse=True)
def the_door_lets_go() -> Iterator[None]:
    """Close the connections of the door's batches, if a test used any: its database may be dropped next."""
    yield
    call_queue.close()


@pytest.fixture(scope="session", autouse=True)
def checkpoints_of_this_process() -> Path:
    """Let each process that tests keep its checkpoints in a folder of its own."""
    folder = Path(portal.DATA_DIR) / f"checkpoints-{os.getpid()}"
    portal.CHECKPOINT_DIR = folder
    portal.MARKS_DIR, portal.SEAL_KEYS = folder.with_suffix(".marks"), folder.with_suffix(".keys")
    return folder


@pytest.fixture(autouse=True)
def no_checkpoints_of_the_test_before(checkpoints_of_this_process: Path) -> None:
    """Empty that folder for each test: a database that is rolled back knows none of the last one's."""
    shutil.rmtree(checkpoints_of_this_process, ignore_errors=True)
    shutil.rmtree(portal.MARKS_DIR, ignore_errors=True)
    portal.SEAL_KEYS.unlink(missing_ok=True)


@pytest.fixture(scope="session", autouse=True)
def flush_may_empty_the_audit_log() -> Iterator[None]:
    """Let Django empty the tables after a transactional or live-server test, which the triggers forbid.

    It also writes Django's own permissions anew each time, which nothing here reads: that is left out.
    """
    real = BaseDatabaseOperations.execute_sql_flush

    def flush(self: BaseDatabaseOperations, statements: Sequence[str]) -> None:
        allowed = _on_postgres if self.connection.vendor == "postgresql" else _on_sqlite
        real(self, allowed(self, statements))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush)
        patch.setattr("django.core.management.commands.flush.emit_post_migrate_signal", lambda *_: None)
        yield


def _on_postgres(_: BaseDatabaseOperations, statements: Sequence[str]) -> list[str]:
    # TRUNCATE makes new files for each table and index, which takes far longer than deleting a few rows.
    tables = re.findall(r'"[^"]+"', " ".join(statements))
    return ["SET LOCAL portal.audit_maintenance = 'on'", *(f"DELETE FROM {table}" for table in tables)]


def _on_sqlite(operations: BaseDatabaseOperations, statements: Sequence[str]) -> list[str]:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'"
    with operations.connection.cursor() as cursor:
        cursor.execute(query)
        triggers = dict(cursor.fetchall())
    return [*(f'DROP TRIGGER "{name}"' for name in triggers), *statements, *triggers.values()]
