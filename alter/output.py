"""Output: tables, JSON and JSON lines on stdout, messages and progress on stderr.

Rich is imported when something is printed, so that --help is fast.
"""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self

import click

from alter import streams
from keyformat.redaction import redact

FORMATS = ("table", "json", "jsonl")
Row = Mapping[str, Any]
MIN_WIDTH = 20
_SEPARATOR = "  "


class Column(NamedTuple):
    """A column of a table. It may be cut to `min_width` characters; 0: never cut."""

    title: str
    value: Callable[[Row], str]
    min_width: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of object is printed: its JSON fields and its columns, of which `min_columns` are always shown.

    `shown_once` is the field with a secret, if there is one. `note` says what a table cannot, or nothing.
    """

    noun: str
    fields: tuple[str, ...]
    columns: tuple[Column, ...] = ()
    min_columns: int = 3
    shown_once: str = ""
    note: Callable[[Row], str] | None = None


def print_one(shape: Shape, row: Row, format: str, fields: Sequence[str] = ()) -> None:
    """Print one object. jsonl is the same as json."""
    note = shape.note(row) if shape.note else ""
    row = _in_order(shape, row, fields)
    if format == "table":
        _print_record(row)
        if note:
            say(note)
    else:
        emit(as_json(row, indent=2))


def print_all(shape: Shape, rows: Iterable[Row], format: str, fields: Sequence[str] = ()) -> int:
    """Print a list. Returns the number of rows."""
    if format == "jsonl":
        count = 0
        for row in rows:
            emit(as_json(_in_order(shape, row, fields)))
            count += 1
        return count
    listed = list(rows)
    if format == "json":
        emit(as_json([_in_order(shape, row, fields) for row in listed], indent=2))
    elif listed:
        lines = list(table(shape, listed, width()))
        emit("\n".join(lines))
        for note in filter(None, map(shape.note or (lambda _: ""), listed)):
            say(note)
        if shape.columns[0].title == "ID" and lines[1].partition(_SEPARATOR)[0].endswith("..."):
            say("Ids are shortened. Use a wider window, or --output jsonl.")
    else:
        say(f"No {shape.noun}.")
    return len(listed)


def emit(text: str, *, end: str = "\n") -> None:
    """Write data to stdout and flush it. Raises Unwritable."""
    try:
        sys.stdout.write(text + end)
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        raise streams.Unwritable(error) from None


def as_json(value: Any, indent: int | None = None) -> str:
    """JSON with unprintable characters escaped, which is safe on a terminal. ASCII only if stdout is not UTF-8."""
    import json

    text = json.dumps(value, ensure_ascii=not streams.is_unicode(sys.stdout), indent=indent)
    return "".join(c if c.isprintable() or c == "\n" else streams.escape(c) for c in text)


def table(shape: Shape, rows: Sequence[Row], room: int) -> Iterator[str]:
    """Lines of plain text. Columns without room are left out from the end, then long cells are cut."""
    columns = list(shape.columns)
    cells = [[plain(column.value(row)) for column in columns] for row in rows]
    widths = [max(map(_display_width, [c.title, *(row[i] for row in cells)])) for i, c in enumerate(columns)]
    while len(widths) > shape.min_columns and _total_width(widths) > room:
        widths.pop()
    for index, column in enumerate(columns[: len(widths)]):
        if column.min_width and (over := _total_width(widths) - room) > 0:
            widths[index] = max(column.min_width, widths[index] - over)
    for row in ([column.title for column in columns], *cells):
        line = (_fit(cell, width) for cell, width in zip(row, widths, strict=False))
        yield _SEPARATOR.join(line).rstrip()


def plain(text: str) -> str:
    """One line of text without control characters."""
    return "".join(c if c.isprintable() else "?" for c in text)


def width() -> int:
    """The width of the terminal, COLUMNS, or 80; at least MIN_WIDTH."""
    import shutil

    return max(MIN_WIDTH, shutil.get_terminal_size((80, 24)).columns)


def moment(value: str | None, *, never: str = "") -> str:
    """A time to the second, in UTC."""
    return value[:19].replace("T", " ") if value else never


def day(value: str | None, *, never: str = "") -> str:
    """A date."""
    return value[:10] if value else never


def say(message: str) -> None:
    """Write a message to stderr. An error while writing is ignored."""
    with contextlib.suppress(OSError, ValueError):
        click.echo("\n".join(map(plain, message.split("\n"))), err=True)


def complain(kind: str, message: str) -> None:
    """Write a line like `error: ...` to stderr, in colour on a terminal."""
    if coloured():
        kind = click.style(kind, fg="red" if kind == "error" else "yellow", bold=True)
    with contextlib.suppress(OSError, ValueError):
        click.echo(f"{kind}: {plain(redact(' '.join(message.split())))}", err=True)


def coloured() -> bool:
    """Whether stderr is a terminal with colours, and NO_COLOR is not set (no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Progress:
    """A progress line on stderr, if that is a terminal."""

    def __init__(self, noun: str) -> None:
        self.noun, self._count = noun, 0
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def add(self, number: int, total: int | None = None) -> None:
        """Add to the count; `total` if it is known."""
        self._count += number
        if self._bar is None and sys.stderr.isatty():
            self._start()
        if self._bar:
            of = f" of {total:,}" if total else ""
            self._bar.update(0, description=f"{self._count:,}{of} {self.noun}")

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bar
        from rich.progress import SpinnerColumn, TextColumn

        columns = (SpinnerColumn("line"), TextColumn("{task.description}"))
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._bar.add_task("", total=None)
        self._bar.start()


def _print_record(row: Row) -> None:
    """Print one name and value per line, with long values wrapped."""
    import textwrap

    longest = max(map(len, row))
    room = max(20, width() - longest - len(_SEPARATOR))
    for name, value in ((plain(name), value) for name, value in row.items()):
        lines = textwrap.wrap(plain(_cell(value)), room, break_on_hyphens=False) or [""]
        for index, line in enumerate(lines):
            emit(f"{'' if index else name:<{longest}}{_SEPARATOR}{line}".rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    if isinstance(value, (dict, list)):
        return as_json(value)
    text = str(value)
    return f"{moment(text)} UTC" if re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*(Z|\+00:00)$", text) else text


def _in_order(shape: Shape, row: Row, fields: Sequence[str]) -> Row:
    """The given fields; or all of them, in the order of the schema, then unknown ones."""
    if fields:
        return {name: row.get(name) for name in fields}
    return {name: row[name] for name in (*(known for known in shape.fields if known in row), *row)}


def _total_width(widths: Sequence[int]) -> int:
    return sum(widths) + len(_SEPARATOR) * (len(widths) - 1)


def _display_width(text: str) -> int:
    """The width of `text` on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fit(text: str, room: int) -> str:
    if _display_width(text) > room:
        while text and _display_width(text) > room - 3:
            text = text[:-1]
        text += "..."
    return text + " " * (room - _display_width(text))
