"""Ends a gateway from the shell."""

from typing import Any

from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.shell_command import ShellCommand
from keys.gateways.directory import MAX_AGE
from keys.gateways.lifecycle import find, retire


class Command(ShellCommand):
    """`manage.py retire_gateway edge`."""

    help = "End a gateway: its secrets count no more. That is final."
    example = "retire_gateway edge"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def act(self, actor: Actor, **options: Any) -> None:
        gateway = find(options["name"])
        retire(actor, gateway)
        self.stderr.write(f"{gateway} is retired. Every process knows within {MAX_AGE:.0f} seconds.")
