"""Inserts API requests in bulk, before their responses are sent."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from audit import macs
from audit.models import Call
from core.documents import compact
from core.ids import new_hex, new_id

Line = Mapping[str, Any]
"""The columns of one call. Those that are left out have the model's defaults."""
Make = Callable[[Line, str], bytes]
_FIELDS = Call._meta.concrete_fields
COLUMNS = tuple(str(field.column) for field in _FIELDS)
_DEFAULTS = {str(field.column): field.get_default() for field in _FIELDS if field.column not in ("id", "at")}
_ADAPTED = {field.column for field in _FIELDS if field.get_internal_type() in ("UUIDField", "DateTimeField")}
NAMES = ", ".join(COLUMNS)
_COPY = f"COPY audit_call ({NAMES}) FROM STDIN"
"""For many, on PostgreSQL: it takes a third of the time of an INSERT of many. Its triggers are the same."""
_INSERT = f"INSERT INTO audit_call ({NAMES}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"
IN_JSON = ", ".join(f"{field.column} {field.db_type(connection)}" for field in _FIELDS)
"""The columns with their types, to read `as_json()` with json_to_recordset() on PostgreSQL."""
_PLAIN = {
    column: value if isinstance(value, str) else compact(value)
    for column, value in _DEFAULTS.items()
    if value is not None
}
FROM_JSON = ", ".join(
    f"coalesce({column}, '{_PLAIN[column]}')" if column in _PLAIN else column for column in COLUMNS
)
"""What they hold, in the order of `COLUMNS`."""
_text = lru_cache(1000)(str)
"""Of ids and moments: those of a batch come again and again."""
_values = itemgetter(*COLUMNS)


def write(lines: Sequence[Line], db: BaseDatabaseWrapper = connection) -> None:
    """Insert `lines` in one statement. If it raises, the calls must not be answered with a yes."""
    make = macs.maker()
    rows = [_values(_whole(line, make)) for line in lines]
    if not rows:
        return
    with db.cursor() as cursor:
        if db.vendor == "sqlite":
            cursor.executemany(_INSERT, [_on_sqlite(row) for row in rows])
        elif len(rows) == 1:
            cursor.execute(_INSERT, rows[0])
        else:
            _copy(rows, cursor, db)


def as_json(lines: Sequence[Line]) -> str:
    """The same lines as a JSON array, without what is empty. They may hold more than the columns of a call."""
    make = macs.maker()
    return json.dumps([_to_json_row(line, make) for line in lines], separators=(",", ":"), default=_text)


def _to_json_row(line: Line, make: Make) -> dict[str, Any]:
    values = {column: value for column, value in line.items() if value or value is False}
    values["id"] = row_id = new_hex()
    values["mac"] = "\\x" + make(line, row_id).hex()
    return values


def _whole(line: Line, make: Make) -> dict[str, Any]:
    """A line with all its columns."""
    whole: dict[str, Any] = {**_DEFAULTS, "id": new_id(), **line}
    whole["mac"] = make(whole, whole["id"].hex)
    whole["context"] = _context(line)
    whole["facts"] = None if line.get("facts") is None else compact(line["facts"])
    return whole


def _copy(rows: Sequence[Sequence[Any]], cursor: Any, db: BaseDatabaseWrapper) -> None:
    with db.wrap_database_errors, cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row(row)


def _context(line: Line) -> str:
    context = line.get("context")
    return compact(context) if context else "{}"


def _on_sqlite(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        field.get_db_prep_value(value, connection) if field.column in _ADAPTED else value
        for field, value in zip(_FIELDS, row, strict=True)
    )
