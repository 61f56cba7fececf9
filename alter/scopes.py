"""`alter scopes`: manage the scopes that keys of an app may hold."""

import sys
from typing import Any

import click

from alter import output, scope_changes
from alter.columns import SCOPE, SCOPE_CHANGE, SCOPE_DETAIL, SCOPE_DOCUMENT, SCOPE_VERSION
from alter.command import F, Noun, paged, require_any
from alter.exit_codes import Exit, Failure, usage
from alter.key_options import given, reason_option, yes_option
from alter.param_types import Levels, ScopeName, parse_object, read_named
from alter.run import Run, pass_run

name_argument = click.argument("name", type=ScopeName(), metavar="NAME")
in_use_option = click.option(
    "--even-in-use", is_flag=True, help="Remove scopes that active keys hold. They then grant nothing."
)


def scope_options(command: F) -> F:
    """What a scope or a resource has besides its name."""
    options = (
        click.option("--description", metavar="TEXT", help="What it allows, at most 200 characters."),
        click.option("--levels", type=Levels(), help="The levels of a resource, lowest first."),
        click.option(
            "--position",
            type=click.IntRange(0, 9),
            help="The place of a level; 0 is the lowest. Default: the highest.",
        ),
        click.option(
            "--deprecated",
            metavar="TEXT",
            help='What to use instead. The scope keeps working. "": not deprecated.',
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(
    cls=Noun,
    examples="""
    alter scopes list --source app
    alter scopes add orders --levels read,write,admin --description Orders
    alter scopes add refunds:create --description "Refund an order"
    """,
)
def scopes() -> None:
    """Manage the scopes that keys of an app may hold.

    A scope is resource:verb. The levels of a resource, such as read, write and admin, each include those before; an
    action stands alone. Each change publishes a new version of all scopes. The app is --app, ALTER_APP_ID, or the
    app that this folder is linked to.
    """


@scopes.command(
    "list",
    shows=SCOPE,
    examples="""
    alter scopes list
    alter scopes list --source app --output json
    """,
)
@click.option(
    "--source",
    type=click.Choice(["app", "preset", "built-in"], case_sensitive=False),
    help="Only scopes of the app itself, of the preset alter-sdk, or of the portal.",
)
@pass_run
def list_scopes(run: Run, source: str | None) -> None:
    """List the scopes that keys of the app may hold."""
    catalogue = scope_changes.read(run)
    run.show_all([row for row in catalogue["scopes"] if source in (None, row["source"])])
    output.say(f"Version {catalogue['version']}. Preset alter-sdk: {'on' if catalogue['preset'] else 'off'}.")


@scopes.command(
    shows=SCOPE_DETAIL,
    examples="""
    alter scopes show grants:read
    alter scopes show grants
    alter scopes show > scopes.json
    """,
)
@click.argument("name", type=ScopeName(), metavar="[NAME]", required=False)
@pass_run
def show(run: Run, name: str | None) -> None:
    """Show a scope and its use, or a resource.

    Without NAME: what the app itself defines, in the format of alter scopes publish.
    """
    catalogue = scope_changes.read(run)
    if name is None:
        run.shape = SCOPE_DOCUMENT
        run.show({"version": catalogue["version"], "document": catalogue["document"]})
        return
    row = scope_changes.find(catalogue, name)
    run.show({**row, **scope_changes.usage_of(run, row)} if ":" in name else row)


@scopes.command(
    shows=SCOPE_CHANGE,
    examples="""
    alter scopes add orders --levels read,write,admin --description Orders
    alter scopes add refunds:create --description "Refund an order"
    alter scopes add orders:audit --kind level --position 1
    """,
)
@name_argument
@scope_options
@click.option(
    "--kind",
    type=click.Choice(["level", "action"]),
    help="Default: a level if the resource has levels, otherwise an action.",
)
@reason_option
@pass_run
def add(run: Run, name: str, reason: str | None, **options: Any) -> None:
    """Add a resource with its levels (orders), or one scope (refunds:create).

    A resource without --levels has read, write and admin.
    """
    body = _body(name, given(**options))
    before = scope_changes.read(run)
    scope_changes.refuse_existing(before, name)
    _publish(run, before, scope_changes.path_of(run, name), body | given(reason=reason))


@scopes.command(
    shows=SCOPE_CHANGE,
    examples="""
    alter scopes edit orders:read --description "List and read orders"
    alter scopes edit orders:list --deprecated "Use orders:read."
    alter scopes edit orders --levels read,audit,write,admin
    """,
)
@name_argument
@scope_options
@in_use_option
@reason_option
@pass_run
def edit(run: Run, name: str, even_in_use: bool, reason: str | None, **options: Any) -> None:
    """Change a scope or a resource of the app. What is not given stays the same.

    Levels that --levels leaves out are removed.
    """
    body = _body(name, require_any(**options))
    before = scope_changes.read(run)
    scope_changes.find_own(before, name)
    body |= given(even_in_use=even_in_use or None, reason=reason)
    _publish(run, before, scope_changes.path_of(run, name), body)


@scopes.command(
    shows=SCOPE_CHANGE,
    examples="""
    alter scopes remove refunds:create --yes
    alter scopes remove orders --even-in-use --yes --reason "Replaced by purchases"
    """,
)
@name_argument
@in_use_option
@yes_option
@reason_option
@pass_run
def remove(run: Run, name: str, even_in_use: bool, yes: bool, reason: str | None) -> None:
    """Remove a scope, or a resource with its levels. Shows first who uses it.

    While active keys hold it, --even-in-use is required. They keep it, but it grants nothing.
    """
    before = scope_changes.read(run)
    scope_changes.find_own(before, name)
    for level in scope_changes.levels_of(before, name):
        scope = scope_changes.find(before, level)
        output.say(scope_changes.describe_usage(scope, scope_changes.usage_of(run, scope)))
    if not yes:
        run.need_terminal("Use --yes to confirm.")
        run.ask(f"Remove {name}?")
    body = given(even_in_use=even_in_use or None, reason=reason)
    _publish(run, before, scope_changes.path_of(run, name, "remove"), body, method="POST")


@scopes.command(
    shows=SCOPE_CHANGE,
    examples="""
    alter scopes publish scopes.json --reason "Scopes of the refunds API"
    alter scopes show | alter scopes publish -
    """,
)
@click.argument("file", metavar="FILE|-")
@click.option("--if-version", type=click.IntRange(min=1), help="Fail if this is not the current version.")
@in_use_option
@reason_option
@pass_run
def publish(run: Run, file: str, if_version: int | None, even_in_use: bool, reason: str | None) -> None:
    """Replace all scopes of the app with those of a JSON file. - is standard input.

    The file is as printed by alter scopes show, or its document alone. What it leaves out is removed. If it has a
    version, it is an error if someone published since.
    """
    text = sys.stdin.read() if file == "-" else read_named(file)
    document = parse_object(text, "standard input" if file == "-" else file)
    version = None
    if "document" in document:
        version, document = document.get("version"), document["document"]
    before = scope_changes.read(run)
    body = {"version": if_version or version or before["version"], "document": document}
    body |= given(even_in_use=even_in_use or None, reason=reason)
    _publish(run, before, run.path("scopes"), body)


@scopes.command(
    shows=SCOPE_VERSION,
    examples="""
    alter scopes versions
    alter scopes versions --output json | jq '.[0].document'
    """,
)
@paged(50)
@pass_run
def versions(run: Run, **part: Any) -> None:
    """List published versions, newest first. Version 1, with which every app begins, is not listed."""
    run.show_page(run.path("scopes", "versions"), **part)


@scopes.command(shows=SCOPE_CHANGE, examples="alter scopes restore 1 --reason Undo")
@click.argument("version", type=click.IntRange(1, 1_000_000))
@in_use_option
@reason_option
@pass_run
def restore(run: Run, version: int, even_in_use: bool, reason: str | None) -> None:
    """Publish an earlier version again, as the newest one."""
    body = given(even_in_use=even_in_use or None, reason=reason)
    path = run.path("scopes", "versions", str(version), "restore")
    _publish(run, scope_changes.read(run), path, body, method="POST")


@scopes.command(
    shows=SCOPE_CHANGE,
    examples="""
    alter scopes preset off
    alter scopes preset on
    """,
)
@click.argument("state", type=click.Choice(["on", "off"], case_sensitive=False))
@in_use_option
@reason_option
@pass_run
def preset(run: Run, state: str, even_in_use: bool, reason: str | None) -> None:
    """Add or remove the scopes of the preset alter-sdk, such as grants:read."""
    body = {"preset": state == "on"} | given(even_in_use=even_in_use or None, reason=reason)
    _publish(run, scope_changes.read(run), run.path("scopes", "preset"), body)


def _body(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The body of a change of a scope or a resource. Raises Failure for what the other kind has."""
    wrong = ("levels",) if ":" in name else ("position", "deprecated", "kind")
    if unfit := [option for option in wrong if option in options]:
        what = "a resource" if ":" in name else "a scope, such as orders:read"
        raise usage(f"--{unfit[0]} is for {what}, not for {name}.")
    return options


def _publish(
    run: Run, before: dict[str, Any], path: str, body: dict[str, Any], *, method: str = "PUT"
) -> None:
    """Send a change of the version that was read, and print what it did."""
    try:
        after = run.client.ask(method, path, body={"version": before["version"], **body})
    except Failure as failure:
        if failure.exit == Exit.CONFLICT and "even_in_use" not in body and "hold" in failure.message:
            failure.hint = "Narrow or revoke these keys first, or use --even-in-use."
        raise
    run.show(scope_changes.compare(before, after))
    if after["version"] == before["version"]:
        output.say("Nothing to change.")
