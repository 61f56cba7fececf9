"""Prints what came of it: tables for people, JSON for programs, data on stdout and everything else on stderr.

What only printing needs is imported when something is printed: --help must not wait for it.
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
_BETWEEN = "  "


class Column(NamedTuple):
    """A column of a table. `least` characters of it may be all there is room for; 0: it is never cut."""

    title: str
    of: Callable[[Row], str]
    least: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of thing that is printed: its fields in JSON, and its columns; `always` many of them, room or not."""

    noun: str
    fields: tuple[str, ...]
    columns: tuple[Column, ...] = ()
    always: int = 3


def print_one(shape: Shape, one: Row, format: str, fields: Sequence[str] = ()) -> None:
    """A single object. jsonl of one is json."""
    one = _in_order(shape, one, fields)
    if format == "table":
        _print_record(one)
    else:
        emit(as_json(one, indent=2))


def print_all(shape: Shape, rows: Iterable[Row], format: str, fields: Sequence[str] = ()) -> int:
    """A list. Returns how many there were."""
    if format == "jsonl":
        count = 0
        for row in rows:
            emit(as_json(_in_order(shape, row, fields)))
            count += 1
        return count
    found = list(rows)
    if format == "json":
        emit(as_json([_in_order(shape, row, fields) for row in found], indent=2))
    elif found:
        lines = list(table(shape, found, width()))
        emit("\n".join(lines))
        if shape.columns[0].title == "ID" and lines[1].partition(_BETWEEN)[0].endswith("..."):
            say("Ids are cut: a wider window or --output jsonl has them whole.")
    else:
        say(f"No {shape.noun}.")
    return len(found)


def emit(text: str, *, end: str = "\n") -> None:
    """Write data to stdout, now. Raises Unwritable."""
    try:
        sys.stdout.write(text + end)
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        raise streams.Unwritable(error) from None


def as_json(value: Any, indent: int | None = None) -> str:
    """JSON in which nothing can play tricks on a terminal: what cannot be printed is escaped.

    Programs read JSON as UTF-8: where stdout is written in anything else, it is all in ASCII.
    """
    import json

    text = json.dumps(value, ensure_ascii=not streams.is_unicode(sys.stdout), indent=indent)
    return "".join(c if c.isprintable() or c == "\n" else streams.escape(c) for c in text)


def table(shape: Shape, rows: Sequence[Row], room: int) -> Iterator[str]:
    """Lines of plain text. Columns that find no room are left out from the end, then long cells are cut."""
    columns = list(shape.columns)
    cells = [[plain(column.of(row)) for column in columns] for row in rows]
    widths = [max(map(_cells, [c.title, *(row[i] for row in cells)])) for i, c in enumerate(columns)]
    while len(widths) > shape.always and _whole(widths) > room:
        widths.pop()
    for index, column in enumerate(columns[: len(widths)]):
        if column.least and (over := _whole(widths) - room) > 0:
            widths[index] = max(column.least, widths[index] - over)
    for row in ([column.title for column in columns], *cells):
        line = (_fitted(cell, width) for cell, width in zip(row, widths, strict=False))
        yield _BETWEEN.join(line).rstrip()


def plain(text: str) -> str:
    """One line of text without anything that a terminal would act on."""
    return "".join(c if c.isprintable() else "?" for c in text)


def width() -> int:
    """How many characters fit a line: the terminal's, COLUMNS, or 80; never fewer than a table can be made for."""
    import shutil

    return max(MIN_WIDTH, shutil.get_terminal_size((80, 24)).columns)


def moment(value: str | None, *, never: str = "") -> str:
    """A moment as people read it, to the second, in UTC."""
    return value[:19].replace("T", " ") if value else never


def day(value: str | None, *, never: str = "") -> str:
    """A moment's day."""
    return value[:10] if value else never


def say(sentence: str) -> None:
    """A word to the person, not part of the data. That nobody can read it ends nothing."""
    with contextlib.suppress(OSError, ValueError):
        click.echo("\n".join(map(plain, sentence.split("\n"))), err=True)


def complain(kind: str, sentence: str) -> None:
    """A line on stderr: `error: ...`, in colour on a terminal that wants it."""
    if coloured():
        kind = click.style(kind, fg="red" if kind == "error" else "yellow", bold=True)
    with contextlib.suppress(OSError, ValueError):
        click.echo(f"{kind}: {plain(redact(' '.join(sentence.split())))}", err=True)


def coloured() -> bool:
    """Whether stderr shows colours, and nobody minds (no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Progress:
    """A line on stderr that counts, while somebody watches and there is something to wait for."""

    def __init__(self, noun: str) -> None:
        self.noun, self._count = noun, 0
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def add(self, number: int, total: int | None = None) -> None:
        """So many more have come, of so many if that is known."""
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


def _print_record(one: Row) -> None:
    """A name and a value to a line; long values go on below themselves."""
    import textwrap

    longest = max(map(len, one))
    room = max(20, width() - longest - len(_BETWEEN))
    for name, value in ((plain(name), value) for name, value in one.items()):
        lines = textwrap.wrap(plain(_cell(value)), room, break_on_hyphens=False) or [""]
        for index, line in enumerate(lines):
            emit(f"{'' if index else name:<{longest}}{_BETWEEN}{line}".rstrip())


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


def _in_order(shape: Shape, one: Row, fields: Sequence[str]) -> Row:
    """The fields that are asked for; or all of them, in the order we know, and then what we do not know yet."""
    if fields:
        return {name: one.get(name) for name in fields}
    return {name: one[name] for name in (*(known for known in shape.fields if known in one), *one)}


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + len(_BETWEEN) * (len(widths) - 1)


def _cells(text: str) -> int:
    """How many places a terminal needs for `text`."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fitted(text: str, room: int) -> str:
    if _cells(text) > room:
        while text and _cells(text) > room - 3:
            text = text[:-1]
        text += "..."
    return text + " " * (room - _cells(text))
