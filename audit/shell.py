"""What every command for the shell shares: it acts as the shell, and says no in a sentence with an exit code."""

import getpass
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.actors import Actor, shell
from audit.refusals import Refusal
from audit.text import visible

EXIT_CODES = {400: 2, 422: 2, 401: 3, 404: 4, 409: 5, 429: 6, 403: 7}
"""Exit codes by status: those of the `alter` command (protocol.md section 11.5)."""


def _for_a_terminal(text: str) -> str:
    return "\n".join(map(visible, text.split("\n")))


class ShellCommand(BaseCommand):
    """Subclasses say what they take in add_arguments(), and do it in act()."""

    def handle(self, *args: Any, **options: Any) -> None:
        # A terminal acts upon some characters, and names and reasons in what is printed are other people's words.
        self.stdout.style_func = self.stderr.style_func = _for_a_terminal
        try:
            self.act(shell(), **options)
        except Refusal as refusal:  # what a lost database amounts to is told by manage.py, with the reason
            sentence = f"{refusal.message} {refusal.hint}".strip()
            raise CommandError(sentence, returncode=EXIT_CODES.get(refusal.status, 1)) from None

    def act(self, actor: Actor, **options: Any) -> None:
        """Call one verb as `actor` and print what came of it."""
        raise NotImplementedError

    def print_json(self, what: dict[str, Any]) -> None:
        """One object on stdout; words for people go to stderr."""
        self.stdout.write(json.dumps(what, indent=2, ensure_ascii=False))


def read_password(from_stdin: bool) -> str:
    """A password from standard input, or asked for at the terminal: never an argument, which others could read."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandError(
            "There is no terminal to ask at: give the password with --password-stdin.", returncode=2
        )
    return getpass.getpass("Password, at least 12 characters: ")
