"""The command that exports an app's audit log, with the filters of the management API."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from pydantic import ValidationError

from alter import streams
from alter.atomic_write import written_whole
from audit.actors import Actor
from audit.api.log import AuditFilters
from audit.export.exporter import FORMATS, export
from audit.models import Event
from audit.search.matching import Filters
from audit.shell_command import ShellCommand
from core.errors import Invalid, NotFound

NO_APP = "none"
SOUGHT = "sought_"
"""Before the name of a filter among the options: one of them is called actor, as who runs the command is."""


class Command(ShellCommand):
    """`manage.py export_audit --app ID --format jsonl > audit.jsonl`."""

    help = "Take an app's audit log out, as far as it is sealed. This is recorded too."
    example = 'export_audit --app "$APP_ID" --format jsonl --file audit.jsonl'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", required=True, help="the app's id; none: what belongs to no app")
        parser.add_argument("--format", choices=list(FORMATS), default="jsonl")
        parser.add_argument("--file", type=Path, help="where to; otherwise stdout")
        parser.add_argument(
            "--bom", action="store_true", help="of csv: begin with a byte order mark, for Excel"
        )
        for name, field in AuditFilters.model_fields.items():
            option = f"--{name.replace('_', '-')}"
            parser.add_argument(option, dest=SOUGHT + name, metavar="WHAT", help=field.description)

    def act(self, actor: Actor, **options: Any) -> None:
        app_id, name = _app(options["app"])
        if (path := options["file"]) and not path.parent.is_dir():
            raise CommandError(f"{path} cannot be written: No such file or directory.", returncode=2)
        if not path and (fault := streams.find_fault(self.stdout)):
            streams.abandon()
            raise CommandError(f"Standard output cannot be written: {fault.strerror}. Nothing was done.")
        taken = export(actor, _filters(app_id, options), name, options["format"], bom=options["bom"])
        try:
            self._write(options["file"], taken.blocks())
        except OSError as error:
            streams.abandon()
            where = options["file"] or "Standard output"
            raise CommandError(
                f"{where} cannot be written: {error.strerror}. It is not whole.", returncode=2
            ) from None
        self.stderr.write(f"{taken.rows} rows.")

    def _write(self, path: Path | None, blocks: Iterable[bytes]) -> None:
        """Bytes as they are: no encoding of a terminal's may change what is signed."""
        if path:
            with written_whole(path) as target:
                target.writelines(blocks)
        elif out := getattr(self.stdout, "buffer", None):
            out.writelines(blocks)
            out.flush()
        else:
            for block in blocks:
                self.stdout.write(block.decode(), ending="")


def _filters(app_id: UUID | None, options: dict[str, Any]) -> Filters:
    values = {name: options[SOUGHT + name] for name in AuditFilters.model_fields if options[SOUGHT + name]}
    try:
        return AuditFilters(**values).filters(app_id)
    except ValidationError as error:
        flaw = error.errors()[0]
        raise Invalid(str(flaw["loc"][0]), f"--{flaw['loc'][0]}: {flaw['msg']}.") from None


def _app(words: str) -> tuple[UUID | None, str]:
    """An app's id, and its name as its newest act on record has it. Raises NotFound, and Invalid."""
    if words == NO_APP:
        return None, "what belongs to no app"
    try:
        app_id = UUID(words)
    except ValueError:
        raise Invalid("app", "--app: write an app's id, or none.") from None
    acts = Event.objects.filter(target_kind="app", target_id=str(app_id)).order_by("-at")
    name = acts.values_list("target_label", flat=True).first()
    if name is None:
        raise NotFound("No app with this ID is in the audit log.")
    return app_id, name
