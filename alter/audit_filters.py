"""Which entries of the record are meant: the options that say so, and what they come to."""

from typing import Any

import click

from alter.command import F
from alter.exit_codes import usage
from alter.param_types import CommaList, Id, Moment
from alter.run import MOST

OUTCOMES = {"allow": "allowed", "deny": "denied"}
"""What --policy-decision says, as --outcome says it."""


class Ids(CommaList):
    """Some ids."""

    def check(self, word: str, param: Any, ctx: Any) -> None:
        Id().convert(word, param, ctx)


def spanning(act: F) -> F:
    """The options that say from when until when."""
    act = click.option("--end", type=Moment(ago=True), help="Until when.")(act)
    act = click.option("--start", type=Moment(ago=True), help="From when: a moment, or 24h for a day ago.")(
        act
    )
    return click.option("--since", type=Moment(ago=True), help="The same as --start.")(act)


def counted(act: F) -> F:
    """How many of an endless list to show."""
    act = click.option("--all", "every", is_flag=True, help="Everything, page after page.")(act)
    most = click.IntRange(1, MOST)
    return click.option("--limit", type=most, default=100, show_default=True, help="How many.")(act)


def sifting(act: F) -> F:
    """The options that say which entries."""
    options = (
        click.option(
            "--kind",
            type=click.Choice(["event", "call"], case_sensitive=False),
            help="Acts of people, or calls with keys.",
        ),
        click.option("--action", metavar="NAME", help="key.mint, or key for all that is done to keys."),
        click.option(
            "--outcome",
            type=click.Choice(["event", "allowed", "denied"], case_sensitive=False),
            help="How it ended.",
        ),
        click.option(
            "--policy-decision",
            type=click.Choice(list(OUTCOMES), case_sensitive=False),
            help="Of calls: the same.",
        ),
        click.option("--key", metavar="PREFIX", help="A key's prefix, or a piece of it."),
        click.option("--key-id", type=Id(), metavar="ID", help="A key's id."),
        click.option("--agent", type=Id(), metavar="ID", help="An agent's id."),
        click.option("--agent-name", metavar="NAME", help="A name that an agent has had."),
        click.option("--actor", metavar="TEXT", help="Who acted."),
        click.option("--caller", metavar="TEXT", help="What a program calls itself."),
        click.option("--code", metavar="CODE", help="Why it was refused: insufficient_scope."),
        click.option("--check", metavar="CHECK", help="The check that failed: scope."),
        click.option("--via", metavar="FACE", help="page, api, cli, sdk, door or shell."),
        click.option("--ip", metavar="ADDRESS", help="From where."),
        click.option("--path", metavar="PATH", help="How the path called begins."),
        click.option("--request", metavar="ID", help="The request id of an answer."),
        click.option("--trace", metavar="ID", help="The trace it is part of."),
        click.option("--id", type=Id(), metavar="ID", help="One entry."),
    )
    for option in reversed(options):
        act = option(act)
    return spanning(act)


def filters_of(asked: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, as the portal calls it. Raises Failure for what contradicts itself."""
    decision = OUTCOMES.get(asked.pop("policy_decision") or "")
    if decision and asked["outcome"] and decision != asked["outcome"]:
        raise usage("--policy-decision and --outcome do not agree.", "Give one.")
    span = span_of({name: asked.pop(name) for name in ("since", "start", "end")})
    return asked | {"outcome": asked["outcome"] or decision} | span


def span_of(span: dict[str, Any]) -> dict[str, Any]:
    """From when until when, as the portal calls it. Raises Failure if it is said twice."""
    if span["since"] and span["start"]:
        raise usage("--since and --start are both given.", "They say the same: give one.")
    return {"since": span["since"] or span["start"], "until": span["end"]}
