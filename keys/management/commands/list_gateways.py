"""Lists gateways and when each was last seen."""

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.shell_command import ShellCommand
from core.clock import now
from core.folding import by_name
from keys.gateways import actions
from keys.gateways.models import Gateway, GatewayUse


class Command(ShellCommand):
    """`manage.py list_gateways`."""

    help = "List gateways: what each is believed in, and when it was last seen, to the minute."
    example = "list_gateways"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="those that are retired, too")
        parser.add_argument("--json", action="store_true", help="print an object for machines")

    def act(self, actor: Actor, **options: Any) -> None:
        actor.require(actions.READ)
        gateways = Gateway.objects.select_related("use").order_by(*by_name("name"), "created_at")
        rows = [
            _facts(gateway) for gateway in (gateways if options["all"] else gateways.filter(retired_at=None))
        ]
        if options["json"]:
            self.print_json({"gateways": rows})
            return
        for row in rows:
            self.stdout.write(_line(row))
        if not rows:
            self.stderr.write("No gateways. To create one: .venv/bin/python manage.py create_gateway")


def _facts(gateway: Gateway) -> dict[str, Any]:
    use = getattr(gateway, "use", None) or GatewayUse(gateway=gateway)
    rotating = gateway.status == "rotating"
    return {
        "id": str(gateway.id),
        "name": gateway.name,
        "pair": gateway.pair,
        "prefix": gateway.prefix,
        "status": gateway.status,
        "created_at": _iso(gateway.created_at),
        "rotated_at": _iso(gateway.rotated_at),
        "retired_at": _iso(gateway.retired_at),
        "seen_at": _iso(use.seen_at),
        "previous_ends_at": _iso(gateway.previous_ends_at) if rotating else None,
        "previous_seen_at": _iso(use.previous_seen_at) if rotating else None,
    }


def _line(row: dict[str, Any]) -> str:
    line = f"{row['name']}  {row['status']}  {row['pair']}  {row['prefix']}  {_ago(row['seen_at'])}"
    if row["previous_ends_at"]:
        line += f"  old secret taken until {row['previous_ends_at']}, {_ago(row['previous_seen_at'])}"
    return line


def _ago(moment: str | None) -> str:
    if moment is None:
        return "not seen"
    minutes = max(0, int((now() - datetime.fromisoformat(moment)).total_seconds() // 60))
    for unit, length in (("days", 1440), ("hours", 60)):
        if minutes >= 2 * length:
            return f"last seen {minutes // length} {unit} ago"
    return f"last seen {minutes} minutes ago" if minutes > 1 else "seen just now"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
