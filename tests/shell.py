"""Runs a command for the shell the way a script does, and keeps what it said and how it ended."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command


class Said:
    """One run: its exit code, and both of its voices."""

    def __init__(self, *words: str) -> None:
        out, err = io.StringIO(), io.StringIO()
        self.code = 0
        try:
            call_command(*words, stdout=out, stderr=err)
        except CommandError as error:
            self.code = error.returncode
            err.write(str(error))
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def json(self) -> Any:
        """What a machine reads."""
        return json.loads(self.out)


def stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """What is piped into the next command."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
