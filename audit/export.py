"""Streams the record out, newest first: JSON lines or CSV. That it was taken out is itself an act."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from audit.actions import EXPORT
from audit.actors import Actor
from audit.api_wire import Entry
from audit.change import record
from audit.search import Filters, timeline

MOST_ROWS = 100_000
A_BATCH = 1000
FORMATS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
COLUMNS = list(Entry.model_fields)
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for a formula at the start of a cell, in its full-width shape too."""


class _Line:
    """As much of a file as csv.writer needs: it hands back what it is given."""

    def write(self, text: str) -> str:
        return text


def export(actor: Actor, filters: Filters, name: str, shape: str) -> Iterator[str]:
    """The entries that match as lines of `shape`, and an event that they were asked for. `name` is the app's."""
    record(
        actor,
        EXPORT,
        app_id=filters.app_id,
        target_kind="audit log",
        target_id=str(filters.app_id),
        target_label=name,
        facts={"format": shape, "filters": filters.told()},
    )
    return _csv(filters) if shape == "csv" else _jsonl(filters)


def _jsonl(filters: Filters) -> Iterator[str]:
    for entry in _entries(filters):
        told = entry.model_dump(mode="json", exclude_none=True)
        yield json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"


def _csv(filters: Filters) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for entry in _entries(filters):
        told = entry.model_dump(mode="json")
        yield writer.writerow([_cell(told[name]) for name in COLUMNS])


def _entries(filters: Filters) -> Iterator[Entry]:
    """Page by page, so that a long export holds few rows at a time."""
    place, left = None, MOST_ROWS
    while left > 0:
        page = timeline(filters, before=place, limit=min(A_BATCH, left))
        yield from map(Entry.of, page.entries)
        left, place = left - len(page.entries), page.older
        if place is None:
            return


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, str) and value.lstrip().startswith(_FORMULA):
        return f"'{value}"
    return value
