"""Commands as all of them are: the options that each one takes, --help with examples, fields checked beforehand."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import click

from alter.exit_codes import usage
from alter.output import FORMATS, Shape
from alter.param_types import FieldNames
from alter.run import MOST, Run

F = TypeVar("F", bound=Callable[..., Any])


class Everywhere(click.Option):
    """An option of every command. It may stand before the command or after it; after it wins."""

    def __init__(self, *names: str, hidden: bool = False, **about: Any) -> None:
        def note(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
            if value not in (None, False):
                ctx.ensure_object(Run).note(param.name or "", value)
            return value

        super().__init__(names, callback=note, expose_value=False, hidden=hidden, **about)


def everywhere(*, whole: bool) -> list[click.Parameter]:
    """Those options. Only the top's help names the ones for tokens."""
    return [
        Everywhere("--app", metavar="ID", help="The app. Otherwise ALTER_APP_ID, then the linked folder's."),
        Everywhere("--output", type=click.Choice(FORMATS), help="table for lists, json for one object."),
        Everywhere("--fields", type=FieldNames(), help="Fields of the JSON to print: id,name."),
        Everywhere(
            "--base-url", metavar="URL", help="The portal. Otherwise ALTER_BASE_URL, or as signed in."
        ),
        Everywhere(
            "--token-file", metavar="PATH", hidden=not whole, help="Take the access token from a file."
        ),
        Everywhere("--token-stdin", is_flag=True, hidden=not whole, help="Take it from standard input."),
        Everywhere("--token", metavar="TOKEN", hidden=not whole, help="The token itself. Others can see it."),
    ]


def paged(usual: int) -> Callable[[F], F]:
    """--limit, --offset and --all, for a list that shows `usual` many unless told otherwise."""

    def decorate(act: F) -> F:
        act = click.option("--all", "every", is_flag=True, help="Everything, page after page.")(act)
        act = click.option("--offset", type=click.IntRange(min=0), default=0, help="How many to pass over.")(
            act
        )
        most = click.IntRange(1, MOST)
        return click.option("--limit", type=most, default=usual, show_default=True, help="How many.")(act)

    return decorate


def need_one(**given: Any) -> dict[str, Any]:
    """Those options that were given. Raises Failure if none was."""
    found = {name: value for name, value in given.items() if value is not None}
    if not found:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise usage("There is nothing to change.", f"Give at least one of {names}.")
    return found


class Verb(click.Command):
    """A command. `shows` is what it prints, `examples` are lines to copy."""

    def __init__(self, *args: Any, shows: Shape | None = None, examples: str = "", **about: Any) -> None:
        super().__init__(*args, **about)
        self.shows, self.examples = shows, examples
        self.params += everywhere(whole=False)

    def invoke(self, ctx: click.Context) -> Any:
        ctx.ensure_object(Run).begin(self.shows)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record and not isinstance(param, click.Argument):
                (shared if isinstance(param, Everywhere) else own).append(record)
        for title, records in (("Options", own), ("Options of every command", shared)):
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
    """Lines to copy, as they are."""
    if examples:
        with formatter.section("Examples"):
            for line in inspect.cleandoc(examples).splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}".rstrip() + "\n")
