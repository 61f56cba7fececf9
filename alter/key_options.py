"""The options of commands that mint and change keys, and the bodies of their requests."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from alter.command import F
from alter.exit_codes import usage
from alter.param_types import Body, Duration, Id, JsonObject, Moment, Ranges, Scopes, read_body

key_option = click.option("--key", type=Id(), required=True, metavar="ID", help="The key id.")
reason_option = click.option("--reason", metavar="TEXT", help="The reason, saved to the audit log.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
force_option = click.option("--force", is_flag=True, help="Even if it is its agent's only active key.")


def mint_options(command: F) -> F:
    """The options of a new key."""
    options = (
        click.option("--name", metavar="TEXT", help="The key's name. Required."),
        click.option("--scopes", type=Scopes(), help="Scopes, such as grants:read,agents:read. Required."),
        click.option(
            "--cidr", type=Ranges(), help="Allowed IP ranges, such as 203.0.113.0/24. Default: any IP."
        ),
        click.option(
            "--rate-limit-rpm", type=click.IntRange(1, 100_000), help="Rate limit, in requests per minute."
        ),
        click.option("--expires-in", type=Duration(), help="When it expires: 30d, 12h, 5m. Default: never."),
        click.option(
            "--expires-at",
            type=Moment(),
            help="When it expires: 2027-02-20T14:32:00Z, or at the end of a day: 2027-02-20.",
        ),
        click.option("--metadata", type=JsonObject(), help="Your metadata, as a JSON object or @path."),
        reason_option,
        click.option(
            "--input",
            "body",
            type=Body(),
            help="A JSON body: @path, or - for standard input. Replaces the options above.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def given(**values: Any) -> dict[str, Any]:
    """The values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def new_key(
    options: Mapping[str, Any], *, required: Sequence[str] = ("name", "scopes"), **more: Any
) -> dict[str, Any]:
    """The body of a mint request, from `mint_options`. Raises Failure."""
    values = given(**{name: value for name, value in options.items() if name != "body"}, **more)
    if options["body"] is not None:
        if values:
            name = next(iter(values)).removesuffix("_id").replace("_", "-")
            raise usage(f"--input and --{name} cannot be combined.", "Put everything into the body.")
        return read_body(options["body"])
    for name in required:
        if name not in values:
            raise usage(f"--{name} is missing.", "Use --name and --scopes, or --input.")
    if "expires_in" in values and "expires_at" in values:
        raise usage("--expires-in and --expires-at cannot be combined.", "Use one of them.")
    return to_body(values)


def to_body(options: dict[str, Any]) -> dict[str, Any]:
    """Options under their names in the API."""
    return {"cidr_allowlist" if name == "cidr" else name: value for name, value in options.items()}
