"""The terminal that a reader pastes a document into: one shell for all of its blocks, and what each command came to."""

from __future__ import annotations

import json
import re
import select
import subprocess
import sys
from dataclasses import dataclass

from tests.docs.checkout import Checkout
from tests.docs.markdown import ROOT

TIMEOUT = 90
START = """\
set -u -o pipefail
alter() {{
    case "${{1-}} ${{2-}}" in
        "auth login") {python} -m tests.docs.terminal alter "$@";;
        *) command alter "$@";;
    esac
}}
"""
"""A variable that no block sets is a mistake, and so is a failure within a pipe. A person signs in at a terminal."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and both of its voices."""

    code: int
    out: str
    err: str

    @property
    def status(self) -> int | None:
        """The status of the last answer that curl got."""
        matches = re.findall(r"status=(\d{3})$", self.err, re.M)
        return int(matches[-1]) if matches else None


class Shell:
    """A bash in the clone, with a newcomer's environment."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._files = [checkout.root / name for name in ("typed", "out", "err")]
        self._bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=checkout.folder,
            env=checkout.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._prompt: subprocess.Popen[str] | None = None
        self.type(START.format(python=sys.executable))

    def type(self, command: str) -> Said:
        """Type a command and wait for its end."""
        assert self._bash.stdin and self._bash.stdout
        typed, out, err = self._files
        typed.write_text(command + "\n")
        self._bash.stdin.write(f"source {typed} </dev/null >{out} 2>{err}; echo $?\n")
        if not select.select([self._bash.stdout], [], [], TIMEOUT)[0]:
            self._bash.kill()
            raise AssertionError(f"{command} does not end: {out.read_text()} {err.read_text()}")
        answer = self._bash.stdout.readline()
        return Said(int(answer or 127), out.read_text(), err.read_text())

    def paste(self, block: str) -> list[str]:
        """Paste Python into a prompt that was started from here; what was wrong with it."""
        if self._prompt is None:
            variables = self.type("env -0").out.split("\0")
            self._prompt = subprocess.Popen(
                [sys.executable, str(ROOT / "tests/docs/paste.py")],
                env=dict(variable.split("=", 1) for variable in variables if "=" in variable),
                cwd=self._checkout.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
        assert self._prompt.stdin and self._prompt.stdout
        self._prompt.stdin.write(json.dumps(block) + "\n")
        answer = self._prompt.stdout.readline()
        wrong: list[str] = json.loads(answer or '["the prompt has ended"]')
        return wrong

    def close(self) -> None:
        """End the shell, and what it left in the background."""
        if self._prompt and self._prompt.stdin:
            self._prompt.stdin.close()
            self._prompt.wait(10)
        if self._bash.poll() is None:
            self.type("kill $(jobs -p) 2>/dev/null")
            assert self._bash.stdin
            self._bash.stdin.close()
            self._bash.wait(10)
