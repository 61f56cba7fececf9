"""The command that rewrites lost checkpoint files from the database."""

from typing import Any

from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.integrity.restore_checkpoints import restore
from audit.shell_command import ShellCommand


class Command(ShellCommand):
    """`manage.py restore_checkpoints --reason "Disk of 3 May"`."""

    help = (
        "After the checkpoint files were lost or cut short: write them again from the database. What is left of "
        "them must match it. It is moved aside, and every check reports it from then on. Without a witness, nobody "
        "can tell later whether the database was changed in the meantime: recover the files if you can."
    )
    example = 'restore_checkpoints --reason "Disk of 3 May"'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="what happened to the files, for the audit log")

    def act(self, actor: Actor, **options: Any) -> None:
        count = restore(actor, reason=options["reason"])
        self.stderr.write(f"{count:,} checkpoints are kept outside the database again.")
