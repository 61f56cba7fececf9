"""Reads which rows wait for their seals, and mends what is said of them there on SQLite, where it may be anything.

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


class Waiting(NamedTuple):
    """A row that waits for its seal."""

    row_id: UUID
    stream: UUID
    kind: str
    at: datetime


class Odd(NamedTuple):
    """A line on SQLite that says of a row what the portal does not write."""

    number: int
    """Its rowid."""
    row_id: Any
    label: str
    """What can be shown of the id."""
    stream: UUID
    kind: str


_OLDEST = "SELECT {told} FROM audit_pending ORDER BY row_id LIMIT %s"
_BYTES = ", ".join(f"typeof({name}), CAST({name} AS BLOB)" for name in Waiting._fields)


def oldest(limit: int) -> list[Waiting]:
    """Those that have waited the longest. Raises ValueError and its like if something is said that cannot be."""
    if connection.vendor == "postgresql":
        there: QuerySet[Any, Any] = QuerySet(Pending).order_by("row_id").values_list(*Waiting._fields)[:limit]
        found = [Waiting(*one) for one in there]
    else:
        found = [_plain(line) for line in _lines(sqlite_format.as_it_is(Waiting._fields), limit)]
    if any(one.kind not in RECORDS for one in found):
        raise sqlite_format.Misread("a kind of row that there is not")
    return found


def odd(limit: int) -> list[Odd]:
    """Those of the same that cannot be read, or are spelled in another way than the portal spells them. On SQLite."""
    told = (
        [number, *map(sqlite_format.restored, kinds[::2], kinds[1::2])]
        for number, *kinds in _lines(f"rowid, {_BYTES}", limit)
    )
    return [_odd(*line) for line in told if not _is_plain(line[1:])]


def mend(one: Odd, kind: str, row_id: UUID) -> None:
    """Let a line say where its row is, so that it is looked at as any other."""
    forget(one)
    moment = connection.ops.adapt_datetimefield_value(now())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT OR IGNORE INTO audit_pending (row_id, stream, kind, at) VALUES (%s, %s, %s, %s)",
            [row_id.hex, one.stream.hex, kind, moment],
        )


def forget(one: Odd) -> None:
    """Let a line go."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_pending WHERE rowid = %s", [one.number])


def _lines(told: str, limit: int) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST.format(told=told), [limit])
        found: list[Sequence[Any]] = cursor.fetchall()
    return found


def _plain(line: Sequence[Any]) -> Waiting:
    values, is_plain = sqlite_format.read(sqlite_format.columns(Pending, Waiting._fields), line)
    if not is_plain:
        raise sqlite_format.Misread("another spelling")
    return Waiting(*values)


def _is_plain(line: Sequence[Any]) -> bool:
    try:
        return _plain(line).kind in RECORDS
    except sqlite_format.UNREADABLE:
        return False


def _odd(number: int, row_id: Any, stream: Any, kind: Any, at: Any) -> Odd:
    shown = isinstance(row_id, str) and row_id.isprintable()
    label = row_id if shown else repr(row_id)
    return Odd(
        number, row_id, label[:64], id_of(stream) or NOWHERE, kind if kind in ("event", "call") else ""
    )


def id_of(told: Any) -> UUID | None:
    """What is meant by an id, however it is spelled. None: it is none."""
    try:
        return UUID(told)
    except sqlite_format.UNREADABLE:
        return None
