"""`alter audit integrity-check`: whether somebody edited the record, asked step by step."""

from collections.abc import Iterator
from typing import Any

import click

from alter.audit_filters import span_of, spanning
from alter.columns import FINDING
from alter.command import Verb
from alter.exit_codes import Exit, Failure
from alter.output import Progress, Row, say
from alter.run import Run, pass_run


@click.command(
    "integrity-check",
    cls=Verb,
    shows=FINDING,
    examples="""
    alter audit integrity-check
    alter audit integrity-check --start 7d --table call --output json
    """,
)
@spanning
@click.option(
    "--table", type=click.Choice(["event", "call"], case_sensitive=False), help="Acts alone, or calls alone."
)
@pass_run
def integrity_check(run: Run, table: str | None, **span: Any) -> None:
    """Check that nobody edited the record: every row, seal and checkpoint. Exit code 1 if something does not hold."""
    told = list[Row]()
    try:
        with Progress("rows") as progress:
            for step in _steps(run, kind=table, **span_of(span)):
                progress.add(step["rows"])
                told += step["findings"]
    except Failure:
        if told:  # what was found must not be lost with what was not looked at
            run.show_all(told)
        say("The check broke off. What it has not come to is not known.")
        raise
    run.show_all(told)
    wrong = sum(not found["note"] for found in told)
    if wrong:
        says = f"{wrong} finding{'' if wrong == 1 else 's'}: the record does not hold."
        raise Failure(Exit.ERROR, says, "docs/seals.md says what each means.")
    say("The record holds.")


def _steps(run: Run, **asked: Any) -> Iterator[Row]:
    """The steps of a check, one after the other."""
    cursor, seen = None, set[str | None]()
    while cursor not in seen:
        seen.add(cursor)
        step = run.client.get(run.path("audit", "integrity"), cursor=cursor, **asked)
        cursor = step["next_cursor"]
        yield step
        if cursor is None:
            return
    raise Failure(Exit.ERROR, "The check came back to where it had been, and would never end.")
