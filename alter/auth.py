"""`alter auth`: sign in and out, and see who you are."""

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
    """Sign in and out, and see who you are.

    In CI set ALTER_PAT and ALTER_BASE_URL instead: nothing is stored then, and ALTER_PAT wins over what is.
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
    help="Permissions to ask for, in place of all reading and writing; or all.",
)
@click.option("--no-browser", is_flag=True, help="Print the address to open, on this machine.")
@pass_run
def login(run: Run, scopes: list[str] | None, no_browser: bool) -> None:
    """Sign in through the browser, or with a token you have.

    The portal asks whether you authorize this. The token comes back to this machine and is stored for you alone.
    With --token-file or --token-stdin it is taken from there.
    """
    base_url, flags = (
        run.base_url,
        [name for name in ("token_file", "token_stdin", "token") if run.said(name)],
    )
    if flags:
        if scopes:
            raise usage(f"--scopes and --{flags[0].replace('_', '-')}: this token's permissions are fixed.")
        secret = run.token.secret
    else:
        run.credentials  # what cannot be read or kept is found out before there is a token  # noqa: B018
        check_writable()
        secret = _from_browser(run, base_url, scopes or list(SIGN_IN), no_browser)
    try:
        told = _me(base_url, secret)
        run.credentials.keep(
            base_url, secret, name=told["token"]["name"], expires_at=told["token"]["expires_at"]
        )
    except (Failure, OSError) as error:
        failure = error if isinstance(error, Failure) else unwritable(credentials_path(), error)
        raise failure if flags else _taken_back(base_url, secret, failure) from None
    output.say(f"Signed in to {base_url} as {told['user']['email']}. The token is in {credentials_path()}.")
    if os.environ.get("ALTER_PAT"):
        output.complain("warning", "ALTER_PAT is set and wins over it.")


@auth.command(examples="alter auth logout")
@pass_run
def logout(run: Run) -> None:
    """Revoke the stored token and forget it."""
    from alter.client import Client

    base_url = run.asked_base_url
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
        if failure.exit != Exit.AUTH:  # it had ended by itself
            raise Failure(
                failure.exit,
                f"The token is forgotten here and was not revoked: {failure.message}",
                "Revoke it in the portal, under your name.",
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
    """Show who you are, and what the token may do."""
    token = run.token
    told: dict[str, Any] = run.client.get("/me")
    run.show({"base_url": run.base_url, "source": token.source, **told})


auth.add_command(status, "whoami")


def _from_browser(run: Run, base_url: str, permissions: list[str], no_browser: bool) -> str:
    """A token that a person authorized just now. Raises Failure."""
    if not no_browser and not sys.stderr.isatty():
        raise usage(
            "There is no terminal to sign in at.",
            "In CI set ALTER_PAT, or give --token-file or --token-stdin. With a browser at hand: --no-browser.",
        )
    from alter.authorize import Listener
    from alter.client import Client

    with Listener() as listener:
        address = listener.address(base_url, permissions)
        opened = not no_browser and _open(address)
        output.say(f"{'If no browser has opened, open' if opened else 'Open'} this address:\n{address}")
        code = listener.wait()
        issued = Client(base_url).post("/token", {"code": code, "code_verifier": listener.verifier})
    return str(issued["token"])


def _taken_back(base_url: str, secret: str, failure: Failure) -> Failure:
    """A token that was issued and could not be kept is nobody's: it is revoked, or said to live."""
    from alter.client import Client

    try:
        Client(base_url, secret).delete("/me/token")
        done, hint = "The token was revoked.", failure.hint
    except Failure:
        done, hint = "Its token lives.", "Revoke it in the portal, under your name."
    return Failure(failure.exit, f"Not signed in. {failure.message} {done}", hint)


def _open(address: str) -> bool:
    import webbrowser

    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError, ValueError):
        return False


def _me(base_url: str, secret: str) -> dict[str, Any]:
    from alter.client import Client

    told: dict[str, Any] = Client(base_url, secret).get("/me")
    return told
