"""Runs before the server at `make run`: checks what could not end well, and shows the way in."""

import os
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.management.base import CommandError
from django.db import connections
from django.urls import reverse

from audit.actors import shell
from audit.shell_command import PortalCommand
from core.clock import now
from core.hosts import format_host
from portal.accounts.invitation_links import secret_of
from portal.accounts.lifecycle import has_admin, invite
from portal.auth.break_glass import only_provider
from portal.config.startup_lock import preparing
from portal.models import Invitation, Role

REPEATED_FOR = timedelta(minutes=2)
"""For so long after a start made a link another start prints the same one: starts at once must not end each other's."""
LOCAL = ("127.0.0.1", "localhost", "::1")


def _as_people_write(host: str) -> str:
    """The host at which whoever sits at this machine reaches a server that listens on `host`."""
    return "localhost" if host == "127.0.0.1" or not host.strip("0.:") else host


def _latest_secret() -> str | None:
    """The secret of the first admin's link that another start made just now: another link would end it unseen."""
    recent = Invitation.waiting().filter(
        email="", app=None, role=Role.ADMIN, created_at__range=(now() - REPEATED_FOR, now())
    )
    latest = recent.first()
    return secret_of(latest) if latest else None


class Command(PortalCommand):
    """Prints the address; while there is no admin, also a link that makes the first one."""

    help = "Check the settings, print the address and, while there are no users, a link to create the first admin."
    example = "first_start"

    def handle(self, *args: Any, **options: Any) -> None:
        problems = run_checks(databases=["default"])
        errors = [problem for problem in problems if problem.level >= ERROR]
        if errors:
            raise CommandError(
                "\n".join(f"{error.msg} {error.hint or ''}".strip() for error in errors), returncode=2
            )
        for problem in problems:
            self.stderr.write(f"{problem.msg} {problem.hint or ''}".strip())
        host, port = (
            os.environ.get(name) or default for name, default in (("HOST", "127.0.0.1"), ("PORT", "8000"))
        )
        host = host.strip().strip("[]")
        address = settings.ORIGIN or f"http://{format_host(_as_people_write(host), int(port))}"
        self.stdout.write(f"\nalter portal: {address}")
        if host not in LOCAL and not settings.ORIGIN:
            self.stdout.write("Other computers cannot sign in yet: set PORTAL_ORIGIN to the public address.")
        if not has_admin() and only_provider() and not settings.BREAK_GLASS:
            self.stdout.write(
                "\nNo users yet. The first admin signs in through the identity provider: PORTAL_OIDC_ROLES says who."
            )
        elif not has_admin():
            self._show_way_in(address)

    def _show_way_in(self, address: str) -> None:
        with preparing(connections["default"], lambda: None):
            repeated = _latest_secret()
            secret = repeated or invite(shell(), "", Role.ADMIN, None).secret
        link = address + reverse("join", args=[secret])
        self.stdout.write(f"\nNo users yet. Create the first admin with this link:\n\n  {link}\n")
        if repeated:
            self.stdout.write(
                "Another start has just printed the same link. A start more than two minutes later prints a new link,"
                " which replaces this one."
            )
