"""The command that creates the next monthly partitions, as the owner of the tables."""

from typing import Any

from audit.actors import Actor
from audit.integrity import partitions
from audit.shell_command import ShellCommand


class Command(ShellCommand):
    """`manage.py make_partitions`: what the portal does a few times a day."""

    help = "Make the partitions of this month and the next for calls. Nothing to do on SQLite."
    example = "make_partitions"

    def act(self, actor: Actor, **options: Any) -> None:
        self.stdout.write(f"{partitions.make_ahead()} partitions were made")
