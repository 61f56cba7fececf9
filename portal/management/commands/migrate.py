"""Django's migrate, one process at a time: of two that begin at once the second waits, and finds the work done."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from audit.shell_command import PortalCommand
from portal.config.startup_lock import preparing


class Command(PortalCommand, migrate.Command):
    """As Django's, under a lock, which its checks of the database stand under, too."""

    example = "migrate"

    def execute(self, *args: Any, **options: Any) -> str | None:
        with preparing(connections[options["database"]], self._say):
            return super().execute(*args, **options)

    def _say(self) -> None:
        self.stderr.write("Another process is preparing the database: waiting until it is done.")
        self.stderr.flush()
