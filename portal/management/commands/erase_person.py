"""Erases a person from the database: with the server command line, and nowhere else."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.shell_command import ShellCommand
from core.errors import Invalid
from portal.accounts.erasure import Done, erase_person


class Command(ShellCommand):
    """`manage.py erase_person --actor-id 7 --value ann@example.com --reason "Request 2026-114"`."""

    help = (
        "Erase a person: rows of the audit log that they wrote, that are about them or that name them lose what may "
        "name anybody; names and addresses go from every other table. What they are known as is found by their id. "
        "Ids stay, every seal still fits, and that it was done is recorded. It cannot be taken back."
    )
    example = 'erase_person --value "Eve Example" --value eve@example.com --reason "Request 2026-114"'

    def add_arguments(self, parser: CommandParser) -> None:
        whom = parser.add_mutually_exclusive_group()
        whom.add_argument(
            "--actor-id", default="", help="the user with this ID, with all their names and emails"
        )
        whom.add_argument(
            "--ip", default="", help="events and requests from this IP address, and texts with it"
        )
        parser.add_argument(
            "--value",
            action="append",
            default=[],
            help="a name or an email, found in any text; repeat for more",
        )
        parser.add_argument("--app", help="in this app's log only; default: the whole portal")
        parser.add_argument(
            "--reason", required=True, help="reason, saved to the audit log; do not name the person"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def act(self, actor: Actor, **options: Any) -> None:
        whom = {"actor_id": options["actor_id"], "ip": options["ip"], "values": options["value"]}
        done = erase_person(actor, **whom, app_id=_app(options["app"]), reason=options["reason"])
        if options["json"]:
            counts = {"rows": done.record.rows, "left": done.record.unfit, "kept": done.record.kept}
            self.print_json({**counts, "elsewhere": done.elsewhere})
        else:
            self._say(done)

    def _say(self, done: Done) -> None:
        self.stderr.write(f"{done.record.rows} rows were erased.")
        if done.elsewhere:
            self.stderr.write(f"{sum(done.elsewhere.values())} rows beside the audit log were erased.")
        if done.record.unfit:
            self.stderr.write(
                f"{done.record.unfit} rows do not match their seals and were skipped: "
                "run .venv/bin/python manage.py check_audit."
            )
        if done.record.kept:
            self.stderr.write(
                f"{done.record.kept} rows tell a name in what their seals hold for ever, such as what a key is called. "
                "They go when the audit log is purged."
            )


def _app(words: str | None) -> UUID | None:
    try:
        return None if words is None else UUID(words)
    except ValueError:
        raise Invalid("app", "Enter an app ID.") from None
