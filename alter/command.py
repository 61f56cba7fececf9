"""The base classes of commands: common options, --help with examples, and --fields checked beforehand."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import click

from alter.exit_codes import usage
from alter.output import FORMATS, Shape
from alter.param_types import FieldNames
from alter.run import MAX_PAGE_SIZE, Run

F = TypeVar("F", bound=Callable[..., Any])


class CommonOption(click.Option):
    """An option of every command, before or after the command name. After it wins.

    It is noted before others are checked, which may ask the portal.
    """

    def __init__(self, *names: str, hidden: bool = False, **about: Any) -> None:
        def note(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
            if value not in (None, False):
                ctx.ensure_object(Run).note(param.name or "", value)
            return value

        super().__init__(names, callback=note, expose_value=False, is_eager=True, hidden=hidden, **about)


def common_options(*, show_token_options: bool) -> list[click.Parameter]:
    """The options of every command. Only the top-level help lists those for tokens."""
    return [
        CommonOption(
            "--app", metavar="ID", help="The app id. Default: ALTER_APP_ID, then the linked folder."
        ),
        CommonOption(
            "--output", type=click.Choice(FORMATS), help="Default: table for lists, json for one object."
        ),
        CommonOption("--fields", type=FieldNames(), help="JSON fields to print, such as id,name."),
        CommonOption(
            "--base-url",
            metavar="URL",
            help="The portal's URL. Default: ALTER_BASE_URL, then the last sign-in.",
        ),
        CommonOption(
            "--token-file",
            metavar="PATH",
            hidden=not show_token_options,
            help="Read the access token from a file.",
        ),
        CommonOption(
            "--token-stdin",
            is_flag=True,
            hidden=not show_token_options,
            help="Read the access token from standard input.",
        ),
        CommonOption(
            "--token",
            metavar="TOKEN",
            hidden=not show_token_options,
            help="The access token. Other users can see it in the process list.",
        ),
    ]


def paged(default: int) -> Callable[[F], F]:
    """The options --limit, --offset and --all of a list; `default` is the page size."""

    def decorate(command: F) -> F:
        command = click.option("--all", "every", is_flag=True, help="List all items.")(command)
        offset = click.IntRange(min=0)
        command = click.option("--offset", type=offset, default=0, help="Number of items to skip.")(command)
        limit = click.IntRange(1, MAX_PAGE_SIZE)
        option = click.option(
            "--limit", type=limit, default=default, show_default=True, help="Maximum number of items."
        )
        return option(command)

    return decorate


def require_any(**values: Any) -> dict[str, Any]:
    """The options that were given. Raises Failure if there are none."""
    given = {name: value for name, value in values.items() if value is not None}
    if not given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in values)
        raise usage("Nothing to change.", f"Give at least one of {names}.")
    return given


class Verb(click.Command):
    """A command. `shows` is what it prints; `examples` are command lines to copy."""

    def __init__(self, *args: Any, shows: Shape | None = None, examples: str = "", **about: Any) -> None:
        super().__init__(*args, **about)
        self.shows, self.examples = shows, examples
        self.params += common_options(show_token_options=False)

    def invoke(self, ctx: click.Context) -> Any:
        ctx.ensure_object(Run).begin(self.shows)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record and not isinstance(param, click.Argument):
                (shared if isinstance(param, CommonOption) else own).append(record)
        for title, records in (("Options", own), ("Common options", shared)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(formatter, self.examples)


class Noun(click.Group):
    """A group of commands, in the order they were written."""

    command_class = Verb

    def __init__(self, *args: Any, examples: str = "", **about: Any) -> None:
        super().__init__(*args, **about)
        self.examples = examples

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, command in self.commands.items() if not command.hidden]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(formatter, self.examples)


def write_examples(formatter: click.HelpFormatter, examples: str) -> None:
    """Command lines to copy."""
    if examples:
        with formatter.section("Examples"):
            for line in inspect.cleandoc(examples).splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}".rstrip() + "\n")
