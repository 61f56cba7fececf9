"""The command that deletes rows past their retention, as the owner of the tables."""

from typing import Any

from audit.actors import Actor
from audit.retention import policy
from audit.shell_command import ShellCommand


class Command(ShellCommand):
    """`manage.py purge_audit`: what the portal does every hour, to its end."""

    help = "Delete requests, events and spans that are older than the retention period."
    example = "purge_audit"

    def act(self, actor: Actor, **options: Any) -> None:
        gone = 0
        while rows := policy.purge():
            gone += rows
        self.stdout.write(f"{gone:,} rows are gone")
