"""The filter options of `alter audit`, and the filters of the API they stand for."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from alter.command import F
from alter.exit_codes import usage
from alter.param_types import CommaList, Id, Moment
from alter.run import MAX_PAGE_SIZE

OUTCOMES = {"allow": "allowed", "deny": "denied"}
"""Values of --policy-decision, as values of --outcome."""


ACTOR_KIND = click.Choice(["person", "token", "key", "shell", "system"], case_sensitive=False)


class Ids(CommaList):
    """A comma-separated list of ids."""

    def check(self, word: str, param: Any, ctx: Any) -> None:
        Id().convert(word, param, ctx)


def time_range_options(command: F) -> F:
    """The options --since, --start and --end."""
    options = (
        click.option("--since", type=Moment(ago=True), help="The same as --start."),
        click.option(
            "--start",
            type=Moment(ago=True),
            help="Start: a time, a date, or a duration before now, such as 24h.",
        ),
        click.option("--end", type=Moment(ago=True), help="End, in the same formats."),
    )
    return _apply(options, command)


def limit_options(command: F) -> F:
    """The options --limit and --all of a list without offsets."""
    limit = click.IntRange(1, MAX_PAGE_SIZE)
    options = (
        click.option(
            "--limit", type=limit, default=100, show_default=True, help="Maximum number of entries."
        ),
        click.option("--all", "every", is_flag=True, help="List all entries."),
    )
    return _apply(options, command)


def filter_options(command: F) -> F:
    """All filter options."""
    options = (
        click.option(
            "--kind",
            type=click.Choice(["event", "call"], case_sensitive=False),
            help="Only events (changes) or only calls (requests made with a key).",
        ),
        click.option(
            "--action", metavar="NAME", help="An action, such as key.mint; or key for all changes of keys."
        ),
        click.option(
            "--outcome",
            type=click.Choice(["event", "allowed", "denied"], case_sensitive=False),
            help="Only this outcome.",
        ),
        click.option(
            "--policy-decision",
            type=click.Choice(list(OUTCOMES), case_sensitive=False),
            help="Only allowed or denied requests.",
        ),
        click.option("--key", metavar="PREFIX", help="A key's prefix, part of it, or a name."),
        click.option("--key-id", type=Id(), metavar="ID", help="A key id."),
        click.option("--agent", type=Id(), metavar="ID", help="An agent id."),
        click.option("--agent-name", metavar="NAME", help="A name of an agent."),
        click.option("--actor", metavar="TEXT", help="Part of the actor's name."),
        click.option("--actor-kind", type=ACTOR_KIND, help="Only events of this kind of actor."),
        click.option(
            "--target-kind", metavar="KIND", help="Only events about this kind of object: key, agent, app."
        ),
        click.option("--caller", metavar="TEXT", help="A caller's name or id."),
        click.option("--code", metavar="CODE", help="An error code, such as insufficient_scope."),
        click.option("--check", metavar="CHECK", help="The failed check, such as scope."),
        click.option("--via", metavar="SOURCE", help="page, api, cli, sdk, door (verify endpoint) or shell."),
        click.option("--ip", metavar="IP", help="The IP address."),
        click.option("--path", metavar="PATH", help="The beginning of the request's path."),
        click.option("--request", metavar="ID", help="The X-Request-Id of a response."),
        click.option("--trace", metavar="ID", help="A trace id."),
        click.option("--thread-id", metavar="ID", help="A thread: the thread_id in the context of requests."),
        click.option("--id", type=Id(), metavar="ID", help="One entry."),
    )
    return time_range_options(_apply(options, command))


def to_filters(options: dict[str, Any]) -> dict[str, Any]:
    """The filters of the API. Raises Failure for options that contradict each other."""
    decision = OUTCOMES.get(options.pop("policy_decision") or "")
    if decision and options["outcome"] and decision != options["outcome"]:
        raise usage("--policy-decision and --outcome contradict each other.", "Use one of them.")
    time_range = to_time_range({name: options.pop(name) for name in ("since", "start", "end")})
    return options | {"outcome": options["outcome"] or decision} | time_range


def to_time_range(options: dict[str, Any]) -> dict[str, Any]:
    """The time range of the API. Raises Failure for --since with --start."""
    if options["since"] and options["start"]:
        raise usage("--since and --start cannot be combined.", "They mean the same: use one of them.")
    return {"since": options["since"] or options["start"], "until": options["end"]}


def _apply(options: Iterable[Callable[[F], F]], command: F) -> F:
    """`command` with `options`, which --help lists in this order."""
    for option in reversed(list(options)):
        command = option(command)
    return command
