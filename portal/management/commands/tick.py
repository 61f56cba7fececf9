"""Does the timed work from the shell: once, for cron; or for ever, beside servers that leave it to this."""

import signal
import threading
from typing import Any

from django.core.management.base import CommandParser

from audit.shell_command import PortalCommand
from portal import scheduler


class Command(PortalCommand):
    """`manage.py tick`, `manage.py tick --forever` with PORTAL_TICK=apart for the servers."""

    help = "Do the timed work that is due: seal the audit log, create partitions, purge, forward."
    example = "tick"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forever", action="store_true", help="go on until stopped by a signal")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["forever"]:
            self.stdout.write(f"{scheduler.run_due_jobs()} done")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        threads = scheduler.start(stop)
        stop.wait()
        for thread in threads:
            thread.join()
