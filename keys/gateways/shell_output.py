"""What the commands that give a gateway a secret share: how it is shown, once."""

import os
import re
import shlex
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.shell_command import ShellCommand
from core.errors import Invalid
from keys.gateways.config_files import KINDS, config_of, open_secret_file, read, secret_text, write_secret
from keys.gateways.lifecycle import Issued

_HOST_AND_PORT = re.compile(r"([0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")


class SecretCommand(ShellCommand):
    """Subclasses issue a secret in issue(); here it goes to a file, to stdout or into an object."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--for", dest="kind", choices=list(KINDS), default="", help="what it is")
        parser.add_argument(
            "--secret-file",
            metavar="FILE",
            help="put the secret there, for its owner alone, and show it nowhere",
        )
        parser.add_argument("--json", action="store_true", help="print an object for machines")

    def makes_secret(self, options: dict[str, Any]) -> bool:
        return not options["secret_file"]

    def act(self, actor: Actor, **options: Any) -> None:
        portal_of(options)  # said wrong, it must not be found out afterwards either
        # Opened first: what cannot be written must not be found out when the secret has been made.
        if options["secret_file"]:
            options["secret_file"] = str(
                Path(options["secret_file"]).absolute()
            )  # it is named in the gateway's file
        place = Path(options["secret_file"] or "").resolve()  # what a link leads to: that is what is made
        is_new = not place.exists()
        descriptor = self._opened(options["secret_file"])
        try:
            issued = self.issue(actor, options)
        except BaseException:
            if descriptor is not None:
                os.close(descriptor)
                if is_new:
                    place.unlink()
            raise
        text = secret_text(options["kind"], secret := issued.plaintext.take())
        if descriptor is not None:
            write_secret(descriptor, text)
        else:
            again = "rotate_gateway" if self.replaces_file else "retire_gateway"
            self.ending = f".venv/bin/python manage.py {again} {shlex.quote(issued.gateway.name)}"
        show = self._show_object if options["json"] else self._show
        show(issued, options, secret, text)

    def issue(self, actor: Actor, options: dict[str, Any]) -> Issued:
        """Do what the command is for."""
        raise NotImplementedError

    def _show(self, issued: Issued, options: dict[str, Any], secret: str, text: str) -> None:
        kind, place = options["kind"], options["secret_file"]
        self.stderr.write(f"{issued.gateway}. It is believed in {issued.gateway.get_pair_display()}.")
        if place:
            self.stderr.write(f"Its secret is in {place}.")
        elif kind:
            self.stderr.write(
                f"This is shown once. It goes to {KINDS[kind].secret_place}, for its owner alone:"
            )
            self.stderr.write(text)
        else:
            self.stderr.write("This is shown once. It is sent in the header X-Alter-Gateway:")
            self.stdout.write(secret)
        if kind and self.shows_files:
            for shipped, goes_to in KINDS[kind].beside:
                self.stderr.write(f"Copy docs/gateways/{shipped} to {goes_to}.")
            self.stderr.write(f"This goes to {KINDS[kind].place}; its first lines say what to change:")
            self.stderr.write(f"In it the portal is at {portal_of(options)}; --portal says where else.")
            self.stdout.write(config_of(kind, portal_of(options), place or ""), ending="")

    def _show_object(self, issued: Issued, options: dict[str, Any], secret: str, text: str) -> None:
        gateway, kind, place = issued.gateway, options["kind"], options["secret_file"]
        values = {"id": str(gateway.id), "name": gateway.name, "pair": gateway.pair, "prefix": gateway.prefix}
        secret_values = {"secret_file": place} if place else {"secret": secret}
        ends = gateway.previous_ends_at
        until = {"previous_ends_at": ends.isoformat()} if ends else {}
        files = {"files": _files(kind, portal_of(options), place or "", text)} if kind else {}
        self.print_json({**values, **secret_values, **until, **files})

    shows_files = True
    """Whether the whole file of the gateway is printed as well."""
    replaces_file = False
    """Whether the secret takes the place of one that is in the file already."""

    def _opened(self, place: str | None) -> int | None:
        if place and not self.replaces_file and _holds_something(Path(place)):
            raise Invalid(
                "secret_file",
                f"{place} is there already. If it holds this gateway's secret, use rotate_gateway; if another's, name "
                "another file.",
            )
        try:
            return open_secret_file(Path(place)) if place else None
        except OSError as error:
            raise Invalid("secret_file", f"{place} cannot be written: {error.strerror}.") from None


def _holds_something(place: Path) -> bool:
    return place.is_file() and place.stat().st_size > 0


def portal_of(options: dict[str, Any]) -> str:
    """The host and port at which the gateway asks: as said, or where the portal listens on this machine."""
    said: str = options.get("portal") or settings.LISTENS_AT
    if not _HOST_AND_PORT.fullmatch(said):
        raise Invalid("portal", "--portal: say a host and a port, such as 10.0.0.5:8000.")
    return said


def _files(kind: str, portal: str, place: str, text: str) -> dict[str, str]:
    """Each file by where it goes; that with the secret only if it has not been written."""
    files = KINDS[kind]
    secret = {} if place else {files.secret_place: text}
    beside = {goes_to: read(shipped) for shipped, goes_to in files.beside}
    return {**secret, files.place: config_of(kind, portal, place), **beside}
