"""Takes the record of a test out and reads what came: by line, by kind of line, and as the hashes it claims."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from audit import canonical
from audit.actors import shell
from audit.export.exporter import export
from audit.search.matching import Filters
from tests.audit.records import APP

Line = dict[str, Any]


def taken(shape: str = "jsonl", app_id: UUID | None = APP, **filters: Any) -> bytes:
    """The bytes of an export."""
    return b"".join(export(shell(), Filters(app_id, **filters), "checkout", shape).blocks())


def lines(app_id: UUID | None = APP, **filters: Any) -> list[Line]:
    """The objects of an export as JSON lines."""
    return [json.loads(line) for line in taken("jsonl", app_id, **filters).splitlines()]


def of_type(kind: str, told: list[Line]) -> list[Line]:
    """Those of one type."""
    return [one for one in told if one["type"] == kind]


def leaf(row: Line) -> str:
    """The hash of a row, from what its line says alone."""
    kind = row["kind"]
    commitment = canonical.commit_row(
        kind, bytes.fromhex(row["salt"]), [row[name] for name in canonical.PERSONAL[kind]]
    )
    return canonical.leaf(
        kind, [_value(name, row[name]) for name in canonical.PUBLIC[kind]], commitment
    ).hex()


def _value(name: str, told: Any) -> Any:
    if told is None:
        return None
    if name in canonical.UUIDS:
        return UUID(told)
    return datetime.fromisoformat(told) if name in canonical.MOMENTS else told
