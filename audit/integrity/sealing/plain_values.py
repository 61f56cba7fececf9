"""A sealed row as plain JSON values, for every export format."""

from datetime import datetime
from typing import Any
from uuid import UUID

from audit.integrity.sealing.checkpoints import moment
from audit.integrity.sealing.row_values import FIELDS, Row


def plain(row: Row) -> dict[str, Any]:
    """Every field of `row` under its name: moments to the microsecond, ids as text, nothing left out."""
    return dict(zip(FIELDS[row.kind], map(_value, row.values), strict=True))


def _value(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return moment(value) if isinstance(value, datetime) else value
