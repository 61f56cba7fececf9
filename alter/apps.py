"""`alter apps`: manage apps."""

import re
from typing import Any

import click

from alter.columns import APP, APP_OVERVIEW, MEMBER
from alter.command import Noun, paged, require_any
from alter.exit_codes import Exit, Failure
from alter.key_options import given, reason_option
from alter.output import plain
from alter.param_types import Id, Number
from alter.run import Run, pass_run

ID = "01a2014c-7d82-7143-ad7c-abc8f9270982"
app_argument = click.argument("app_id", type=Id(), metavar="ID")
ENVIRONMENT = click.Choice(["live", "test"])
LEAK_ACTION = click.Choice(["notify", "deprecate", "revoke"])


class Website(click.ParamType[str]):
    """An http or https URL. Empty: none."""

    name = "url"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        if value and not re.match(r"https?://[^\s/]+", value):
            self.fail(f"{value!r} is not an http or https URL.", param, ctx)
        return str(value)


@click.group(
    cls=Noun,
    examples=f"""
    alter apps list
    alter apps create --name checkout
    alter apps archive {ID}
    """,
)
def apps() -> None:
    """Manage apps. Create an app for each service or environment."""


@apps.command("list", shows=APP, examples="alter apps list --include-archived")
@click.option("--include-archived", is_flag=True, help="Include archived apps.")
@click.option("--no-include-stats", is_flag=True, help="Do not count keys and agents.")
@click.option("--environment", type=ENVIRONMENT, help="Only live or only test apps.")
@paged(200)
@pass_run
def list_apps(
    run: Run, include_archived: bool, no_include_stats: bool, environment: str | None, **part: Any
) -> None:
    """List your apps, newest first."""
    part |= {"include_archived": _boolean(include_archived), "include_stats": _boolean(not no_include_stats)}
    run.show_page("/apps", **part, **given(environment=environment))


@apps.command(
    shows=APP,
    examples="""
    alter apps create --name checkout
    alter apps create --name checkout --website-url https://shop.example.com
    alter apps create --name checkout-test --environment test
    """,
)
@click.option("--name", required=True, metavar="TEXT", help="The name, unique among apps.")
@click.option("--description", metavar="TEXT", help="A description.")
@click.option("--website-url", type=Website(), metavar="URL", help="The app's website.")
@click.option("--environment", type=ENVIRONMENT, help="live (default) or test.")
@pass_run
def create(run: Run, **options: Any) -> None:
    """Create an app."""
    run.show(run.client.post("/apps", given(**options)))


@apps.command(
    shows=APP_OVERVIEW,
    examples=f"""
    alter apps show {ID}
    alter apps show {ID} --output table
    """,
)
@app_argument
@pass_run
def show(run: Run, app_id: str) -> None:
    """Show an app, its limits, and the numbers of its keys.

    Without permission to read keys, the numbers are empty.
    """
    app = run.client.get(f"/apps/{app_id}")
    keys: Any = _statistics(run, app_id)
    if keys and run.format("json") == "table":
        keys = (
            f"{keys['active']} active, {keys['rotated_in_grace']} rotating, {keys['total']} ever minted, "
            f"maximum {keys['max_allowed']}"
        )
    run.show({**app, "keys": keys})


@apps.command(
    shows=APP,
    examples=f"""
    alter apps update {ID} --description "The shop's checkout"
    alter apps update {ID} --max-keys 500 --rate-limit-rpm none
    """,
)
@app_argument
@click.option("--name", metavar="TEXT", help="The new name.")
@click.option("--description", metavar="TEXT", help='A description. "" removes it.')
@click.option("--website-url", type=Website(), metavar="URL", help='The app\'s website. "" removes it.')
@click.option("--environment", type=ENVIRONMENT, help="live or test.")
@click.option("--max-keys", type=click.IntRange(1, 10_000), help="Maximum active keys.")
@click.option("--max-keys-per-agent", type=click.IntRange(1, 10_000), help="Maximum active keys per agent.")
@click.option(
    "--rate-limit-rpm", type=Number(1, 100_000), help="Requests per minute, or none for the portal default."
)
@click.option(
    "--max-derived-hours", type=click.IntRange(1, 8760), help="Maximum lifetime of derived keys, in hours."
)
@click.option(
    "--signing",
    type=click.Choice(["required", "optional"]),
    help="Whether requests to the runtime API must be signed.",
)
@click.option("--on-leaked-app-key", type=LEAK_ACTION, help="Action for leaked app keys.")
@click.option("--on-leaked-agent-key", type=LEAK_ACTION, help="Action for leaked agent keys.")
@click.option("--on-leaked-derived-key", type=LEAK_ACTION, help="Action for leaked derived keys.")
@click.option("--if-version", metavar="TEXT", help="Update only if the app still has this version.")
@pass_run
def update(run: Run, app_id: str, if_version: str | None, **options: Any) -> None:
    """Update an app."""
    body = require_any(**options)
    if body.get("rate_limit_rpm") == "none":
        body["rate_limit_rpm"] = None
    run.show(run.client.patch(f"/apps/{app_id}", body | given(version=if_version)))


@apps.command(shows=APP, examples=f"alter apps archive {ID}")
@app_argument
@reason_option
@pass_run
def archive(run: Run, app_id: str, reason: str | None) -> None:
    """Archive an app: hide it and stop new keys. Existing keys keep working."""
    run.show(run.client.post(f"/apps/{app_id}/archive", given(reason=reason)))


@apps.command(shows=APP, examples=f"alter apps unarchive {ID}")
@app_argument
@reason_option
@pass_run
def unarchive(run: Run, app_id: str, reason: str | None) -> None:
    """Restore an archived app."""
    run.show(run.client.post(f"/apps/{app_id}/unarchive", given(reason=reason)))


@apps.command(
    shows=APP,
    examples=f"""
    alter apps delete {ID}
    alter apps delete {ID} --confirm checkout
    """,
)
@app_argument
@click.option("--confirm", metavar="NAME", help="The app's name, to delete it without a prompt.")
@pass_run
def delete(run: Run, app_id: str, confirm: str | None) -> None:
    """Delete an app permanently. Revoke its keys first."""
    if confirm is None:
        run.need_terminal("Use --confirm NAME, with the app's name.")
        name = run.client.get(f"/apps/{app_id}")["name"]
        confirm = click.prompt(
            f"This permanently deletes {plain(name)}. Type the app's name to confirm", err=True
        )
        if confirm != name:
            raise Failure(Exit.CONFLICT, "The name does not match. Nothing was deleted.")
    run.show(run.client.delete(f"/apps/{app_id}", confirm=confirm))


@apps.command(shows=MEMBER, examples=f"alter apps members --app {ID}")
@pass_run
def members(run: Run) -> None:
    """List the members of the app."""
    run.show_all(run.client.get(run.path("members"))["items"])


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _statistics(run: Run, app_id: str) -> dict[str, Any] | None:
    """The numbers of an app's keys, or None without permission to read keys."""
    try:
        numbers: dict[str, Any] = run.client.get(f"/apps/{app_id}/keys/statistics")
    except Failure as failure:
        if failure.exit != Exit.FORBIDDEN:
            raise
        return None
    return numbers
