"""Mints an access token with the server command line: for the first script, before anyone has opened a browser."""

from typing import Any

from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.shell_command import ShellCommand
from core.durations import parse_end
from core.errors import NotFound
from portal.auth import policy
from portal.error_responses import OwnerNotLinked
from portal.models import User
from portal.tokens import lifecycle


class Command(ShellCommand):
    """`manage.py create_access_token --email you@example.com --name ci --permissions all --json`."""

    help = "Mint a personal access token for a user, limited by the user's role. Printed once."
    example = "create_access_token --email you@example.com --name ci --permissions all --json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="email of the user")
        parser.add_argument("--name", required=True, help="name of the token")
        parser.add_argument(
            "--permissions", required=True, help="all, or a list: dashboard_keys:read,dashboard_keys:write"
        )
        parser.add_argument("--expires-in", help="30d, 12h or 5m; default: never expires")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def makes_secret(self, options: dict[str, Any]) -> bool:
        return True

    def act(self, actor: Actor, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower(), is_active=True).first()
        if user is None:
            raise NotFound(
                "No active user has this email.", hint="Check the email, or invite the user first."
            )
        if policy.is_shut_out(user):
            raise OwnerNotLinked
        ends = parse_end(options["expires_in"])
        issued = lifecycle.issue(
            actor,
            user,
            name=options["name"],
            permissions=options["permissions"].split(","),
            expires_at=ends,
        )
        token, secret = issued.token, issued.plaintext.take()
        self.undo = lambda: lifecycle.revoke(actor, token, "never shown")
        if not options["json"]:
            self.stdout.write(secret)
            self.stderr.write(f"Shown once. Token {token.prefix}… of {user.email}.")
            return
        self.print_json(
            {
                "token": secret,
                "id": str(token.id),
                "name": token.name,
                "prefix": token.prefix,
                "permissions": token.permissions,
                "expires_at": ends.isoformat() if ends else None,
            }
        )
