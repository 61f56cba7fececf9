"""Sends one message, to see whether EMAIL_URL works."""

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.core.management.base import CommandError, CommandParser

from audit.shell_command import PortalCommand
from core.deadlines import run_within
from portal.mail import sending


class Command(PortalCommand):
    """manage.py send_test_mail --to you@example.com"""

    help = __doc__ or ""
    example = "send_test_mail --to you@example.com"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, metavar="ADDRESS", help="Where to.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SENDS_MAIL:
            raise CommandError(
                "EMAIL_URL is not set, so no email is sent. Set it: smtp+tls://user:password@host:587."
            )
        try:
            message = ("Test email from the key portal", "Email works.", None, [options["to"]])
            run_within(sending.TIMEOUT, lambda: send_mail(*message))
        except TimeoutError:
            raise CommandError("The mail server did not respond in time. Check EMAIL_URL.") from None
        except Exception as error:
            raise CommandError(f"The mail server rejected the message: {error}. Check EMAIL_URL.") from None
        self.stdout.write(f"Sent to {options['to']}. If it does not arrive, check the mail server's log.")
