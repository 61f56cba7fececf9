"""Starts in surroundings that are not as they should be end with a sentence; starts at once wait for each other."""

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection, transaction
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.recorder import MigrationRecorder

from core import file_lock
from core.migration_state import NOT_PREPARED
from portal.config import listen, startup_errors

ROOT = Path(__file__).resolve().parents[3]
Process = subprocess.Popen[str]


def start(env: Mapping[str, str], *words: str) -> Process:
    """Start Python on `words`, in an environment of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    mine = kept | {"PORTAL_TEST": "1"} | dict(env)
    streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, *words], cwd=ROOT, env=mine, text=True, **streams)


def end(process: Process, told: str = "") -> tuple[int, str]:
    """Wait for its end: the exit code, and what it said."""
    out, err = process.communicate(told, timeout=120)
    return process.returncode, (out + err).strip()


def run(env: Mapping[str, str], *words: str) -> tuple[int, str]:
    return end(start(env, *words))


@pytest.fixture
def empty(tmp_path: Path, db: None) -> Iterator[dict[str, str]]:
    """Settings of a portal whose database is there and empty, on the engine under test."""
    if connection.vendor == "sqlite":
        yield {"PORTAL_DATA": str(tmp_path / "var")}
        return
    name = f"empty_{uuid.uuid4().hex[:12]}"
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield {"PORTAL_DATA": str(tmp_path / "var"), "DATABASE_URL": url.replace("/postgres?", f"/{name}?")}
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


STARTS = """
import io, sys, django; django.setup()
from django.conf import settings
from django.core.management import CommandError, call_command
call_command("migrate", "-v0")
print(settings.SECRET_KEY, settings.PEPPERS, settings.MAC_KEYS, settings.SEAL_KEY)
sys.stdin = io.StringIO("correct horse battery 9")
try: call_command("create_admin", "--email", "a@b.example", "--password-stdin")
except CommandError as taken: print(taken, file=sys.stderr)
"""
"""A first start: secrets, tables, and an admin of the same name."""


def test_starts_at_once_prepare_one_database(empty: dict[str, str]) -> None:
    """Each has the secrets of the same files in memory, one of them waits, and one makes the admin."""
    both = [start(empty | {"DJANGO_SETTINGS_MODULE": "portal.settings"}, "-c", STARTS) for _ in range(2)]
    ended = [(process.communicate(timeout=240), process.returncode) for process in both]
    assert [code for _, code in ended] == [0, 0], ended
    assert len({out for (out, _), _ in ended}) == 1
    said = "".join(sorted(err for (_, err), _ in ended))
    assert said.count("waiting until it is done") <= 1
    assert said.count("a@b.example is an admin of all apps.") == 1
    assert said.count("A user with this email address already exists.") == 1
    assert "Traceback" not in said


def test_a_second_start_waits_for_the_first_and_not_for_a_dead_one(empty: dict[str, str]) -> None:
    holds = (
        "import django; django.setup(); import time; from django.db import connection;"
        "from portal.config.startup_lock import preparing\n"
        "with preparing(connection, print): print('held', flush=True); time.sleep(60)"
    )
    first = start(empty | {"DJANGO_SETTINGS_MODULE": "portal.settings"}, "-c", holds)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    second = start(empty, "manage.py", "migrate", "--check", "-v0")
    assert second.stderr is not None
    assert "waiting until it is done" in second.stderr.readline()
    assert second.poll() is None
    first.send_signal(signal.SIGKILL)
    assert end(second) == (1, "")
    end(first)


def test_a_database_that_is_not_prepared_is_told(empty: dict[str, str]) -> None:
    assert told(empty, "-m", "portal.server", "--port", str(free_port())) == NOT_PREPARED


@pytest.mark.django_db
def test_what_the_database_says_of_itself_is_told_and_what_it_says_of_statements_is_not() -> None:
    with pytest.raises(DatabaseError) as missing, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")
    assert startup_errors.explain(missing.value) == NOT_PREPARED
    for error in (IntegrityError("UNIQUE constraint failed"), DataError("x"), ValueError("x"), KeyError("x")):
        assert startup_errors.explain(error) is None
    full = OSError(errno.ENOSPC, "No space left on device", "/var/x")
    assert startup_errors.explain(full) == "/var/x: No space left on device."


@pytest.mark.django_db
def test_a_list_of_migrations_that_is_wrong_is_told() -> None:
    with pytest.raises(DatabaseError) as there, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE audit_call (id integer)")
    with pytest.raises(DatabaseError) as column, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE agents_app ADD COLUMN name text")
    with pytest.raises(DatabaseError) as gone, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE agents_app DROP COLUMN no_such_column")
    MigrationRecorder.Migration.objects.filter(app="audit", name="0001_initial").delete()
    with pytest.raises(InconsistentMigrationHistory) as missing:
        call_command("migrate", "-v0")
    for error in (there.value, column.value, gone.value, missing.value):
        said = startup_errors.explain(error)
        assert said is not None
        assert ("django_migrations" in said, len(said.splitlines())) == (True, 1)


def test_what_sqlite_says_is_told_with_what_to_look_at() -> None:
    for why, sentence in {
        "unable to open database file": "its folder must be there",
        "attempt to write a readonly database": "this account cannot write it",
        "database or disk is full": "its disk is full",
        "disk I/O error": "its disk cannot be read or written",
        "database is locked": "another program holds it",
    }.items():
        assert sentence in (startup_errors.explain(OperationalError(why)) or "")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


WAYS_IN = (("manage.py", "migrate"), ("-m", "portal.server"), ("-c", "import portal.wsgi"))


def told(env: Mapping[str, str], *words: str) -> str:
    """The one sentence that a start ends with."""
    code, said = run(env, *words)
    assert (code, len(said.splitlines())) == (2, 1), said
    return said


def test_a_wrong_setting_is_the_same_sentence_by_every_way_in(tmp_path: Path) -> None:
    env = {"PORTAL_DATA": str(tmp_path), "PORTAL_RATE_LIMIT": "60s"}
    sentence = "PORTAL_RATE_LIMIT: write calls a minute, from 1 to 100000, as a number alone."
    assert {told(env, *words) for words in WAYS_IN} == {sentence}


def test_surroundings_that_are_not_there_are_told(tmp_path: Path) -> None:
    data, file = tmp_path / "var", tmp_path / "file"
    data.mkdir()
    (data / "portal.sqlite3").write_text(
        "no database, but a text that is long enough to be looked at as one. " * 4
    )
    file.write_text("")
    elsewhere = {"PORTAL_DATA": str(tmp_path / "new")}
    migrate, front = WAYS_IN[:2]
    for env, words, sentence in (
        ({"PORTAL_DATA": str(data)}, migrate, "it is no SQLite database"),
        ({"PORTAL_DATA": str(data)}, front, "it is no SQLite database"),
        ({"PORTAL_DATA": str(file)}, front, "cannot be used as the data folder: File exists"),
        (elsewhere | {"DATABASE_URL": "sqlite:////no/folder/x"}, migrate, "/no/folder/x.lock: No such file"),
        (elsewhere | {"DATABASE_URL": "sqlite:////no/folder/x"}, front, "its folder must be there"),
        (elsewhere | {"DATABASE_URL": f"postgres://u:s3cr3t@127.0.0.1:{free_port()}/x"}, migrate, "refused"),
        (
            elsewhere | {"DATABASE_URL": "postgres://u:s3cr3t@127.0.0.1:1/x?foo=1"},
            front,
            "invalid connection option",
        ),
    ):
        result = told(env, *words)
        assert sentence in result
        assert "s3cr3t" not in result


def test_a_place_where_nothing_can_listen_is_told(tmp_path: Path) -> None:
    env = {"PORTAL_DATA": str(tmp_path)}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for host, number, sentence in (
            ("127.0.0.1", port, "Address already in use"),
            ("127.0.0.1", "70000", "from 1 to 65535"),
            ("127.0.0.1", "8e3", "from 1 to 65535"),
            ("203.0.113.5", port, "Cannot assign requested address"),
            ("127.0.0.1:80", port, "Cannot listen on"),
        ):
            env |= {"HOST": host, "PORT": number}
            assert sentence in told(env, "tools/dev.py", "run")
            with pytest.raises(listen.CannotListen, match=sentence):
                listen.try_listening(*listen.parse(host, number))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_without_rights_is_told(tmp_path: Path) -> None:
    """To nobody, who has no home either."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.name.startswith(("pytest-", "popen-", "test_")):  # and never /tmp itself
            folder.chmod(0o755)
    (tmp_path / "var").mkdir(mode=0o755)
    (tmp_path / "open").mkdir(mode=0o700)
    shutil.chown(tmp_path / "open", 65534)
    prepares = (
        "import os, sys; from pathlib import Path; from portal.config import data_folder, errors; os.setuid(65534)\n"
        "try: data_folder.secret_key(data_folder.prepare(Path(sys.argv[1])), '')\n"
        "except errors.WrongSetting as wrong: print(wrong)"
    )
    for name, sentence in (("var", "Permission denied"), ("new", "Permission denied"), ("open", "")):
        code, said = run({}, "-c", prepares, str(tmp_path / name))
        assert (code, said[:11], sentence in said) == (0, "PORTAL_DATA" if sentence else "", True), said


def test_one_process_at_a_time_holds_a_lock_of_a_file(tmp_path: Path) -> None:
    waited: list[float] = []
    holds = (
        "import sys, time; from pathlib import Path; from core import file_lock\n"
        "with file_lock.file_lock(Path(sys.argv[1])): print(flush=True); time.sleep(1)"
    )
    other = start({}, "-c", holds, str(tmp_path / "x"))
    assert other.stdout is not None
    other.stdout.readline()
    with file_lock.file_lock(tmp_path / "x", lambda: waited.append(time.monotonic())):
        assert len(waited) == 1
    end(other)


PUTS = """
import sys; sys.path.insert(0, "tools")
from pathlib import Path
import dev
dev.put_alter_beside(Path(sys.argv[1]))
"""
SETS_UP = """
import sys, time; sys.path.insert(0, "tools")
from pathlib import Path
import dev
dev.CACHE, venv = Path(sys.argv[1]) / "cache", Path(sys.argv[1]) / "venv"
def set_up(lock, venv):
    print("set up", flush=True)
    time.sleep(1)
    (venv / "bin").mkdir(parents=True)
    (venv / dev.IN_VENV).symlink_to(sys.executable)
    (venv / "installed-run.txt").write_text(dev.sha256(dev.ROOT / "requirements" / "run.txt"))
dev.set_up = set_up
dev.install("run", venv)
"""


def test_the_command_beside_python_is_put_in_place_of_one_that_another_checkout_shares(
    tmp_path: Path,
) -> None:
    others, ours = tmp_path / "others", tmp_path / "alter"
    others.write_text("another checkout's")
    os.link(others, ours)
    code, said = run({}, "-c", PUTS, str(tmp_path / "python"))
    assert (code, others.read_text()) == (0, "another checkout's"), said
    assert ours.read_text().startswith("#!/bin/sh") and ours.stat().st_mode & 0o111
    assert sorted(tmp_path.iterdir()) == [ours, others]


def test_two_terminals_set_one_environment_up_once(tmp_path: Path) -> None:
    first = start({}, "-c", SETS_UP, str(tmp_path))
    assert first.stdout is not None
    assert first.stdout.readline() == "set up\n"
    code, said = run({}, "-c", SETS_UP, str(tmp_path))
    assert (code, "another start sets up venv: waiting" in said, "set up\n" in said) == (0, True, False), said
    assert end(first)[0] == 0
