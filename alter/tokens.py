"""`alter tokens`: manage one's own personal access tokens."""

from typing import Any

import click

from alter import undo_commands
from alter.command import Noun, paged
from alter.exit_codes import usage
from alter.key_options import given, reason_option, yes_option
from alter.param_types import Duration, Id, Moment, Permissions
from alter.portal_columns import TOKEN, TOKEN_MINTED
from alter.run import Run, pass_run


@click.group(
    cls=Noun,
    examples="""
    alter tokens list
    alter tokens mint --name job-7 --permissions dashboard_keys:read --expires-in 1h
    """,
)
def tokens() -> None:
    """Manage your personal access tokens, with which programs use the API."""


@tokens.command("list", shows=TOKEN, examples="alter tokens list --output json")
@paged(50)
@pass_run
def list_tokens(run: Run, **part: Any) -> None:
    """List your tokens, newest first, expired and revoked ones included."""
    run.show_page("/tokens", **part)


@tokens.command(
    shows=TOKEN_MINTED,
    examples="""
    alter tokens mint --name job-7 --permissions dashboard_keys:read --expires-in 1h
    alter tokens mint --name ci --permissions dashboard_keys:write --fields token
    """,
)
@click.option("--name", required=True, metavar="TEXT", help="The name, such as where it will be used.")
@click.option(
    "--permissions",
    type=Permissions(),
    required=True,
    help="Permissions of the current token, or some of them.",
)
@click.option(
    "--expires-in", type=Duration(), help="When it expires: 30d, 12h, 5m. Default: with the current token."
)
@click.option("--expires-at", type=Moment(), help="When it expires: 2027-02-20T14:32:00Z, or a day.")
@click.option(
    "--idempotency-key", metavar="TEXT", help="A unique value, so that retries mint only one token."
)
@pass_run
def mint(run: Run, idempotency_key: str | None, **options: Any) -> None:
    """Mint a token from the current one. The token is printed once.

    It has at most the permissions of the current token, and is revoked with it.
    """
    if options["expires_in"] and options["expires_at"]:
        raise usage("--expires-in and --expires-at cannot be combined.", "Use one of them.")
    run.reveal(
        lambda: run.client.make("/tokens", given(**options), idempotency_key),
        undo_commands.revoke_token,
    )


@tokens.command(shows=TOKEN, examples="alter tokens revoke 01a2014c-7d92-72cf-83df-d30ffbfe9814 --yes")
@click.argument("token_id", type=Id(), metavar="ID")
@yes_option
@reason_option
@pass_run
def revoke(run: Run, token_id: str, yes: bool, reason: str | None) -> None:
    """Revoke one of your tokens immediately, and those it minted."""
    if not yes:
        run.need_terminal("Use --yes to confirm.")
        run.ask("Revoke this token, and those it minted? Programs that use them stop working.")
    run.show(run.client.post(f"/tokens/{token_id}/revoke", given(reason=reason)))
