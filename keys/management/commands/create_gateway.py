"""Makes a gateway known from the shell."""

from typing import Any

from django.core.management.base import CommandParser

from audit.actors import Actor
from core.errors import Invalid
from keys.gateways.config_files import KINDS
from keys.gateways.lifecycle import Issued, create
from keys.gateways.models import Gateway
from keys.gateways.shell_output import SecretCommand


class Command(SecretCommand):
    """`manage.py create_gateway edge --for nginx --secret-file /etc/nginx/alter-gateway.conf`."""

    help = "Register a gateway and create the secret that identifies it to the verify endpoint."
    example = "create_gateway edge --for nginx --secret-file /etc/nginx/alter-gateway.conf"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--pair",
            choices=Gateway.Pair.values,
            help="the headers it is believed in: X-Original-Method and -URI, or X-Forwarded-Method and -Uri",
        )

        parser.add_argument(
            "--portal",
            metavar="HOST:PORT",
            help="where the gateway reaches the portal; otherwise HOST and PORT of this machine's settings",
        )

    def issue(self, actor: Actor, options: dict[str, Any]) -> Issued:
        return create(actor, options["name"], _pair(options["pair"], options["kind"]))


def _pair(said: str | None, kind: str) -> str:
    """The pair that was asked for, or that the file for such a gateway writes. Raises Invalid."""
    writes = KINDS[kind].pair if kind else None
    if said is None and writes is None:
        raise Invalid("pair", "Say --pair original or --pair forwarded, or which gateway it is --for.")
    if said and writes and said != writes:
        raise Invalid("pair", f"The file for {kind} writes the pair {writes}.")
    return said or writes or ""
