"""Runs `alter` as a script does, in this process or in one of its own, and keeps what it said and how it ended."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alter.main import main

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = (
    "ALTER_PAT",
    "ALTER_APP_ID",
    "ALTER_BASE_URL",
    "ALTER_TIMEOUT",
    "ALTER_DEBUG",
    "NO_COLOR",
    "COLUMNS",
)


class Said:
    """One run: its exit code, and the bytes of both of its voices."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code, self.out, self.err = code, out.decode(), err.decode()

    @property
    def json(self) -> Any:
        """What a machine reads."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[Any]:
        """What a machine reads line by line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """The line that names the offender."""
        return next((line for line in self.err.splitlines() if line.startswith("error: ")), "")


def alter(*words: str, stdin: str = "") -> Said:
    """One run in this process, without a terminal."""
    out, err = io.BytesIO(), io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(stdin))
        text_out, text_err = (io.TextIOWrapper(voice, encoding="utf-8", newline="") for voice in (out, err))
        with contextlib.redirect_stdout(text_out), contextlib.redirect_stderr(text_err):
            code = main(words)
        text_out.flush()
        text_err.flush()
    return Said(code, out.getvalue(), err.getvalue())


def environment(**changes: str) -> dict[str, str]:
    """What a process of its own is started with."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **changes}


def process(*words: str, **changes: str) -> Said:
    """One run as a real process."""
    command = [sys.executable, "-m", "alter", *words]
    env, quiet = environment(**changes), subprocess.DEVNULL
    done = subprocess.run(command, env=env, stdin=quiet, capture_output=True, check=False)
    return Said(done.returncode, done.stdout, done.stderr)
