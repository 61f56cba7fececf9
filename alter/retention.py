"""`alter retention`: how long the audit log is kept."""

from typing import Any

import click

from alter.command import Noun
from alter.key_options import given, reason_option, yes_option
from alter.param_types import Number
from alter.portal_columns import RETENTION
from alter.run import Run, pass_run


@click.group(
    cls=Noun,
    examples="""
    alter retention list
    alter retention set call --days 400
    """,
)
def retention() -> None:
    """Manage how long the entries of the audit log are kept.

    This requires a role in all apps.
    """


@retention.command("list", shows=RETENTION, examples="alter retention list")
@pass_run
def list_retention(run: Run) -> None:
    """List the retention of events, requests (call) and traces (span)."""
    run.show_all(run.client.get("/retention")["items"])


@retention.command(
    "set",
    shows=RETENTION,
    examples="""
    alter retention set call --days 400 --yes --reason "Required by contract"
    alter retention set event --days none
    """,
)
@click.argument("kind", type=click.Choice(["event", "call", "span"], case_sensitive=False))
@click.option(
    "--days", type=Number(1, 100_000), required=True, help="Days, or none to keep entries indefinitely."
)
@yes_option
@reason_option
@pass_run
def set_retention(run: Run, kind: str, days: Any, yes: bool, reason: str | None) -> None:
    """Set the retention of one kind of entry.

    Older entries are deleted permanently within the hour, so a shorter retention asks for confirmation.
    """
    wanted = None if days == "none" else days
    if wanted is not None and not yes and _deletes(run, kind, wanted):
        run.need_terminal("Use --yes to confirm: older entries are deleted permanently.")
        run.ask(f"Delete {kind} entries older than {wanted} days permanently?")
    run.show(run.client.patch(f"/retention/{kind}", {"days": wanted} | given(reason=reason)))


def _deletes(run: Run, kind: str, days: int) -> bool:
    """Whether `days` is less than now."""
    current = {row["kind"]: row["days"] for row in run.client.get("/retention")["items"]}
    return current.get(kind) is None or days < int(current[kind])
