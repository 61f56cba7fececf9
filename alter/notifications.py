"""`alter notifications`: the notifications of the token's owner."""

from typing import Any

import click

from alter.command import Noun, paged
from alter.exit_codes import usage
from alter.param_types import Id
from alter.portal_columns import NOTIFICATION, NOTIFICATIONS_READ
from alter.run import Run, pass_run


@click.group(
    cls=Noun,
    examples="""
    alter notifications list --unread
    alter notifications read --all
    """,
)
def notifications() -> None:
    """List your notifications and mark them as read."""


@notifications.command(
    "list",
    shows=NOTIFICATION,
    examples="""
    alter notifications list --unread
    alter notifications list --kind key-expiring --output json
    """,
)
@click.option("--unread", is_flag=True, help="Only unread notifications.")
@click.option("--kind", metavar="KIND", help="Only this kind, such as key-expiring.")
@paged(50)
@pass_run
def list_notifications(run: Run, unread: bool, **options: Any) -> None:
    """List your notifications, newest first."""
    run.show_page("/notifications", unread="true" if unread else None, **options)


@notifications.command(
    shows=NOTIFICATION,
    examples="""
    alter notifications read 01a2014c-7d92-72cf-83df-d30ffbfe9814
    alter notifications read --all
    """,
)
@click.argument("notification", type=Id(), metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="All notifications about apps.")
@pass_run
def read(run: Run, notification: str | None, every: bool) -> None:
    """Mark a notification about an app as read, or all of them.

    Those about tokens, accounts and the audit log are marked as read in the portal only.
    """
    if bool(notification) == every:
        raise usage(
            "Give the ID of a notification, or --all.", "To list them: alter notifications list --unread"
        )
    if every:
        run.shape = NOTIFICATIONS_READ
    run.show(run.client.post("/notifications/read" if every else f"/notifications/{notification}/read", {}))
