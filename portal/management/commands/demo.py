"""`make demo`: fills an empty portal with a month of apps, agents, people, keys in every state, and calls."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connection, transaction

from agents.models import App
from audit.shell_command import PortalCommand
from portal.demo.crowd import create_crowd
from portal.demo.month import PASSWORD, Month
from portal.models import User


class Command(PortalCommand):
    """Refuses where there is anything already: a demo never mixes with what is real."""

    help = __doc__
    example = "PORTAL_DATA=var/demo .venv/bin/python manage.py demo"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--large", action="store_true", help="add 2,000 agents, 10,000 keys and 200 members"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if App.objects.exists() or User.objects.exists():
            raise CommandError(
                "This portal is in use. Give the demo a folder of its own: PORTAL_DATA=demo make demo, "
                "then PORTAL_DATA=demo make run."
            )
        with transaction.atomic():
            recorded = Month().tell()
            if options["large"]:
                create_crowd()
        with connection.cursor() as cursor:
            cursor.execute(
                "ANALYZE"
            )  # thousands of rows at once, and pages are asked for before autovacuum comes by
        self.stdout.write(
            f"A month of two apps, {recorded:,} calls among it. Sign in as admin@example.com, developer@example.com "
            f"or support@example.com with the password: {PASSWORD}"
        )
