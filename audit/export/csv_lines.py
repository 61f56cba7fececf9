"""The CSV export, safe against formula injection in spreadsheets."""

import csv
import re
from collections.abc import Iterator
from typing import Any

from audit.canonical import PERSONAL, PUBLIC
from audit.export.extract import Extract
from audit.integrity.sealing.plain_values import plain
from audit.integrity.sealing.sealed_rows import Sealed
from core.text import escape_controls, json_line

COLUMNS = list(
    dict.fromkeys(
        [
            "kind",
            "seq",
            *(name for part in (PUBLIC, PERSONAL) for kind in ("event", "call") for name in part[kind]),
        ]
    )
)
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for a formula at the start of a cell, in its full-width shape too."""
_HIDDEN = re.compile(f"(;\\s*)([{re.escape(''.join(_FORMULA))}])")
"""The same after a semicolon, which ends a cell where people write numbers with a comma."""
_ONE_CELL = str.maketrans(dict.fromkeys('",;\t\r\n', " "))
"""What would end a cell, or a line, in one program or another."""


class Line:
    """As much of a file as csv.writer needs: it hands back what it is given."""

    def write(self, text: str) -> str:
        return text


def lines(extract: Extract) -> Iterator[bytes]:
    """`extract` as comments, a line of names, and a line for each row."""
    writer = csv.writer(Line())
    for comment in _comments(extract.head()):
        yield f"# {escape_controls(comment.translate(_ONE_CELL))}\r\n".encode("utf-8", "replace")
    yield writer.writerow(COLUMNS).encode()
    for sealed in extract.entries():
        cells = _to_cells(sealed)
        yield writer.writerow([cell(cells.get(name)) for name in COLUMNS]).encode("utf-8", "replace")


def _comments(head: dict[str, Any]) -> Iterator[str]:
    yield f"alter audit log, {head['exported_at']}"
    yield f"app: {head['app']['name']} {head['app']['id'] or ''}"
    for name, value in head["filters"].items():
        yield f"filter: {name} = {value}"
    yield f"rows: {head['rows']}"
    if checkpoint := head["checkpoint"]:
        yield f"sealed to: {head['sealed_to']}"
        yield f"checkpoint: {checkpoint['number']} {checkpoint['hash']}"
        yield f"signed with: {checkpoint['key_id']}"


def _to_cells(sealed: Sealed) -> dict[str, Any]:
    return {"kind": sealed.row.kind, "seq": sealed.seq, **plain(sealed.row)}


def cell(value: Any) -> Any:
    """`value` as a cell that no spreadsheet takes for a formula."""
    if isinstance(value, bool | dict | list):
        return _HIDDEN.sub(r"\1'\2", json_line(value))
    if not isinstance(value, str):
        return value
    value = _HIDDEN.sub(r"\1'\2", escape_controls(value))
    return f"'{value}" if value.lstrip().startswith(_FORMULA) else value
