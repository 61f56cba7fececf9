"""Gives a gateway another secret from the shell."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from audit.actors import Actor
from core.durations import parse_duration
from keys.gateways.lifecycle import Issued, find, rotate
from keys.gateways.shell_output import SecretCommand


class Command(SecretCommand):
    """`manage.py rotate_gateway edge --for nginx --secret-file /etc/nginx/alter-gateway.conf`."""

    help = "Give a gateway a new secret. The one it has is taken a while longer."
    example = "rotate_gateway edge --for nginx --secret-file /etc/nginx/alter-gateway.conf"
    shows_files = False
    replaces_file = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--overlap",
            default="1h",
            help="how long the present secret is still taken: 1h, 2d, or 0 for not at all",
        )

    def issue(self, actor: Actor, options: dict[str, Any]) -> Issued:
        said = options["overlap"].strip()
        overlap = timedelta(0) if said == "0" else parse_duration(said, "overlap")
        return rotate(actor, find(options["name"]), overlap=overlap)
