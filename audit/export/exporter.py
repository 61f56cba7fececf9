"""Streams an export of sealed rows in constant memory, and records it as an event.

How far it goes, how many rows that is and what was asked for are settled before the first byte, and stand at the head
of the file (docs/decisions/0019).
"""

import codecs
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from audit.actions import EXPORT
from audit.actors import Actor
from audit.change import record
from audit.export import csv_lines, json_lines, ocsf_lines
from audit.export.extract import Extract, settle
from audit.search.matching import Filters
from core.choices import parse_choice
from core.errors import Invalid

BLOCK_SIZE = 64 * 1024
"""About how many bytes are handed on at once."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A way to write the record down."""

    media: str
    ending: str
    """What the name of such a file ends with."""
    lines: Callable[[Extract], Iterator[bytes]]


FORMATS: Mapping[str, Shape] = {
    "jsonl": Shape("application/x-ndjson", "jsonl", json_lines.lines),
    "csv": Shape("text/csv; charset=utf-8", "csv", csv_lines.lines),
    "ocsf": Shape("application/x-ndjson", "ocsf.jsonl", ocsf_lines.lines),
}


@dataclass(frozen=True, slots=True)
class Export:
    """What is taken out, in which shape. That it is stands on record already."""

    extract: Extract
    shape: Shape
    start: bytes = b""
    """What stands before its first line."""

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.extract.rows

    @property
    def filename(self) -> str:
        """What to call a file of it."""
        return f"audit-{self.extract.filters.app_id or 'none'}-{self.extract.at:%Y%m%d-%H%M%S}.{self.shape.ending}"

    def blocks(self) -> Iterator[bytes]:
        """Its bytes, some whole lines at a time, read as they are asked for."""
        return _gathered(chain([self.start], self.shape.lines(self.extract)))


def export(actor: Actor, filters: Filters, name: str, shape: str, *, bom: bool = False) -> Export:
    """The sealed rows that match, in the format `shape`, and an event that they were asked for. `name` is the app's.

    With `bom`, CSV begins with a byte order mark: Excel takes it for another encoding otherwise.
    Raises NotAllowed, and Invalid for a format that there is not, or that has no such mark.
    """
    actor.require(EXPORT)
    if not (shape := parse_choice(shape, "format", FORMATS)):
        raise Invalid("format", f"Choose one of {', '.join(FORMATS)}.")
    if bom and shape != "csv":
        raise Invalid("bom", "Only CSV may begin with a byte order mark.")
    extract = settle(filters, name)
    record(
        actor,
        EXPORT,
        app_id=filters.app_id,
        target_kind="audit log",
        target_id=str(filters.app_id or "none"),
        target_label=name,
        facts={"format": shape, "filters": filters.to_dict(), "rows": extract.rows},
    )
    return Export(extract, FORMATS[shape], codecs.BOM_UTF8 if bom else b"")


def _gathered(lines: Iterable[bytes]) -> Iterator[bytes]:
    block, size = list[bytes](), 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= BLOCK_SIZE:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)
