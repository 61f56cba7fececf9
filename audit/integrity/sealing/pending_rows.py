"""Reads the queue of rows that wait for their seals, and repairs malformed lines of it on SQLite.

What is said where a row waits is never believed. It leads to the row, and if it does not, the row is looked for.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from audit import sqlite_format
from audit.integrity.sealing.row_values import RECORDS
from audit.models import Pending
from audit.models.seals import NOWHERE
from core.clock import now


class PendingRow(NamedTuple):
    """A row that waits for its seal."""

    row_id: UUID
    stream: UUID
    kind: str
    at: datetime


class MalformedRow(NamedTuple):
    """A line on SQLite that says of a row what the portal does not write."""

    number: int
    """Its rowid."""
    row_id: Any
    label: str
    """What can be shown of the id."""
    stream: UUID
    kind: str


_OLDEST = "SELECT {told} FROM audit_pending ORDER BY row_id LIMIT %s"
_BYTES = ", ".join(f"typeof({name}), CAST({name} AS BLOB)" for name in PendingRow._fields)


def oldest(limit: int) -> list[PendingRow]:
    """Those that have waited the longest. Raises ValueError and its like if something is said that cannot be."""
    if connection.vendor == "postgresql":
        rows: QuerySet[Any, Any] = (
            QuerySet(Pending).order_by("row_id").values_list(*PendingRow._fields)[:limit]
        )
        pending = [PendingRow(*row) for row in rows]
    else:
        pending = [_plain(line) for line in _lines(sqlite_format.as_it_is(PendingRow._fields), limit)]
    if any(row.kind not in RECORDS for row in pending):
        raise sqlite_format.Misread("a kind of row that there is not")
    return pending


def malformed(limit: int) -> list[MalformedRow]:
    """Those of the same that cannot be read, or are spelled in another way than the portal spells them. On SQLite."""
    lines = (
        [number, *map(sqlite_format.restored, kinds[::2], kinds[1::2])]
        for number, *kinds in _lines(f"rowid, {_BYTES}", limit)
    )
    return [_malformed(*line) for line in lines if not _is_plain(line[1:])]


def requeue(malformed: MalformedRow, kind: str, row_id: UUID) -> None:
    """Let a line say where its row is, so that it is looked at as any other."""
    remove(malformed)
    moment = connection.ops.adapt_datetimefield_value(now())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT OR IGNORE INTO audit_pending (row_id, stream, kind, at) VALUES (%s, %s, %s, %s)",
            [row_id.hex, malformed.stream.hex, kind, moment],
        )


def remove(malformed: MalformedRow) -> None:
    """Let a line go."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_pending WHERE rowid = %s", [malformed.number])


def _lines(columns: str, limit: int) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST.format(told=columns), [limit])
        lines: list[Sequence[Any]] = cursor.fetchall()
    return lines


def _plain(line: Sequence[Any]) -> PendingRow:
    values, is_plain = sqlite_format.read(sqlite_format.columns(Pending, PendingRow._fields), line)
    if not is_plain:
        raise sqlite_format.Misread("another spelling")
    return PendingRow(*values)


def _is_plain(line: Sequence[Any]) -> bool:
    try:
        return _plain(line).kind in RECORDS
    except sqlite_format.UNREADABLE:
        return False


def _malformed(number: int, row_id: Any, stream: Any, kind: Any, at: Any) -> MalformedRow:
    is_printable = isinstance(row_id, str) and row_id.isprintable()
    label = row_id if is_printable else repr(row_id)
    return MalformedRow(
        number, row_id, label[:64], id_of(stream) or NOWHERE, kind if kind in ("event", "call") else ""
    )


def id_of(value: Any) -> UUID | None:
    """What is meant by an id, however it is spelled. None: it is none."""
    try:
        return UUID(value)
    except sqlite_format.UNREADABLE:
        return None
