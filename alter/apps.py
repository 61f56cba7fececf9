"""`alter apps`: what keys are for."""

import re
from typing import Any

import click

from alter.columns import APP, MEMBER
from alter.command import Noun, need_one, paged
from alter.exit_codes import Exit, Failure
from alter.keys import given, why
from alter.output import plain
from alter.param_types import Id
from alter.run import Run, pass_run

ID = "01a2014c-7d82-7143-ad7c-abc8f9270982"
the_app = click.argument("app_id", type=Id(), metavar="ID")
ENVIRONMENT = click.Choice(["live", "test"])
LEAK_RULE = click.Choice(["notify", "deprecate", "revoke"])


class Website(click.ParamType[str]):
    """A web address. Empty: none."""

    name = "url"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        if value and not re.match(r"https?://[^\s/]+", value):
            self.fail(f"{value!r} does not begin with https:// or http://.", param, ctx)
        return str(value)


class Number(click.IntRange):
    """A number, or `none` for what the portal does by itself."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return "none" if value == "none" else super().convert(value, param, ctx)


@click.group(
    cls=Noun,
    examples=f"""
    alter apps list
    alter apps create --name checkout
    alter apps archive {ID}
    """,
)
def apps() -> None:
    """What keys are for: a service, a product, an environment of either."""


@apps.command("list", shows=APP, examples="alter apps list --include-archived")
@click.option("--include-archived", is_flag=True, help="Archived ones too.")
@click.option("--no-include-stats", is_flag=True, help="Do not count keys and agents.")
@click.option("--environment", type=ENVIRONMENT, help="Only live or only test apps.")
@paged(200)
@pass_run
def list_apps(
    run: Run, include_archived: bool, no_include_stats: bool, environment: str | None, **part: Any
) -> None:
    """List the apps you have a role on, newest first."""
    part |= {"include_archived": _word(include_archived), "include_stats": _word(not no_include_stats)}
    run.show_page("/apps", **part, **given(environment=environment))


@apps.command(
    shows=APP,
    examples="""
    alter apps create --name checkout
    alter apps create --name checkout --website-url https://shop.example.com
    alter apps create --name checkout-test --environment test
    """,
)
@click.option("--name", required=True, metavar="TEXT", help="Nobody else's.")
@click.option("--description", metavar="TEXT", help="What it is.")
@click.option("--website-url", type=Website(), metavar="URL", help="Where it is; http or https.")
@click.option("--environment", type=ENVIRONMENT, help="live (default) or test.")
@pass_run
def create(run: Run, **asked: Any) -> None:
    """Create an app."""
    run.show(run.client.post("/apps", given(**asked)))


@apps.command(shows=APP, examples=f"alter apps show {ID}")
@the_app
@pass_run
def show(run: Run, app_id: str) -> None:
    """Show an app and its limits."""
    run.show(run.client.get(f"/apps/{app_id}"))


@apps.command(
    shows=APP,
    examples=f"""
    alter apps update {ID} --description "The shop's checkout"
    alter apps update {ID} --max-keys 500 --rate-limit-rpm none
    """,
)
@the_app
@click.option("--name", metavar="TEXT", help="Another name.")
@click.option("--description", metavar="TEXT", help='What it is; "" for nothing.')
@click.option("--website-url", type=Website(), metavar="URL", help='Where it is; "" for nowhere.')
@click.option("--environment", type=ENVIRONMENT, help="live or test.")
@click.option("--max-keys", type=click.IntRange(1, 10_000), help="How many keys may be alive at once.")
@click.option("--max-keys-per-agent", type=click.IntRange(1, 10_000), help="The same for each agent.")
@click.option("--rate-limit-rpm", type=Number(1, 100_000), help="Calls a minute, or none: the portal's.")
@click.option("--max-derived-hours", type=click.IntRange(1, 8760), help="How long a derived key may live.")
@click.option("--signing", type=click.Choice(["required", "optional"]), help="Must runtime calls be signed?")
@click.option("--on-leaked-app-key", type=LEAK_RULE, help="What to do to the app's keys if they leak.")
@click.option("--on-leaked-agent-key", type=LEAK_RULE, help="The same for keys of its agents.")
@click.option("--on-leaked-derived-key", type=LEAK_RULE, help="The same for derived keys.")
@click.option("--if-version", metavar="TEXT", help="Only if it is still at this version.")
@pass_run
def update(run: Run, app_id: str, if_version: str | None, **asked: Any) -> None:
    """Change an app."""
    body = need_one(**asked)
    if body.get("rate_limit_rpm") == "none":
        body["rate_limit_rpm"] = None
    run.show(run.client.patch(f"/apps/{app_id}", body | given(version=if_version)))


@apps.command(shows=APP, examples=f"alter apps archive {ID}")
@the_app
@why
@pass_run
def archive(run: Run, app_id: str, reason: str | None) -> None:
    """Hide an app from the list and stop new keys. What exists keeps working."""
    run.show(run.client.post(f"/apps/{app_id}/archive", given(reason=reason)))


@apps.command(shows=APP, examples=f"alter apps unarchive {ID}")
@the_app
@why
@pass_run
def unarchive(run: Run, app_id: str, reason: str | None) -> None:
    """Bring an archived app back."""
    run.show(run.client.post(f"/apps/{app_id}/unarchive", given(reason=reason)))


@apps.command(
    shows=APP,
    examples=f"""
    alter apps delete {ID}
    alter apps delete {ID} --confirm checkout
    """,
)
@the_app
@click.option("--confirm", metavar="NAME", help="The app's name, in place of typing it when asked.")
@pass_run
def delete(run: Run, app_id: str, confirm: str | None) -> None:
    """Delete an app for ever. Its keys must be revoked first."""
    if confirm is None:
        run.need_terminal("Give --confirm NAME, with the app's name.")
        name = run.client.get(f"/apps/{app_id}")["name"]
        confirm = click.prompt(f"This deletes {plain(name)} for ever. Type its name to go on", err=True)
        if confirm != name:
            raise Failure(Exit.CONFLICT, "That is not its name. Nothing was deleted.")
    run.show(run.client.delete(f"/apps/{app_id}", confirm=confirm))


@apps.command(shows=MEMBER, examples=f"alter apps members --app {ID}")
@pass_run
def members(run: Run) -> None:
    """List who has a role on the app."""
    run.show_all(run.client.get(run.path("members"))["items"])


def _word(value: bool) -> str:
    return "true" if value else "false"
