"""Creates an app from the shell."""

from typing import Any

from django.core.management.base import CommandParser

from agents.lifecycle import create_app
from agents.models import App
from audit.actors import Actor
from audit.shell_command import ShellCommand


class Command(ShellCommand):
    """`manage.py create_app --name checkout --json`."""

    help = "Create an app, and print its id."
    example = "create_app --name checkout --json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--name", required=True, help="what the keys are for: a service, or one environment of it"
        )
        parser.add_argument("--description", default="")
        parser.add_argument(
            "--environment",
            choices=App.Environment.values,
            default=App.Environment.LIVE,
            help="default: live",
        )
        parser.add_argument("--json", action="store_true", help="print an object for machines")

    def act(self, actor: Actor, **options: Any) -> None:
        given = {"description": options["description"], "environment": options["environment"]}
        app = create_app(actor, options["name"], **given)
        if options["json"]:
            self.print_json({"id": str(app.id), "name": app.name, "environment": app.environment})
        else:
            self.stdout.write(str(app.id))
