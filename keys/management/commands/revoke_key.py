"""Ends a key from the shell."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.shell_command import ShellCommand
from keys.errors import KeyNotFound
from keys.lifecycle import revoke
from keys.models import ApiKey


class Command(ShellCommand):
    """`manage.py revoke_key --key ID --reason "seen in a log"`."""

    help = "Revoke a key and all keys derived from it. This cannot be undone."
    example = 'revoke_key --key "$KEY_ID" --reason "Seen in a log"'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--key", required=True, help="the key's id")
        parser.add_argument("--reason", required=True, help="why, for the audit log")
        parser.add_argument("--force", action="store_true", help="even if its agent is left without a key")
        parser.add_argument("--json", action="store_true", help="print an object for machines")

    def act(self, actor: Actor, **options: Any) -> None:
        key = _find(options["key"])
        revoke(actor, key, reason=options["reason"], force=options["force"])
        ended = key.revoked_at.isoformat() if key.revoked_at else None
        if options["json"]:
            self.print_json({"id": str(key.id), "key_prefix": key.prefix, "revoked_at": ended})
        else:
            self.stderr.write(f"{key.name} ({key.prefix}) is revoked.")


def _find(words: str) -> ApiKey:
    try:
        key = ApiKey.objects.select_related("app", "agent").filter(id=UUID(words)).first()
    except ValueError:
        key = None
    if key is None:
        raise KeyNotFound("There is no key with this id.", hint="The id is on the key's page, under Facts.")
    return key
