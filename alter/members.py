"""`alter members`: who has a role on an app, who is invited, and the end of it."""

import click

from alter import undo_commands
from alter.columns import INVITATION, INVITED, MEMBER
from alter.command import Noun
from alter.exit_codes import Exit, Failure
from alter.keys import given, why
from alter.param_types import Id
from alter.run import Run, pass_run

ID = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
the_member = click.option(
    "--member", type=Id(), required=True, metavar="ID", help="The membership's id, from alter members list."
)
the_role = click.option(
    "--role", type=click.Choice(["developer", "support", "admin"]), required=True, help="What they may do."
)


@click.group(
    cls=Noun,
    examples="""
    alter members list
    alter members invite --email new@example.com --role developer
    """,
)
def members() -> None:
    """Who has a role on an app, and who is invited.

    Each command works on one app: --app, ALTER_APP_ID, or the app this folder is linked to. Roles on every app are
    changed in the portal.
    """


@members.command("list", shows=MEMBER, examples="alter members list --output json")
@pass_run
def list_members(run: Run) -> None:
    """List who has a role on the app, and who has one on every app."""
    run.show_all(run.client.get(run.path("members"))["items"])


@members.command(shows=INVITATION, examples="alter members invitations")
@pass_run
def invitations(run: Run) -> None:
    """List links that have not been taken up yet."""
    run.show_all(run.client.get(run.path("invitations"))["items"])


@members.command(
    shows=INVITED,
    examples="""
    alter members invite --email new@example.com --role developer
    alter members invite --role support
    """,
)
@click.option("--email", metavar="ADDRESS", help="Whom. Left out: whoever opens the link first.")
@the_role
@pass_run
def invite(run: Run, email: str | None, role: str) -> None:
    """Make a link that lets one person in; it is printed this once."""
    path, body = run.path("invitations"), {"role": role} | given(email=email)
    run.reveal(lambda: run.client.post(path, body), lambda one: undo_commands.withdraw(run.app_id, one))


@members.command(shows=INVITATION, examples=f"alter members withdraw --invitation {ID}")
@click.option("--invitation", type=Id(), required=True, metavar="ID", help="The invitation's id.")
@pass_run
def withdraw(run: Run, invitation: str) -> None:
    """Make an invitation's link useless."""
    run.show(run.client.post(run.path("invitations", invitation, "withdraw"), {}))


@members.command(shows=MEMBER, examples=f"alter members role --member {ID} --role support")
@the_member
@the_role
@pass_run
def role(run: Run, member: str, role: str) -> None:
    """Give a member another role."""
    run.show(run.client.patch(run.path("members", member), {"role": role}))


@members.command(
    shows=MEMBER,
    examples=f"""
    alter members remove --member {ID}
    alter members remove --member {ID} --revoke-key {ID} --hand-to admin@example.com --yes
    """,
)
@the_member
@click.option(
    "--revoke-key", type=Id(), multiple=True, metavar="ID", help="A key of theirs that ends with it."
)
@click.option("--hand-to", metavar="ADDRESS", help="Who answers for the keys that stay.")
@click.option("--force", is_flag=True, help="Even if an agent is left without an active key.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@why
@pass_run
def remove(
    run: Run,
    member: str,
    revoke_key: tuple[str, ...],
    hand_to: str | None,
    force: bool,
    yes: bool,
    reason: str | None,
) -> None:
    """Remove a member: their role and their sessions end at once."""
    if not yes:
        run.need_terminal("Give --yes to go on without being asked.")
        if not click.confirm("This ends their role and signs them out. Go on?", err=True):
            raise Failure(Exit.CONFLICT, "Nothing was changed.")
    asked = given(revoke_keys=list(revoke_key) or None, hand_to=hand_to, force=force or None, reason=reason)
    run.show(run.client.post(run.path("members", member, "remove"), asked))
