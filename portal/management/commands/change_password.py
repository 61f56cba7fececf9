"""Changes a user's password with the server command line: for the break-glass account, or when no mail can be sent."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.shell_command import ShellCommand, read_password
from core.errors import Invalid, NotFound
from portal.accounts import account_changes
from portal.models import User


class Command(ShellCommand):
    """`manage.py change_password --email you@example.com --reason "Forgotten" --password-stdin`."""

    help = "Change a user's password. The user is signed out and notified, and the change is recorded."
    example = (
        "printf '%s' \"$PASSWORD\" | .venv/bin/python manage.py "
        "change_password --email you@example.com --password-stdin"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="email of the user")
        parser.add_argument("--reason", default="", help="reason, saved to the audit log")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def act(self, actor: Actor, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower(), is_active=True).first()
        if user is None:
            raise NotFound(f"No active user has the email {options['email']}.")
        password = read_password(options["password_stdin"])
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Invalid("password", " ".join(error.messages)) from None
        account_changes.replace_password(actor, user, password, options["reason"])
        self.stderr.write(f"{user.email} has a new password and is signed out everywhere.")
