"""`alter audit export` and `alter audit pull`: the record leaves the portal, once as a file or bit by bit for ever."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

import click

from alter import output, streams
from alter.atomic_write import written_whole
from alter.audit_filters import filters_of, sifting
from alter.command import Verb
from alter.exit_codes import Exit, Failure, usage
from alter.output import Progress, as_json
from alter.run import MOST, Run, pass_run

PAUSE = 2.0
"""Seconds before the portal is asked again, when there was no more or it said: not so often."""


@click.command(
    cls=Verb,
    examples="""
    alter audit export > audit.jsonl
    alter audit export --format csv --outcome denied --since 30d --file denied.csv
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
@click.option("--bom", is_flag=True, help="Of CSV: begin with a byte order mark, as Excel wants it.")
@sifting
@pass_run
def export(run: Run, format: str, file: Path | None, bom: bool, **asked: Any) -> None:
    """Take the record out, as far as it is sealed. This is recorded too.

    jsonl can be checked without the portal: .venv/bin/python -m audit.verify FILE,
    in a checkout of it.
    """
    if bom and format != "csv":
        raise usage("--bom is for --format csv.", "JSON never begins with one.")
    if file is None:
        streams.check_writable()
    else:
        _check_place(file)
    filters = filters_of(asked) | ({"bom": "true"} if bom else {})
    parts = run.client.stream(run.path("audit", "export"), format=format, **filters)
    first = next(parts, b"")  # a refusal comes before there is a file
    if file is None:
        _to_stdout(first, parts)
        return
    try:
        with written_whole(file) as target:
            _write(target, first, parts)
            streams.sync(target)
    except OSError as error:
        raise _unwritable(file, error) from None
    except BaseException:
        output.complain("warning", f"{file} is not whole.")
        raise


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

    A cursor is noted once the lines before it are written, and are on the disk if they go to a file. On a disk that
    is full the lines of a page are all written, or none.
    """
    if after and state:
        raise usage("--after and --state are both given.", "The file says where to go on: give one.")
    cursor = _read(state) if state else after
    streams.check_writable()
    if state:
        _check_place(_draft_of(state), shown=state)
    try:
        for page in _pages(run, cursor, follow):
            streams.write_whole(f"{as_json(row)}\n".encode("utf-8", "replace") for row in page["items"])
            if page["next_cursor"] != cursor:
                cursor = page["next_cursor"]
                _note(state, cursor)
    finally:
        if state is None and cursor is not None:
            output.say(f"More, later: --after {cursor}")


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
            if failure.exit is not Exit.RATE_LIMIT and failure.wait is None:
                raise
            time.sleep(max(PAUSE, failure.wait or 0))


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
    fresh = _draft_of(state)
    there = _goal_of(state)
    try:
        with fresh.open("w") as target:
            target.write(f"{cursor}\n")
            target.flush()
            os.fsync(target.fileno())
        fresh.replace(there)
        _sync_folder(there.parent)
    except OSError as error:
        raise _unwritable(state, error) from None


def _draft_of(state: Path) -> Path:
    """Where a cursor is written before it takes its place: beside the file itself, should `state` be a link to it."""
    there = _goal_of(state)
    return there.with_name(f"{there.name}.new")


def _goal_of(path: Path) -> Path:
    """The file that `path` leads to, which need not be there. Raises Failure."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # the second: links in a circle, before Python 3.13
        raise usage(f"{path} cannot be written: its links lead nowhere.") from None


def _sync_folder(folder: Path) -> None:
    """Have it on the disk that a file has another name."""
    with contextlib.suppress(OSError):  # Windows has no such thing
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check_place(file: Path, shown: Path | None = None) -> None:
    """Refuse to take out what could not be written. What is there stays as it is, a link too. Raises Failure."""
    there = _goal_of(file)
    try:
        is_new = not there.exists()
        if is_new or there.is_file():
            there.open("ab").close()
        if is_new:
            there.unlink()
    except OSError as error:
        raise _unwritable(shown or file, error) from None


def _to_stdout(first: bytes, parts: Iterator[bytes]) -> None:
    sys.stdout.flush()
    try:
        _write(sys.stdout.buffer, first, parts)
        streams.settle()
    except (OSError, ValueError) as error:
        raise streams.Unwritable(error) from None


def _write(target: IO[bytes], first: bytes, parts: Iterator[bytes]) -> None:
    with Progress("lines") as progress:
        for part in chain([first], parts):
            target.write(part)
            progress.add(part.count(b"\n"))
    target.flush()


def _unwritable(path: Path, error: OSError) -> Failure:
    return usage(f"{path} cannot be written: {error.strerror}.")
