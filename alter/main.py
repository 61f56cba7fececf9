"""The `alter` command: its nouns, each loaded when it is asked for, and the one place where runs end."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
from click.exceptions import NoSuchCommand

from alter import __version__, streams
from alter.command import everywhere, write_examples
from alter.exit_codes import Exit
from alter.failures import end
from alter.run import Run

COMMANDS = {
    "keys": "Mint, rotate, revoke and rename API keys.",
    "agents": "The programs that act for an app, and their keys.",
    "apps": "What keys are for.",
    "members": "Who has a role on an app, and who is invited.",
    "audit": "Who did what, and which calls were let in.",
    "api": "Any operation of the API, for what has no command.",
    "auth": "Sign in and out, and see who you are.",
    "link": "Make an app the one meant in this folder and below.",
    "unlink": "Forget which app is meant in this folder.",
    "scan": "Find keys in files, and whether they live.",
    "doctor": "Look at what may be wrong, from here to the portal.",
    "completion": "Let a shell complete commands and options.",
}
"""Each in the module of its name (unlink is in link's), which --help of the top does not load."""
EXAMPLES = """
alter auth login --base-url https://portal.example.com
alter apps list
alter link 01a2014c-7d82-7143-ad7c-abc8f9270982
alter keys mint --name worker --scopes grants:read --expires-in 90d
alter keys list --output json | jq '.[].name'
"""


class Top(click.Group):
    """The group of everything."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = "link" if cmd_name == "unlink" else cmd_name
        found: click.Command = getattr(import_module(f"alter.{module}"), cmd_name)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            raise NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(formatter, EXAMPLES)


@click.command("alter", cls=Top, params=everywhere(whole=True))
@click.version_option(__version__, prog_name="alter", message="%(prog)s %(version)s")
@click.pass_context
def alter(ctx: click.Context) -> None:
    """Manage the portal's API keys, apps and agents, and read its audit log.

    `alter COMMAND --help` tells more of each.
    """
    ctx.ensure_object(Run)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit code: the only place that makes one of an exception."""
    streams.prepare()
    run = Run()
    try:
        ended = alter.main(words, prog_name="alter", standalone_mode=False, obj=run)
        streams.settle()
    except (Exception, KeyboardInterrupt) as error:
        return end(error, run)
    return ended if isinstance(ended, int) else Exit.OK
