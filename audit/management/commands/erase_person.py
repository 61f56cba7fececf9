"""Erases a person from the record, at the shell and nowhere else."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.keeping.erasure import erase
from audit.refusals import Invalid
from audit.shell import ShellCommand


class Command(ShellCommand):
    """`manage.py erase_person --actor-id 7 --reason "Request 2026-114"`."""

    help = (
        "Erase what may name a person from the audit log: addresses, user agents, labels, reasons, paths, what was "
        "changed. Ids stay, every seal still fits, and that it was done is recorded. It cannot be taken back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        whom = parser.add_mutually_exclusive_group(required=True)
        whom.add_argument("--actor-id", default="", help="acts by the person with this id, and on them")
        whom.add_argument("--ip", default="", help="acts and calls from this address")
        parser.add_argument("--app", help="in this app alone; otherwise in all of the portal")
        parser.add_argument("--reason", required=True, help="why, for the audit log; do not name the person")
        parser.add_argument("--json", action="store_true", help="print an object for machines")

    def act(self, actor: Actor, **options: Any) -> None:
        whom = {"actor_id": options["actor_id"], "ip": options["ip"], "app_id": _app(options["app"])}
        done = erase(actor, **whom, reason=options["reason"])
        if options["json"]:
            self.print_json({"rows": done.rows, "left": done.unfit})
            return
        self.stderr.write(f"{done.rows} rows were erased.")
        if done.unfit:
            self.stderr.write(
                f"{done.unfit} do not fit their seals and were left: run manage.py check_audit."
            )


def _app(words: str | None) -> UUID | None:
    try:
        return UUID(words) if words else None
    except ValueError:
        raise Invalid("app", "Write an app's id.") from None
