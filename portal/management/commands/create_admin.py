"""Creates an admin of all apps with the server command line: for automation, and for whoever is locked out."""

from typing import Any

from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.shell_command import ShellCommand, read_password
from portal.accounts.lifecycle import make_admin


class Command(ShellCommand):
    """`echo "$PASSWORD" | manage.py create_admin --email you@example.com --password-stdin`."""

    help = "Create an admin of all apps. The password is never an argument, where other users could read it."
    example = (
        "printf '%s' \"$PASSWORD\" | .venv/bin/python manage.py "
        "create_admin --email you@example.com --password-stdin"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def act(self, actor: Actor, **options: Any) -> None:
        user = make_admin(actor, options["email"], read_password(options["password_stdin"]), options["name"])
        if options["json"]:
            self.print_json({"id": str(user.id), "email": user.email})
        else:
            self.stderr.write(f"{user.email} is an admin of all apps.")
