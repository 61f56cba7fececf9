"""`alter users`: manage the users of the portal."""

from typing import Any

import click

from alter.command import Noun, paged
from alter.exit_codes import Exit, Failure
from alter.key_options import given, reason_option, yes_option
from alter.members import removal_body, removal_options
from alter.param_types import UserRef
from alter.portal_columns import SIGNED_OUT, USER, USER_DETAIL
from alter.run import Run, pass_run

ID = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
user_argument = click.argument("user", type=UserRef(), metavar="USER")


@click.group(
    cls=Noun,
    examples="""
    alter users list --show no-factor
    alter users show alice@example.com
    """,
)
def users() -> None:
    """Manage the users of the portal, in all apps.

    USER is an email or an ID. This requires a role in all apps.
    """


@users.command(
    "list",
    shows=USER,
    examples="""
    alter users list --search alice
    alter users list --show no-factor --all --output jsonl
    """,
)
@click.option("--search", metavar="TEXT", help="Part of the name or email.")
@click.option(
    "--show",
    type=click.Choice(["no-factor", "no-role", "unseen", "closed"], case_sensitive=False),
    help="Only users without 2FA, without a role, not seen for long, or deactivated.",
)
@paged(50)
@pass_run
def list_users(run: Run, search: str | None, **options: Any) -> None:
    """List users, newest first."""
    run.show_page("/users", q=search, **options)


@users.command(shows=USER_DETAIL, examples="alter users show alice@example.com")
@user_argument
@pass_run
def show(run: Run, user: str) -> None:
    """Show a user with their roles, active keys and tokens."""
    run.show(run.client.get(f"/users/{_find(run, user)}"))


@users.command(
    shows=USER_DETAIL, examples='alter users deactivate alice@example.com --yes --reason "On leave"'
)
@user_argument
@yes_option
@reason_option
@pass_run
def deactivate(run: Run, user: str, yes: bool, reason: str | None) -> None:
    """Deactivate a user: no sign-in, sessions or tokens. Roles are kept."""
    _act(run, user, "deactivate", given(reason=reason), "" if yes else "Deactivate {}?")


@users.command(shows=USER_DETAIL, examples="alter users reactivate alice@example.com")
@user_argument
@reason_option
@pass_run
def reactivate(run: Run, user: str, reason: str | None) -> None:
    """Reactivate a user. The token needs every permission of the user's roles."""
    _act(run, user, "reactivate", given(reason=reason))


@users.command("sign-out", shows=SIGNED_OUT, examples="alter users sign-out alice@example.com")
@user_argument
@reason_option
@pass_run
def sign_out(run: Run, user: str, reason: str | None) -> None:
    """Sign a user out of all sessions. Tokens keep working."""
    _act(run, user, "sign-out", given(reason=reason))


@users.command(
    shows=USER_DETAIL,
    examples=f"""
    alter users remove alice@example.com
    alter users remove alice@example.com --revoke-key {ID} --hand-to admin@example.com --yes
    """,
)
@user_argument
@removal_options
@pass_run
def remove(run: Run, user: str, yes: bool, **options: Any) -> None:
    """Remove a user from all apps: roles, sessions and tokens end immediately."""
    _act(run, user, "remove", removal_body(**options), "" if yes else "Remove {} from all apps?")


def _act(run: Run, user: str, verb: str, body: dict[str, Any], question: str = "") -> None:
    """Send a change of a user, after `question`, if there is one."""
    if question:
        run.need_terminal("Use --yes to confirm.")
    user_id = _find(run, user)
    if question:
        run.ask(question.format(user if "@" in user else run.client.get(f"/users/{user_id}")["email"]))
    run.show(run.client.post(f"/users/{user_id}/{verb}", body))


def _find(run: Run, user: str) -> str:
    """The id of a user, given that or an email. Raises Failure (4)."""
    if "@" not in user:
        return user
    for row in run.pull("/users", q=user):
        if row["email"].casefold() == user.casefold():
            return str(row["id"])
    raise Failure(
        Exit.NOT_FOUND,
        f"There is no user {user}.",
        "To search by a part of the email: alter users list --search TEXT",
    )
