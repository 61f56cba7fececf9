"""`alter api`: call any operation of the management API."""

from urllib.parse import parse_qs

import click

from alter import output, streams
from alter.command import Verb
from alter.exit_codes import usage
from alter.param_types import Body, read_body
from alter.run import Run, pass_run

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SECRETS = ("api_key", "token", "secret", "link")
"""Fields that a response shows once."""
APP_PLACEHOLDER = "{app}"


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
@click.option("--input", "body", type=Body(), help="The JSON body: @file, or - for standard input.")
@click.option(
    "--idempotency-key", metavar="TEXT", help="A unique value, so that retries create nothing twice."
)
@pass_run
def api(run: Run, method: str, path: str, body: str | None, idempotency_key: str | None) -> None:
    """Call any operation of the management API.

    PATH is relative to /api/v1, as in the API reference. {app} is replaced by the app of --app, ALTER_APP_ID or the
    linked folder. The response is printed as JSON. There is no confirmation.
    """
    if not path.startswith("/") or path.startswith(("//", "/api/")):
        raise usage(
            f"{path!r} is not a path relative to /api/v1.", "For example: /users or /apps/{app}/leaks."
        )
    api_path, _, query = (
        path.replace(APP_PLACEHOLDER, run.app_id) if APP_PLACEHOLDER in path else path
    ).partition("?")
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    parts = {"body": read_body(body)} if body else {}
    if method.upper() != "GET":
        streams.check_writable()  # a secret in the response is shown once
    answer = run.client.ask(
        method, api_path, query=parse_qs(query, keep_blank_values=True), headers=headers, **parts
    )
    output.emit(output.as_json(answer, indent=2))
    if isinstance(answer, dict) and any(isinstance(answer.get(name), str) for name in SECRETS):
        output.say("The secret is shown only once. Store it now.")
