"""The command that rotates the key that signs checkpoints."""

from typing import Any

from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.integrity.seal_keys import accept_lost, rotate
from audit.shell_command import ShellCommand


class Command(ShellCommand):
    """`manage.py rotate_seal_key --reason "Ann has left"`."""

    help = (
        "Make a new seal key. The present one signs that it follows, and both stand in the data folder's file "
        "seal-keys. Restart the portal afterwards. With PORTAL_SEAL_KEY the new key is written to a file, "
        "seal-key.next, for you to set. With --lost: the key before is gone and the present one is new already; "
        "it is accepted, and every check tells that nobody vouched for it."
    )
    example = 'rotate_seal_key --reason "Ann has left"'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="why, for the audit log")
        parser.add_argument(
            "--lost", action="store_true", help="accept the present key: the one before is lost"
        )

    def act(self, actor: Actor, **options: Any) -> None:
        if options["lost"]:
            key_id = accept_lost(actor, reason=options["reason"])
            self.stderr.write(f"The seal key {key_id} is accepted without the word of the one before.")
            return
        made = rotate(actor, reason=options["reason"])
        self.stderr.write(f"The seal key {made.key_id} follows. It is in {made.file}.")
        self.stderr.write(
            "Set PORTAL_SEAL_KEY to what that file holds, remove the file, and restart the portal."
            if made.by_hand
            else "Restart the portal: until then the previous key signs."
        )
