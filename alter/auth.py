"""`alter auth`: sign in, sign out, and show the current user."""

import os
import sys
from typing import Any

import click

from alter import output
from alter.catalogue import SIGN_IN
from alter.columns import SIGNED_IN
from alter.command import Noun
from alter.config import check_writable, credentials_path, unwritable
from alter.exit_codes import Exit, Failure, usage
from alter.param_types import Permissions
from alter.run import Run, pass_run


@click.group(
    cls=Noun,
    examples="""
    alter auth login --base-url https://portal.example.com
    alter auth status
    """,
)
def auth() -> None:
    """Sign in, sign out, and show the current user.

    In CI set ALTER_PAT and ALTER_BASE_URL instead. ALTER_PAT wins over a stored token.
    """


@auth.command(
    examples="""
    alter auth login --base-url https://portal.example.com
    alter auth login --scopes dashboard_keys:admin,dashboard_audit:read
    alter auth login --scopes all --no-browser
    alter auth login --token-file token.txt
    """
)
@click.option(
    "--scopes",
    type=Permissions(),
    help="Permissions to request, or all. Default: read and write.",
)
@click.option("--no-browser", is_flag=True, help="Print the URL instead of opening a browser.")
@pass_run
def login(run: Run, scopes: list[str] | None, no_browser: bool) -> None:
    """Sign in with the browser, or with an existing token.

    The portal asks you to authorize this sign-in. The token is stored on this machine, readable by you only.
    With --token-file or --token-stdin an existing token is stored.
    """
    base_url, flags = (
        run.base_url,
        [name for name in ("token_file", "token_stdin", "token") if run.option(name)],
    )
    if flags:
        if scopes:
            raise usage(
                f"--scopes and --{flags[0].replace('_', '-')} cannot be combined.",
                "An existing token's permissions are fixed.",
            )
        secret = run.token.secret
    else:
        run.credentials  # errors of the file come before a token is issued  # noqa: B018
        check_writable()
        secret = _from_browser(run, base_url, scopes or list(SIGN_IN), no_browser)
    try:
        me = _fetch_me(base_url, secret)
        run.credentials.store(
            base_url, secret, name=me["token"]["name"], expires_at=me["token"]["expires_at"]
        )
    except (Failure, OSError) as error:
        failure = error if isinstance(error, Failure) else unwritable(credentials_path(), error)
        raise failure if flags else _revoke_unstored(base_url, secret, failure) from None
    output.say(
        f"Signed in to {base_url} as {me['user']['email']}. The token is stored in {credentials_path()}."
    )
    if os.environ.get("ALTER_PAT"):
        output.complain("warning", "ALTER_PAT is set and takes precedence.")


@auth.command(examples="alter auth logout")
@pass_run
def logout(run: Run) -> None:
    """Sign out: revoke the stored token and delete it."""
    from alter.client import Client

    base_url = run.configured_base_url
    secret = run.credentials.token(base_url) if base_url else None
    if not base_url or not secret:
        output.say("Not signed in.")
        return
    try:
        run.credentials.forget(base_url)
    except OSError as error:
        raise unwritable(credentials_path(), error) from None
    try:
        Client(base_url, secret).delete("/me/token")
    except Failure as failure:
        if failure.exit != Exit.AUTH:  # it has already expired or been revoked
            raise Failure(
                failure.exit,
                f"The token was deleted here but not revoked: {failure.message}",
                "Revoke it in the portal: Personal access tokens.",
            ) from None
    output.say(f"Signed out of {base_url}.")


@auth.command(
    shows=SIGNED_IN,
    examples="""
    alter auth status
    alter auth status --fields token
    """,
)
@pass_run
def status(run: Run) -> None:
    """Show the current user, the token and its permissions."""
    token = run.token
    me: dict[str, Any] = run.client.get("/me")
    run.show({"base_url": run.base_url, "source": token.source, **me})


auth.add_command(status, "whoami")


def _from_browser(run: Run, base_url: str, permissions: list[str], no_browser: bool) -> str:
    """A new token, authorized in the browser. Raises Failure."""
    if not no_browser and not sys.stderr.isatty():
        raise usage(
            "There is no terminal to sign in.",
            "In CI set ALTER_PAT, or use --token-file or --token-stdin. With a browser, use --no-browser.",
        )
    from alter.authorize import Listener
    from alter.client import Client

    with Listener() as listener:
        address = listener.address(base_url, permissions)
        opened = not no_browser and _open(address)
        output.say(f"{'If the browser did not open, visit' if opened else 'Open'} this URL:\n{address}")
        code = listener.wait()
        issued = Client(base_url).post("/token", {"code": code, "code_verifier": listener.verifier})
    return str(issued["token"])


def _revoke_unstored(base_url: str, secret: str, failure: Failure) -> Failure:
    """Revoke a token that was issued and could not be stored, or report that it is still active."""
    from alter.client import Client

    try:
        Client(base_url, secret).delete("/me/token")
        done, hint = "The token was revoked.", failure.hint
    except Failure:
        done, hint = "The token is still active.", "Revoke it in the portal: Personal access tokens."
    return Failure(failure.exit, f"Not signed in. {failure.message} {done}", hint)


def _open(address: str) -> bool:
    import webbrowser

    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError, ValueError):
        return False


def _fetch_me(base_url: str, secret: str) -> dict[str, Any]:
    from alter.client import Client

    me: dict[str, Any] = Client(base_url, secret).get("/me")
    return me
