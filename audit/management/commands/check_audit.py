"""The command that checks the integrity of one app's audit log, or of all of it."""

from collections.abc import Iterable
from itertools import chain
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from audit.actors import Actor
from audit.integrity.checking.check import CheckRange, Step, check
from audit.integrity.checking.findings import Finding
from audit.integrity.witnesses.comparison import compare
from audit.models.seals import NOWHERE
from audit.shell_command import ShellCommand
from core.durations import parse_since, parse_until
from core.errors import Invalid
from core.migration_state import NOT_PREPARED, is_prepared
from core.reachable_hosts import UnreachableHost

MAX_SHOWN = 100
NO_APP = "none"


class Command(ShellCommand):
    """`manage.py check_audit --app ID --since 7d`."""

    help = (
        "Check every seal of the audit log. Exit code 0: all of it holds. 1: something does not, the files of "
        "checkpoints are gone or cut, or a witness is silent or disagrees; it says what and where. 2: an option "
        "cannot be read, a witness cannot be reached, or the database is not prepared."
    )
    example = "check_audit --since 7d"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--app", help="the app's id; none: what belongs to no app; otherwise all there is"
        )
        parser.add_argument("--since", help="ISO 8601, or a span before now: 24h, 7d")
        parser.add_argument("--until", help="the same")
        parser.add_argument(
            "--witness",
            action="append",
            default=[],
            metavar="FILE_OR_URL",
            help="compare with what a witness holds: a file of checkpoints, or a word of PORTAL_WITNESS",
        )
        parser.add_argument("--json", action="store_true", help="print an object for machines")

    def act(self, actor: Actor, **options: Any) -> None:
        # Of tables that are not there, or not as they are read here, nothing can be said.
        if not is_prepared():
            raise CommandError(NOT_PREPARED, returncode=2)
        findings, notes, wrong, checkpoints, rows = list[Finding](), list[Finding](), 0, 0, 0
        steps = chain(check(_scope(options)), map(_witnessed, options["witness"]))
        for step in steps:
            checkpoints, rows = checkpoints + step.checkpoints, rows + step.rows
            for finding in step.findings:
                wrong += not finding.is_note
                target = notes if finding.is_note else findings
                if len(target) < MAX_SHOWN:
                    target.append(finding)
        summary = {"holds": not wrong, "checkpoints": checkpoints, "rows": rows, "wrong": wrong}
        if options["json"]:
            self.print_json({**summary, "findings": _to_dicts(findings), "notes": _to_dicts(notes)})
        else:
            self._say(findings, notes, wrong)
        if wrong:
            raise CommandError(
                f"{_count(wrong, 'finding')} under {_count(checkpoints, 'checkpoint')}.", returncode=1
            )
        self.stderr.write(f"Holds: {checkpoints} checkpoints.")

    def _say(self, findings: Iterable[Finding], notes: Iterable[Finding], wrong: int) -> None:
        for note in notes:
            self.stdout.write(f"Note. {note}")
        for finding in findings:
            row = f" (row {finding.where.row_id})" if finding.where.row_id else ""
            app = f" [app {finding.where.stream}]" if finding.where.stream else ""
            self.stdout.write(f"{finding}{row}{app}")
        if wrong > MAX_SHOWN:
            self.stdout.write(f"And {wrong - MAX_SHOWN} more.")


def _scope(options: dict[str, Any]) -> CheckRange:
    since, until = options["since"], options["until"]
    return CheckRange(
        _stream(options["app"]),
        since=parse_since(since) if since else None,
        until=parse_until(until) if until else None,
    )


def _stream(words: str | None) -> UUID | None:
    if words is None:
        return None
    try:
        return NOWHERE if words == NO_APP else UUID(words)
    except ValueError:
        raise Invalid("app", "Write an app's id, or none.") from None


def _witnessed(where: str) -> Step:
    """What a witness knows otherwise. Raises Invalid."""
    try:
        return Step(list(compare(where)), None)
    except (ValueError, UnreachableHost) as why:
        raise Invalid("witness", str(why)) from None


def _to_dicts(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [finding.to_dict() for finding in findings]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
