"""`alter policy`: the security settings for all users."""

from typing import Any

import click

from alter.command import Noun, require_any
from alter.key_options import given, reason_option, yes_option
from alter.portal_columns import POLICY
from alter.run import Run, pass_run


@click.group(
    cls=Noun,
    examples="""
    alter policy show
    alter policy set --two-factor required --yes
    """,
)
def policy() -> None:
    """Show the security settings for all users, and make them stricter.

    This requires a role in all apps.
    """


@policy.command(shows=POLICY, examples="alter policy show --output table")
@pass_run
def show(run: Run) -> None:
    """Show the security settings."""
    run.show(run.client.get("/policy"))


@policy.command(
    "set",
    shows=POLICY,
    examples="""
    alter policy set --two-factor required --yes --reason "Decided in May"
    alter policy set --on-leaked-token revoke --public-docs off --yes
    """,
)
@click.option("--two-factor", type=click.Choice(["required", "optional"]), help="2FA for all users.")
@click.option("--on-leaked-token", type=click.Choice(["notify", "revoke"]), help="Action for leaked tokens.")
@click.option("--public-docs", type=click.Choice(["on", "off"]), help="Whether the docs need no sign-in.")
@yes_option
@reason_option
@pass_run
def set_policy(
    run: Run, two_factor: str | None, public_docs: str | None, yes: bool, reason: str | None, **options: Any
) -> None:
    """Change the security settings. They can be loosened in the portal only."""
    require_any(two_factor=two_factor, public_docs=public_docs, **options)
    body = given(
        two_factor_required=None if two_factor is None else two_factor == "required",
        public_docs=None if public_docs is None else public_docs == "on",
        reason=reason,
        **options,
    )
    if not yes:
        run.need_terminal("Use --yes to confirm.")
        run.ask("Change the settings for all users? A token cannot undo it.")
    run.show(run.client.patch("/policy", body))
