"""The `alter` command: its subcommands, each loaded when used, and the exit codes."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
from click.exceptions import NoSuchCommand

from alter import __version__, streams
from alter.command import common_options, write_examples
from alter.exit_codes import Exit
from alter.failures import end
from alter.run import Run

COMMANDS = {
    "keys": "Mint, rotate, revoke and rename API keys.",
    "agents": "Manage agents and their keys.",
    "apps": "Manage apps.",
    "scopes": "Manage the scopes of an app's keys.",
    "members": "Manage members and invitations of an app.",
    "audit": "Search, export and verify the audit log.",
    "lookup": "Find keys by their hash.",
    "users": "Manage the users of the portal.",
    "tokens": "Manage your personal access tokens.",
    "notifications": "List your notifications and mark them as read.",
    "webhooks": "Manage webhooks and failed deliveries.",
    "policy": "Show and change the security settings.",
    "retention": "Manage how long the audit log is kept.",
    "api": "Call any operation of the API.",
    "auth": "Sign in, sign out, and show the current user.",
    "link": "Link this folder to an app.",
    "unlink": "Unlink this folder from its app.",
    "scan": "Find leaked API keys in files.",
    "doctor": "Check the connection, token and permissions.",
    "completion": "Print shell completion scripts.",
}
"""Each is in the module of its name (link and unlink are in links). Top-level --help does not load them."""
EXAMPLES = """
alter auth login --base-url https://portal.example.com
alter apps list
alter link 01a2014c-7d82-7143-ad7c-abc8f9270982
alter keys mint --name worker --scopes grants:read --expires-in 90d
alter keys list --output json | jq '.[].name'
"""


class Top(click.Group):
    """The top-level group."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = "links" if cmd_name in ("link", "unlink") else cmd_name
        command: click.Command = getattr(import_module(f"alter.{module}"), cmd_name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            from difflib import get_close_matches

            closest = get_close_matches(error.command_name, COMMANDS, n=1)
            raise NoSuchCommand(error.command_name, possibilities=closest, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(formatter, EXAMPLES)


@click.command("alter", cls=Top, params=common_options(show_token_options=True))
@click.version_option(__version__, prog_name="alter", message="%(prog)s %(version)s")
@click.pass_context
def alter(ctx: click.Context) -> None:
    """Manage API keys, agents, apps, members and audit logs.

    Run `alter COMMAND --help` for details.
    """
    ctx.ensure_object(Run)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit code."""
    streams.prepare()
    run = Run()
    try:
        result = alter.main(words, prog_name="alter", standalone_mode=False, obj=run)
        streams.settle()
    except (Exception, KeyboardInterrupt) as error:
        return end(error, run)
    return result if isinstance(result, int) else Exit.OK
