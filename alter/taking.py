"""`alter audit export` and `alter audit pull`: the record leaves the portal, once as a file or bit by bit for ever."""

import os
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

import click

from alter.command import Verb
from alter.exits import Exit, Failure, usage
from alter.output import Progress, as_json, say
from alter.run import MOST, Run, pass_run
from alter.sift import filters_of, sifting

PAUSE = 2.0
"""Seconds before the portal is asked again, when there was no more or it said: not so often."""


@click.command(
    cls=Verb,
    examples="""
    alter audit export > audit.jsonl
    alter audit export --format csv --outcome refused --since 30d --file refused.csv
    """,
)
@click.option(
    "--format",
    type=click.Choice(["jsonl", "csv", "ocsf"]),
    default="jsonl",
    show_default=True,
    help="The shape.",
)
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), help="Where to. Otherwise stdout.")
@sifting
@pass_run
def export(run: Run, format: str, file: Path | None, **asked: Any) -> None:
    """Take the record out, as far as it is sealed. This is recorded too.

    jsonl can be checked without the portal: python -m audit.verify FILE, in a checkout of it.
    """
    parts = run.client.stream(run.path("audit", "export"), format=format, **filters_of(asked))
    first = next(parts, b"")  # a refusal comes before there is a file
    if file is None:
        _write(sys.stdout.buffer, first, parts)
        return
    try:
        with file.open("wb") as target:
            _write(target, first, parts)
    except OSError as error:
        raise _unwritable(file, error) from None


@click.command(
    cls=Verb,
    examples="""
    alter audit pull --state audit.cursor >> audit.jsonl
    alter audit pull --state audit.cursor --follow | logger --tag alter
    """,
)
@click.option("--after", metavar="CURSOR", help="Go on after this. Otherwise it begins with the first entry.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Go on where this file says, and note in it how far it went.",
)
@click.option("--follow", is_flag=True, help="Wait for more, until it is stopped.")
@pass_run
def pull(run: Run, after: str | None, state: Path | None, follow: bool) -> None:
    """Write entries as JSON lines in the order they were sealed: none is skipped, none comes twice.

    A cursor is noted once the lines before it are written.
    """
    if after and state:
        raise usage("--after and --state are both given.", "The file says where to go on: give one.")
    cursor = _read(state) if state else after
    for page in _pages(run, cursor, follow):
        for row in page["items"]:
            click.echo(as_json(row))
        sys.stdout.flush()
        if page["next_cursor"] != cursor:
            cursor = page["next_cursor"]
            _note(state, cursor)
    if state is None:
        say(f"More, later: --after {cursor}")


def _pages(run: Run, cursor: str | None, follow: bool) -> Iterator[dict[str, Any]]:
    """What is there, page by page, and then what comes if that is asked for."""
    while True:
        page = _ask(run, cursor)
        yield page
        cursor = page["next_cursor"]
        if page["has_more"]:
            continue
        if not follow:
            return
        time.sleep(PAUSE)


def _ask(run: Run, cursor: str | None) -> dict[str, Any]:
    while True:
        try:
            page: dict[str, Any] = run.client.get(run.path("audit", "sealed"), after=cursor, limit=MOST)
            return page
        except Failure as failure:
            if failure.exit is not Exit.RATE_LIMIT:
                raise
            time.sleep(PAUSE)


def _read(state: Path) -> str | None:
    try:
        return state.read_text().strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"{state} cannot be read: {getattr(error, 'strerror', '') or 'it is no text'}.") from None


def _note(state: Path | None, cursor: str) -> None:
    """Put the cursor in place of the last one; the file is never half written."""
    if state is None:
        return
    fresh = state.with_name(f"{state.name}.new")
    try:
        with fresh.open("w") as target:
            target.write(f"{cursor}\n")
            target.flush()
            os.fsync(target.fileno())
        fresh.replace(state)
    except OSError as error:
        raise _unwritable(state, error) from None


def _write(target: IO[bytes], first: bytes, parts: Iterator[bytes]) -> None:
    sys.stdout.flush()
    with Progress("lines") as progress:
        for part in chain([first], parts):
            target.write(part)
            progress.add(part.count(b"\n"))
    target.flush()


def _unwritable(path: Path, error: OSError) -> Failure:
    return usage(f"{path} cannot be written: {error.strerror}.")
