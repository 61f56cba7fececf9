"""`alter link` and `alter unlink`: link a folder to an app."""

from pathlib import Path

import click

from alter import output
from alter.command import Verb
from alter.config import LINK, find_link, write_private
from alter.exit_codes import Exit, Failure, usage
from alter.param_types import Id
from alter.run import Run, pass_run


@click.command(
    cls=Verb,
    examples="""
    alter link 01a2014c-7d82-7143-ad7c-abc8f9270982
    alter keys list
    """,
)
@click.argument("app_id", type=Id(), metavar="ID")
@pass_run
def link(run: Run, app_id: str) -> None:
    """Link this folder and its subfolders to an app.

    The app id is written to .alter/config.json. --app and ALTER_APP_ID take precedence.
    """
    name = run.client.get(f"/apps/{app_id}")["name"]
    path = LINK
    try:
        path = Path.cwd() / LINK
        path.parent.mkdir(exist_ok=True)
        write_private(path, {"app_id": app_id})
        path.chmod(0o644)  # no secret: it may be shared with the folder
    except OSError as error:
        raise usage(f"{path} cannot be written: {error.strerror}.") from None
    output.say(f"This folder is linked to {name}.")


@click.command(cls=Verb, examples="alter unlink")
def unlink() -> None:
    """Unlink this folder, or the nearest linked folder above it."""
    path = find_link()
    if path is None:
        raise Failure(Exit.NOT_FOUND, "This folder is not linked to an app.")
    try:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    except OSError as error:
        raise usage(f"{path} cannot be removed: {error.strerror}.") from None
    output.say(f"Removed {path}.")
