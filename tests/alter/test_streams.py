"""A secret that cannot be shown is not made; one that was made all the same is named, with what ends it."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.models import Agent, App
from alter import streams
from keys.models import ApiKey
from portal.models import Invitation
from tests.alter.running import alter, environment
from tests.factories import AgentFactory, minted

pytestmark = pytest.mark.usefixtures("signed_in")
MINT = ("keys", "mint", "--name", "Zahlung ✓ 💳", "--scopes", "grants:read")


def run(*words: str, stdout: Any = subprocess.PIPE, close: bool = False, **env: str) -> Any:
    """One run as a real process, with a standard output of its own kind."""
    command = [sys.executable, "-m", "alter", *words]
    if close:
        command = ["sh", "-c", f"exec {shlex.join(command)} >&-"]
    quiet = subprocess.DEVNULL
    return subprocess.run(
        command, env=environment(**env), stdin=quiet, stdout=stdout, stderr=subprocess.PIPE, check=False
    )


def test_no_encoding_loses_a_new_key(app: App) -> None:
    for encoding in ("cp1252", "ascii", "latin-1:strict", "utf-8"):
        done = run(*MINT, PYTHONIOENCODING=encoding, LANG="C", LC_ALL="C")
        made = json.loads(done.stdout)
        assert (done.returncode, made["name"]) == (0, "Zahlung ✓ 💳"), encoding
        assert made["api_key"].startswith("alter_key_app_"), encoding
    table = run(*MINT, "--output", "table", PYTHONIOENCODING="cp1252").stdout.decode("cp1252")
    assert "Zahlung \\u2713" in table and table.splitlines()[-1].startswith("alter_key_app_")


def test_nothing_is_made_while_stdout_takes_nothing(app: App, agent: Agent) -> None:
    """A full device, a pipe that nobody reads, one that is closed: for all that shows a secret once."""
    old = minted(app).key
    secrets = (
        MINT,
        ("keys", "rotate", "--key", str(old.id)),
        ("agents", "create", "--name", "made-up"),
        ("agents", "mint-key", "--agent", str(agent.id)),
        ("members", "invite", "--role", "support"),
    )
    before = ApiKey.objects.count()
    for words in secrets:
        with Path("/dev/full").open("wb") as full:
            done = run(*words, stdout=full)
        assert done.returncode == 1, words
        assert b"Standard output cannot be written: No space left on device. Nothing was done." in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        assert b"Broken pipe. Nothing was done." in run(*MINT, stdout=gone).stderr
    assert b"Bad file descriptor. Nothing was done." in run(*MINT, close=True).stderr
    assert (ApiKey.objects.count(), Invitation.objects.count()) == (before, 0)


def test_what_was_made_and_not_shown_is_named_with_what_ends_it(
    app: App, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output fails between the check and the writing."""
    shown_once = (
        MINT,
        ("keys", "rotate", "--key", str(minted(app).key.id)),
        ("agents", "create", "--name", "made-up"),
        ("agents", "mint-key", "--agent", str(agent.id)),
        ("members", "invite", "--role", "support"),
    )
    for words in shown_once:
        with monkeypatch.context() as patch:
            patch.setattr(streams, "sync", _full)
            done = alter(*words)
        assert done.code == 1 and "could not be printed: No space left on device" in done.error, words
        ending = next(line for line in done.err.splitlines() if "Revoke it: " in line).partition(
            "Revoke it: "
        )[2]
        assert alter(*shlex.split(ending)[1:]).code == 0, ending


def _full(stream: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_change_whose_answer_cannot_be_printed_is_said_to_be_done(app: App) -> None:
    key = minted(app).key
    with Path("/dev/full").open("wb") as full:
        done = run("keys", "rename", "--key", str(key.id), "--name", "other", stdout=full)
    assert (done.returncode, b"hint: The change was made." in done.stderr) == (1, True)


def test_streams_that_are_missing_end_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m alter apps list <&- >&- 2>&-"], env=environment(), check=False
    )
    assert done.returncode == 1


def test_what_an_encoding_lacks_is_escaped_as_json_does() -> None:
    assert (streams.escape("✓"), json.loads(f'"{streams.escape("💳")}"')) == ("\\u2713", "💳")


@pytest.fixture
def agent(app: App) -> Agent:
    """One without a key."""
    return AgentFactory.create(app=app)
