"""Chooses the database and the data folder before Django reads its settings: a conftest comes too late."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from typing import Any

import pytest

from tests import pgtemp

SETTINGS = ("DATABASE_URL", "EMAIL_URL", "HOST", "PORT")
NO_POSTGRES = "no PostgreSQL found: use `make test`, set PORTAL_TEST_PG_BIN, or say --db=sqlite"
POSTGRES_ONLY = ("browser", "postgres")
# Whoever touches a database asks for one of these, or is marked django_db.
DATABASE = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}
LEFT_TO = {"sqlite": ("need PostgreSQL", "postgres"), "postgres": ("do not depend on the engine", "sqlite")}

_postgres = pytest.StashKey[pgtemp.Server]()
_left_out = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --db: the engine to test on."""
    parser.addoption("--db", choices=["sqlite", "postgres"], default="postgres", help="the engine to test on")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Prepare the environment that portal.settings reads."""
    gc.disable()  # until all tests are collected: nothing is thrown away before, and looking takes seconds
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # a worker shares its controller's database server and folder
    forget_settings()
    os.environ["PORTAL_TEST"] = "1"
    # Playwright keeps a loop running in the main thread, which Django would take for a mistake of ours.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    os.environ["PORTAL_DATA"] = make_data_folder(early_config)
    os.environ["DATABASE_URL"] = database_url(early_config)


def forget_settings() -> None:
    """Drop what is set for a real portal: tests must neither depend on it nor touch its data."""
    for name in list(os.environ):
        ours = name.startswith("PORTAL_") and not name.startswith("PORTAL_TEST_")
        if ours or name in SETTINGS:
            del os.environ[name]


def make_data_folder(config: pytest.Config) -> str:
    """Make the folder that stands in for ./var until the end of the run."""
    folder = tempfile.mkdtemp(prefix="portal-test-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    return folder


def database_url(config: pytest.Config) -> str:
    """Return where to test, starting a PostgreSQL if none is given."""
    if config.known_args_namespace.db == "sqlite":
        return f"sqlite:///{os.environ['PORTAL_DATA']}/test.sqlite3"
    return os.environ.get("PORTAL_TEST_DATABASE_URL") or start_postgres(config)


def start_postgres(config: pytest.Config) -> str:
    """Start a throw-away PostgreSQL until the end of the run and return its address."""
    pgtemp.sweep()
    programs = pgtemp.find_programs()
    if programs is None:
        raise pytest.UsageError(NO_POSTGRES)
    server = config.stash[_postgres] = pgtemp.Server(programs)
    config.add_cleanup(server.stop)
    return server.start()


def pytest_report_header(config: pytest.Config) -> str:
    """Say which database this is."""
    if _postgres in config.stash:
        return f"database: throw-away PostgreSQL {config.stash[_postgres].version}"
    return f"database: {config.getoption('db')}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to the other engine what need not run on this one: left out, not skipped, because that one runs it."""
    on_sqlite = config.getoption("db") == "sqlite"
    left_out = [item for item in items if (needs_postgres(item) if on_sqlite else needs_no_database(item))]
    config.stash[_left_out] = len(left_out)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
    # The browser's tests take longest, and should not be what one worker is left alone with at the end.
    items.sort(key=lambda item: not item.get_closest_marker("browser"))


def pytest_collection_finish() -> None:
    """Keep what has been collected out of the garbage collector's way."""
    gc.freeze()
    gc.enable()


def needs_postgres(item: pytest.Item) -> bool:
    """Tell whether only PostgreSQL can run it."""
    return any(item.get_closest_marker(name) for name in POSTGRES_ONLY)


def needs_no_database(item: pytest.Item) -> bool:
    """Tell whether it proves the same on both engines: it may touch neither, and pytest-django sees to that."""
    fixtures = getattr(item, "fixturenames", ())
    if item.get_closest_marker("one_engine"):
        return True
    return (
        not needs_postgres(item)
        and not item.get_closest_marker("django_db")
        and DATABASE.isdisjoint(fixtures)
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell it to the controller, if this is a worker."""
    if told := getattr(session.config, "workeroutput", None):
        told["left_out"] = session.config.stash.get(_left_out, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear it from a worker; all of them say the same."""
    node.config.stash[_left_out] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many tests the other engine has to run."""
    if left_out := config.stash.get(_left_out, 0):
        why, other = LEFT_TO[config.getoption("db")]
        terminalreporter.write_line(f"{left_out} tests {why}: they are left to --db={other}")
