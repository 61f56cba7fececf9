"""`alter audit integrity-check`: verify that the audit log was not changed, step by step."""

from collections.abc import Iterator
from typing import Any

import click

from alter.audit_filters import time_range_options, to_time_range
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
@time_range_options
@click.option(
    "--table",
    type=click.Choice(["event", "call"], case_sensitive=False),
    help="Only events, or only requests.",
)
@pass_run
def integrity_check(run: Run, table: str | None, **time_range: Any) -> None:
    """Verify the audit log: every entry, seal and checkpoint. Exit code 1 if verification fails."""
    findings = list[Row]()
    try:
        with Progress("entries") as progress:
            for step in _steps(run, kind=table, **to_time_range(time_range)):
                progress.add(step["rows"])
                findings += step["findings"]
    except Failure:
        if findings:  # what was found before the error must not be lost
            run.show_all(findings)
        say("The check did not finish. The rest of the audit log was not verified.")
        raise
    run.show_all(findings)
    errors = sum(not finding["is_note"] for finding in findings)
    if errors:
        message = f"Verification failed: {errors} finding{'' if errors == 1 else 's'}."
        raise Failure(Exit.ERROR, message, "docs/integrity.md explains each finding.")
    say("Audit log verified.")


def _steps(run: Run, **filters: Any) -> Iterator[Row]:
    """The steps of a check, one after the other."""
    cursor, seen = None, set[str | None]()
    while cursor not in seen:
        seen.add(cursor)
        step = run.client.get(run.path("audit", "integrity"), cursor=cursor, **filters)
        cursor = step["next_cursor"]
        yield step
        if cursor is None:
            return
    raise Failure(Exit.ERROR, "The portal returned the same cursor twice. The check was stopped.")
