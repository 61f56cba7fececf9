"""Django's collectstatic, one process at a time: two that write the same files would find each other's half done."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands import collectstatic

from audit.shell_command import PortalCommand
from core import file_lock


class Command(PortalCommand, collectstatic.Command):
    """As Django's, under a lock."""

    example = "collectstatic --noinput"

    def handle(self, **options: Any) -> str | None:
        with file_lock.file_lock(settings.DATA_DIR / "static.lock", self._say):
            return super().handle(**options)

    def _say(self) -> None:
        self.stderr.write("Another process is writing the static files: waiting until it is done.")
        self.stderr.flush()
