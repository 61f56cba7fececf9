"""`alter audit export` and `alter audit pull`: export the audit log, as a file or continuously."""

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
from alter.audit_filters import filter_options, to_filters
from alter.command import Verb
from alter.exit_codes import Exit, Failure, usage
from alter.output import Progress, as_json
from alter.run import MAX_PAGE_SIZE, Run, pass_run

POLL_SECONDS = 2.0
"""Seconds between two requests when there are no new entries, or after a 429."""


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
    help="The file format.",
)
@click.option(
    "--file", type=click.Path(dir_okay=False, path_type=Path), help="The file to write. Default: stdout."
)
@click.option("--bom", is_flag=True, help="For CSV: begin with a byte order mark, for Excel.")
@filter_options
@pass_run
def export(run: Run, format: str, file: Path | None, bom: bool, **options: Any) -> None:
    """Export the audit log. Every export is recorded in the audit log.

    jsonl can be verified without the portal, in a checkout of it: .venv/bin/python -m audit.verify FILE
    """
    if bom and format != "csv":
        raise usage("--bom is for --format csv only.")
    if file is None:
        streams.check_writable()
    else:
        _check_target(file)
    filters = to_filters(options) | ({"bom": "true"} if bom else {})
    parts = run.client.stream(run.path("audit", "export"), format=format, **filters)
    first = next(parts, b"")  # an error comes before the file is created
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
        output.complain("warning", f"{file} is incomplete.")
        raise


@click.command(
    cls=Verb,
    examples="""
    alter audit pull --state audit.cursor >> audit.jsonl
    alter audit pull --state audit.cursor --follow | logger --tag alter
    """,
)
@click.option("--after", metavar="CURSOR", help="Continue after this cursor. Default: from the first entry.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that stores the cursor: continue from it, and update it.",
)
@click.option("--follow", is_flag=True, help="Wait for new entries until stopped.")
@pass_run
def pull(run: Run, after: str | None, state: Path | None, follow: bool) -> None:
    """Print entries as JSON lines in the order they were sealed. None is skipped, none comes twice.

    The cursor is stored once the lines before it are written, and synced to disk if stdout is a file. If the disk is
    full, the lines of a page are all written or none.
    """
    if after and state:
        raise usage("--after and --state cannot be combined.", "Use one of them.")
    cursor = _read_cursor(state) if state else after
    streams.check_writable()
    if state:
        _check_target(_draft_path(state), shown=state)
    try:
        for page in _pages(run, cursor, follow):
            streams.write_whole(f"{as_json(row)}\n".encode("utf-8", "replace") for row in page["items"])
            if page["next_cursor"] != cursor:
                cursor = page["next_cursor"]
                _store_cursor(state, cursor)
    finally:
        if state is None and cursor is not None:
            output.say(f"To continue later: --after {cursor}")


def _pages(run: Run, cursor: str | None, follow: bool) -> Iterator[dict[str, Any]]:
    """Existing pages, and with `follow` new ones as they come."""
    while True:
        page = _fetch(run, cursor)
        yield page
        cursor = page["next_cursor"]
        if page["has_more"]:
            continue
        if not follow:
            return
        time.sleep(POLL_SECONDS)


def _fetch(run: Run, cursor: str | None) -> dict[str, Any]:
    while True:
        try:
            page: dict[str, Any] = run.client.get(
                run.path("audit", "sealed"), after=cursor, limit=MAX_PAGE_SIZE
            )
            return page
        except Failure as failure:
            if failure.exit is not Exit.RATE_LIMIT and failure.wait is None:
                raise
            time.sleep(max(POLL_SECONDS, failure.wait or 0))


def _read_cursor(state: Path) -> str | None:
    try:
        return state.read_text().strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise usage(
            f"{state} cannot be read: {getattr(error, 'strerror', '') or 'it is not text'}."
        ) from None


def _store_cursor(state: Path | None, cursor: str) -> None:
    """Replace the stored cursor; the file is never half written."""
    if state is None:
        return
    fresh = _draft_path(state)
    there = _resolve(state)
    try:
        with fresh.open("w") as target:
            target.write(f"{cursor}\n")
            target.flush()
            os.fsync(target.fileno())
        fresh.replace(there)
        _sync_folder(there.parent)
    except OSError as error:
        raise _unwritable(state, error) from None


def _draft_path(state: Path) -> Path:
    """Where a cursor is written first: beside the file that `state` links to."""
    there = _resolve(state)
    return there.with_name(f"{there.name}.new")


def _resolve(path: Path) -> Path:
    """The file that `path` links to, which need not exist. Raises Failure."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # the second: links in a circle, before Python 3.13
        raise usage(f"{path} cannot be written: its symbolic links form a loop.") from None


def _sync_folder(folder: Path) -> None:
    """Sync the renaming of a file to disk."""
    with contextlib.suppress(OSError):  # Windows has no such thing
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check_target(file: Path, shown: Path | None = None) -> None:
    """Check that `file` can be written, without changing it. Raises Failure."""
    there = _resolve(file)
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
