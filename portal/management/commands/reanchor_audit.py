"""Accepts a break between the database and the checkpoints kept outside it, on the word of two admins."""

import getpass
import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit.actors import EVERYTHING, Actor, Origin
from audit.integrity.reanchor import reanchor
from audit.shell_command import ShellCommand
from core.errors import Invalid
from portal.error_responses import WrongPassword
from portal.models import Role, User


class Command(ShellCommand):
    """`manage.py reanchor_audit --by a@example.com --confirmed-by b@example.com --reason "Backup of 3 May"`."""

    help = (
        "After a backup was restored: put the files of checkpoints aside and begin new ones. Two admins of every "
        "app must agree, each with their password. What is given up and why is recorded permanently."
    )
    example = 'reanchor_audit --by a@example.com --confirmed-by b@example.com --reason "Backup of 3 May"'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", required=True, metavar="EMAIL", help="who does it")
        parser.add_argument("--confirmed-by", required=True, metavar="EMAIL", help="who agrees")
        parser.add_argument("--reason", required=True, help="what happened, for the audit log")
        parser.add_argument(
            "--passwords-stdin",
            action="store_true",
            help="read both passwords from standard input, one a line",
        )

    def act(self, actor: Actor, **options: Any) -> None:
        ask = _reader(options["passwords_stdin"])
        first, second = (_admin(options[name], name, ask) for name in ("by", "confirmed_by"))
        if first == second:
            raise Invalid("confirmed_by", "Two different admins must agree.")
        person = Actor("person", str(first.pk), first.label, EVERYTHING, Origin("shell"))
        folder = reanchor(person, confirmed_by=second.label, reason=options["reason"])
        self.stderr.write(f"New checkpoints start here. The previous ones are in the folder {folder}.")


def _reader(from_stdin: bool) -> Callable[[str], str]:
    if from_stdin:
        return lambda _: sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        message = "There is no terminal to ask at: give both passwords with --passwords-stdin."
        raise CommandError(message, returncode=2)
    return lambda email: getpass.getpass(f"Password of {email}: ")


def _admin(email: str, field: str, ask: Callable[[str], str]) -> User:
    """An admin of every app, who proves it. The same is said of a wrong password as of no such person."""
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    password = ask(email)
    if user is None or not user.check_password(password):
        raise WrongPassword(field, f"This is not the password of {email}.")
    if not any(role.app_id is None and role.role == Role.ADMIN for role in user.roles):
        raise Invalid(field, f"{email} is not an admin of every app.")
    return user
