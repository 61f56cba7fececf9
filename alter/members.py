"""`alter members`: manage members and invitations of an app."""

from typing import Any

import click

from alter import undo_commands
from alter.columns import INVITATION, INVITED, MEMBER
from alter.command import F, Noun
from alter.exit_codes import Exit, Failure
from alter.key_options import given, reason_option, yes_option
from alter.param_types import Id
from alter.run import Run, pass_run

ID = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
member_option = click.option(
    "--member", type=Id(), required=True, metavar="ID", help="The membership id, from alter members list."
)
role_option = click.option(
    "--role", type=click.Choice(["developer", "support", "admin"]), required=True, help="The role."
)


def removal_options(command: F) -> F:
    """The options of removing a member or a user."""
    options = (
        click.option(
            "--revoke-key",
            type=Id(),
            multiple=True,
            metavar="ID",
            help="A key of theirs to revoke. Repeatable.",
        ),
        click.option("--hand-to", metavar="EMAIL", help="The new owner of their other keys."),
        click.option("--force", is_flag=True, help="Even if an agent is left without an active key."),
        yes_option,
        reason_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def removal_body(
    *, revoke_key: tuple[str, ...], hand_to: str | None, force: bool, reason: str | None
) -> dict[str, Any]:
    """The body of a request that removes a member or a user, from `removal_options`."""
    return given(revoke_keys=list(revoke_key) or None, hand_to=hand_to, force=force or None, reason=reason)


@click.group(
    cls=Noun,
    examples="""
    alter members list
    alter members invite --email new@example.com --role developer
    """,
)
def members() -> None:
    """Manage members and invitations of an app.

    The app is --app, ALTER_APP_ID, or the app that this folder is linked to. Roles on all apps are changed in the
    portal, or with alter api.
    """


@members.command("list", shows=MEMBER, examples="alter members list --output json")
@pass_run
def list_members(run: Run) -> None:
    """List the members of the app, those with a role on all apps included."""
    run.show_all(run.client.get(run.path("members"))["items"])


@members.command(shows=INVITATION, examples="alter members invitations")
@pass_run
def invitations(run: Run) -> None:
    """List pending invitations."""
    run.show_all(run.client.get(run.path("invitations"))["items"])


@members.command(
    shows=INVITED,
    examples="""
    alter members invite --email new@example.com --role developer
    alter members invite --role support
    """,
)
@click.option("--email", metavar="EMAIL", help="The email to invite. Default: anyone with the link.")
@role_option
@pass_run
def invite(run: Run, email: str | None, role: str) -> None:
    """Invite one person. The link is printed once."""
    path, body = run.path("invitations"), {"role": role} | given(email=email)
    run.reveal(
        lambda: run.client.post(path, body),
        lambda created: undo_commands.cancel_invitation(run.app_id, created),
    )


@members.command(shows=INVITATION, examples=f"alter members cancel --invitation {ID}")
@click.option("--invitation", type=Id(), required=True, metavar="ID", help="The invitation id.")
@pass_run
def cancel(run: Run, invitation: str) -> None:
    """Cancel an invitation. Its link stops working."""
    run.show(run.client.post(run.path("invitations", invitation, "cancel"), {}))


@members.command(shows=MEMBER, examples=f"alter members role --member {ID} --role support")
@member_option
@role_option
@pass_run
def role(run: Run, member: str, role: str) -> None:
    """Change a member's role."""
    run.show(run.client.patch(run.path("members", member), {"role": role}))


@members.command(
    shows=MEMBER,
    examples=f"""
    alter members remove --member {ID}
    alter members remove --member {ID} --revoke-key {ID} --hand-to admin@example.com --yes
    """,
)
@member_option
@removal_options
@pass_run
def remove(run: Run, member: str, yes: bool, **options: Any) -> None:
    """Remove a member. Their role and sessions end immediately."""
    if not yes:
        run.need_terminal("Use --yes to confirm.")
        if not click.confirm("Remove this member and sign them out?", err=True):
            raise Failure(Exit.CONFLICT, "Nothing was changed.")
    run.show(run.client.post(run.path("members", member, "remove"), removal_body(**options)))
