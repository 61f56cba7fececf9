"""The base of management commands: they act as the shell, and report errors with an exit code."""

import getpass
import json
import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter

from alter import streams
from audit.actors import Actor, shell
from core.errors import Invalid, Refusal
from core.text import escape_controls, sanitize

EXIT_CODES = {400: 2, 422: 2, 401: 3, 404: 4, 409: 5, 429: 6, 403: 7}
"""Exit codes by status: those of the `alter` command (docs/cli.md)."""


def _for_a_terminal(text: str) -> str:
    return "\n".join(map(escape_controls, text.split("\n")))


class HelpFormatter(DjangoHelpFormatter):
    """Leaves the example at the end of --help as it is, so that it can be copied."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith("Example:") else super()._fill_text(text, width, indent)


class PortalCommand(BaseCommand):
    """A command whose --help ends with an example."""

    example = ""
    """A line to copy, after `.venv/bin/python manage.py`, or a whole one."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        line = self.example if "manage.py" in self.example else f".venv/bin/python manage.py {self.example}"
        kwargs |= {"epilog": f"Example:\n  {line}", "formatter_class": HelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)


class ShellCommand(PortalCommand):
    """Subclasses say what they take in add_arguments(), and do it in act()."""

    ending = ""
    """The command that ends what was made, once it is; said if showing its secret fails."""
    undo: Callable[[], None] | None = None
    """Ends it at once, where no command does."""

    def handle(self, *args: Any, **options: Any) -> None:
        # A terminal acts upon some characters, and names and reasons in what is printed are other people's words.
        self.stdout.style_func = self.stderr.style_func = _for_a_terminal
        if self.makes_secret(options) and (fault := streams.find_fault(self.stdout)):
            streams.abandon()
            raise CommandError(f"Standard output cannot be written: {fault.strerror}. Nothing was done.")
        try:
            self._act(options)
            self.stdout.flush()
            streams.sync(self.stdout)
        except (OSError, KeyboardInterrupt) as error:
            if not (self.ending or self.undo or streams.find_fault(self.stdout)):
                if isinstance(error, OSError) and error.filename:
                    raise CommandError(f"{error.filename} cannot be used: {error.strerror}.") from None
                raise
            streams.abandon()
            raise CommandError(self._unshown(error)) from None

    def makes_secret(self, options: dict[str, Any]) -> bool:
        """Whether a secret will be shown, this once: nothing is made then while nothing can be shown."""
        return False

    def _unshown(self, error: BaseException) -> str:
        why = getattr(error, "strerror", None) or "interrupted"
        if self.undo:
            self.undo()
            return f"It was made, could not be printed and was ended again: {why}."
        if not self.ending:
            return f"Standard output cannot be written: {why}. What was asked for was done all the same."
        lives = "It lives, and nobody has its secret."
        return f"It was made and could not be printed: {why}. {lives} End it: {self.ending}"

    def _act(self, options: dict[str, Any]) -> None:
        try:
            _require_as_sent(options)
            self.act(shell(), **options)
        except Refusal as refusal:  # what a lost database amounts to is told by manage.py, with the reason
            sentence = f"{refusal.message} {refusal.hint}".strip()
            raise CommandError(sentence, returncode=EXIT_CODES.get(refusal.status, 1)) from None

    def act(self, actor: Actor, **options: Any) -> None:
        """Call one verb as `actor` and print what came of it."""
        raise NotImplementedError

    def print_json(self, what: dict[str, Any]) -> None:
        """One object on stdout; words for people go to stderr. Programs read it as UTF-8, or it is all in ASCII."""
        self.stdout.write(json.dumps(what, indent=2, ensure_ascii=not streams.is_unicode(self.stdout)))


def comma_list(text: str) -> list[str]:
    """The words of a list with commas between, none of them empty. Raises Invalid."""
    words = [word.strip() for word in text.split(",")]
    if "" in words:
        raise Invalid("list", f"“{sanitize(text, 60)}”: a word is missing beside a comma.")
    return words


def _require_as_sent(options: dict[str, Any]) -> None:
    """Raise Invalid for a value with spaces around it: what a script says is taken as it is, or not at all."""
    for name, value in options.items():
        if isinstance(value, str) and value != value.strip():
            raise Invalid(name, f"--{name.replace('_', '-')}: leave out the spaces around its value.")


def read_password(from_stdin: bool) -> str:
    """A password from standard input, or asked for at the terminal: never an argument, which others could read."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandError(
            "There is no terminal to ask at: give the password with --password-stdin.", returncode=2
        )
    return getpass.getpass("Password, at least 12 characters: ")
