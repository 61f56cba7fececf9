"""Quarantines rows that the portal did not write, and records it as an event.

Nothing reads them as acts or calls any more: no page, export, figure or receiver. They are lost neither: ForgedRow has
all their columns, and nobody may change it.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from audit.actions import FORGE, MISS
from audit.actors import system
from audit.change import record
from audit.integrity.append_only_triggers import maintenance
from audit.integrity.sealing import pending_rows
from audit.integrity.sealing.mac_check import Forged
from audit.integrity.sealing.pending_rows import MalformedRow
from audit.integrity.sealing.row_values import RECORDS
from audit.models import Pending
from audit.models.seals import NOWHERE
from core.clock import now
from core.ids import new_id
from core.pg_arrays import text_array

log = logging.getLogger(__name__)


class _Entry(NamedTuple):
    """A row by the texts that the database has of it."""

    row_id: str
    stream: UUID
    kind: str
    at: str | None
    reason: str
    place: int | None = None
    """Its rowid on SQLite, if its id finds nothing."""


def set_aside(forged: Sequence[Forged]) -> None:
    """Set these rows aside, and put on record that it was done. Part of the caller's transaction."""
    _set_aside([_entry(row) for row in forged])


def set_aside_unreadable(limit: int) -> int:
    """Settle lines that cannot be read of what waits, so that the sealer goes on. Returns how many.

    The row that is meant waits on, if it has an id, whatever was said of it. Otherwise it is set aside.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            return _drop_unreadable(limit)
        lines = pending_rows.malformed(limit)
        _set_aside([entry for malformed in lines if (entry := _settle(malformed))])
    return len(lines)


def record_missing(kind: str, row_id: str, stream: UUID) -> None:
    """Put on record that a row was deleted before it was sealed."""
    log.error("the %s %s was deleted before it was sealed", kind, row_id)
    about = {"target_kind": kind, "target_id": row_id, "target_label": "a row of the record"}
    record(system(), MISS, app_id=None if stream == NOWHERE else stream, **about)


def _drop_unreadable(limit: int) -> int:
    """On PostgreSQL: columns have types, and what is left is a moment beyond all time or a kind that is none."""
    entries = _unreadable(limit)
    _set_aside([entry for entry in entries if entry.kind in RECORDS])
    with connection.cursor() as cursor:
        for entry in entries:
            cursor.execute("DELETE FROM audit_pending WHERE CAST(row_id AS TEXT) = %s", [entry.row_id])
    return len(entries)


def _settle(malformed: MalformedRow) -> _Entry | None:
    """Let the row that is meant wait as it should, or return it if it has no id to wait by."""
    meant = pending_rows.id_of(malformed.row_id)
    for kind in sorted(RECORDS, key=lambda kind: kind != malformed.kind):
        if meant and _place(kind, "%s", meant.hex) is not None:
            pending_rows.requeue(malformed, kind, meant)
            return None
        rowid = _place(kind, "(SELECT row_id FROM audit_pending WHERE rowid = %s)", malformed.number)
        if rowid is not None:
            pending_rows.remove(malformed)
            return _Entry(malformed.label, malformed.stream, kind, None, "unreadable", rowid)
    pending_rows.remove(malformed)
    record_missing(malformed.kind or "row", malformed.label, malformed.stream)
    return None


def _place(kind: str, of: str, value: Any) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT rowid FROM audit_{kind} WHERE id IS {of}", [value])
        row = cursor.fetchone()
    return row[0] if row else None


def _entry(forged: Forged) -> _Entry:
    if connection.vendor == "postgresql":
        moment = forged.at.isoformat() if forged.at else None
        return _Entry(str(forged.row_id), forged.stream, forged.kind, moment, forged.reason)
    return _Entry(forged.row_id.hex, forged.stream, forged.kind, None, forged.reason)


def _set_aside(entries: Sequence[_Entry]) -> None:
    streams: defaultdict[tuple[UUID, str], list[_Entry]] = defaultdict(list)
    for entry in entries:
        streams[entry.stream, entry.kind].append(entry)
    for (stream, kind), group in streams.items():
        log.error("%s rows of kind %s were not written by the portal: %s", len(group), kind, group[0].row_id)
        (_move_on_postgres if connection.vendor == "postgresql" else _move_on_sqlite)(stream, kind, group)
        _record(stream, kind, group)


def _record(stream: UUID, kind: str, entries: Sequence[_Entry]) -> None:
    label = f"{len(entries):,} {kind}{'' if len(entries) == 1 else 's'} that the portal did not write"
    record(
        system(),
        FORGE,
        app_id=None if stream == NOWHERE else stream,
        target_kind="audit log",
        target_id=str(stream),
        target_label=label,
        facts={
            "kind": kind,
            "rows": len(entries),
            "ids": [entry.row_id[:64] for entry in entries],  # all: what is not named could vanish unseen
            "why": sorted({entry.reason for entry in entries}),
        },
    )


def _move_on_postgres(stream: UUID, kind: str, entries: Sequence[_Entry]) -> None:
    """The function of migration 0009 does it: a role that may not delete from the record may still do this."""
    ids, moments = (
        text_array(entry.row_id for entry in entries),
        text_array(entry.at or "" for entry in entries),
    )
    values: list[Any] = [kind, stream, now(), ids, moments, [entry.reason for entry in entries]]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_set_aside(%s, %s, %s, %s::uuid[], %s::timestamptz[], %s::text[])", values
        )


def _move_on_sqlite(stream: UUID, kind: str, entries: Sequence[_Entry]) -> None:
    names = [field.column for field in RECORDS[kind]._meta.concrete_fields]
    pairs = ", ".join(f"'{name}', quote({name})" for name in names)
    found_at = connection.ops.adapt_datetimefield_value(now())
    with maintenance(), connection.cursor() as cursor:
        for entry in entries:
            column, value = ("id", entry.row_id) if entry.place is None else ("rowid", entry.place)
            cursor.execute(
                "INSERT INTO audit_forgedrow (id, kind, row_id, stream, found_at, reason, contents) "
                f"SELECT %s, %s, %s, %s, %s, %s, CAST(json_object({pairs}) AS BLOB) FROM audit_{kind} "
                f"WHERE {column} = %s",
                [new_id().hex, kind, entry.row_id[:64], stream.hex, found_at, entry.reason, value],
            )
            cursor.execute(f"DELETE FROM audit_{kind} WHERE {column} = %s", [value])


def _unreadable(limit: int) -> list[_Entry]:
    table = Pending._meta.db_table
    columns = ("row_id", "stream", "kind", "at")
    casts = ", ".join(f"CAST({name} AS TEXT)" for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {casts} FROM {table} ORDER BY row_id LIMIT %s", [limit])
        rows = cursor.fetchall()
    return [
        _Entry(row_id, _stream(stream), kind, None, "unreadable")
        for row_id, stream, kind, at in rows
        if not _is_readable(row_id, stream, kind, at)
    ]


def _is_readable(row_id: Any, stream: Any, kind: Any, at: Any) -> bool:
    try:
        ids = [str(UUID(row_id)), str(UUID(stream))]
        datetime.fromisoformat(at)
    except (ValueError, TypeError, AttributeError):
        return False
    return kind in RECORDS and ids == [row_id, stream]


def _stream(text: Any) -> UUID:
    return pending_rows.id_of(text) or NOWHERE
