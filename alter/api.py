"""`alter api`: any operation of the management API, for what has no command of its own."""

from urllib.parse import parse_qs

import click

from alter import output, streams
from alter.command import Verb
from alter.exit_codes import usage
from alter.param_types import Body, read_body
from alter.run import Run, pass_run

METHODS = ("GET", "POST", "PATCH", "DELETE")
SECRETS = ("api_key", "token", "secret", "link")
"""Fields that an answer shows once."""
APP = "{app}"


@click.command(
    cls=Verb,
    examples="""
    alter api GET '/users?show=no-factor'
    alter api GET '/apps/{app}/leaks'
    echo '{"reason": "Left."}' | alter api POST /users/01a2014c-7d92-72cf-83df-d30ffbfe9814/remove --input -
    alter api POST /webhooks --input @siem.json --idempotency-key siem-1
    """,
)
@click.argument("method", type=click.Choice(METHODS, case_sensitive=False))
@click.argument("path")
@click.option("--input", "body", type=Body(), help="The JSON body: a file, or - for standard input.")
@click.option("--idempotency-key", metavar="TEXT", help="Again under the same one, nothing is made twice.")
@pass_run
def api(run: Run, method: str, path: str, body: str | None, idempotency_key: str | None) -> None:
    """Ask for any operation of the management API.

    PATH is below /api/v1, as docs/api.md and the portal's API reference write it; {app} in it is the app of --app,
    ALTER_APP_ID or the linked folder. The answer is printed as JSON. It does at once what it is told, and asks nothing.
    """
    if not path.startswith("/") or path.startswith(("//", "/api/")):
        raise usage(f"{path!r} is no path below /api/v1.", "Write it as /people or /apps/{app}/leaks.")
    there, _, query = (path.replace(APP, run.app_id) if APP in path else path).partition("?")
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    asked = {"body": read_body(body)} if body else {}
    if method.upper() != "GET":
        streams.check_writable()  # what it makes may be shown this once
    told = run.client.ask(
        method, there, query=parse_qs(query, keep_blank_values=True), headers=headers, **asked
    )
    output.emit(output.as_json(told, indent=2))
    if isinstance(told, dict) and any(isinstance(told.get(name), str) for name in SECRETS):
        output.say("What is secret in it is shown this once and kept nowhere. Store it now.")
