"""Sets aside rows that the portal did not write: out of the record, kept as they were, and told of on record.

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
from audit.integrity.sealing.pending_rows import Odd
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
    _set_aside([_entry(one) for one in forged])


def set_aside_unreadable(limit: int) -> int:
    """Settle lines that cannot be read of what waits, so that the sealer goes on. Returns how many.

    The row that is meant waits on, if it has an id, whatever was said of it. Otherwise it is set aside.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            return _drop_unreadable(limit)
        some = pending_rows.odd(limit)
        _set_aside([found for one in some if (found := _settle(one))])
    return len(some)


def tell_of_missing(kind: str, row_id: str, stream: UUID) -> None:
    """Put on record that a row was deleted before it was sealed."""
    log.error("the %s %s was deleted before it was sealed", kind, row_id)
    about = {"target_kind": kind, "target_id": row_id, "target_label": "a row of the record"}
    record(system(), MISS, app_id=None if stream == NOWHERE else stream, **about)


def _drop_unreadable(limit: int) -> int:
    """On PostgreSQL: columns have types, and what is left is a moment beyond all time or a kind that is none."""
    found = _unreadable(limit)
    _set_aside([one for one in found if one.kind in RECORDS])
    with connection.cursor() as cursor:
        for one in found:
            cursor.execute("DELETE FROM audit_pending WHERE CAST(row_id AS TEXT) = %s", [one.row_id])
    return len(found)


def _settle(one: Odd) -> _Entry | None:
    """Let the row that is meant wait as it should, or return it if it has no id to wait by."""
    meant = pending_rows.id_of(one.row_id)
    for kind in sorted(RECORDS, key=lambda kind: kind != one.kind):
        if meant and _place(kind, "%s", meant.hex) is not None:
            pending_rows.mend(one, kind, meant)
            return None
        place = _place(kind, "(SELECT row_id FROM audit_pending WHERE rowid = %s)", one.number)
        if place is not None:
            pending_rows.forget(one)
            return _Entry(one.label, one.stream, kind, None, "unreadable", place)
    pending_rows.forget(one)
    tell_of_missing(one.kind or "row", one.label, one.stream)
    return None


def _place(kind: str, of: str, value: Any) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT rowid FROM audit_{kind} WHERE id IS {of}", [value])
        found = cursor.fetchone()
    return found[0] if found else None


def _entry(one: Forged) -> _Entry:
    if connection.vendor == "postgresql":
        moment = one.at.isoformat() if one.at else None
        return _Entry(str(one.row_id), one.stream, one.kind, moment, one.reason)
    return _Entry(one.row_id.hex, one.stream, one.kind, None, one.reason)


def _set_aside(entries: Sequence[_Entry]) -> None:
    streams: defaultdict[tuple[UUID, str], list[_Entry]] = defaultdict(list)
    for one in entries:
        streams[one.stream, one.kind].append(one)
    for (stream, kind), some in streams.items():
        log.error("%s rows of kind %s were not written by the portal: %s", len(some), kind, some[0].row_id)
        (_move_on_postgres if connection.vendor == "postgresql" else _move_on_sqlite)(stream, kind, some)
        _tell(stream, kind, some)


def _tell(stream: UUID, kind: str, some: Sequence[_Entry]) -> None:
    label = f"{len(some):,} {kind}{'' if len(some) == 1 else 's'} that the portal did not write"
    record(
        system(),
        FORGE,
        app_id=None if stream == NOWHERE else stream,
        target_kind="audit log",
        target_id=str(stream),
        target_label=label,
        facts={
            "kind": kind,
            "rows": len(some),
            "ids": [one.row_id[:64] for one in some],  # all: what is not named could vanish unseen
            "why": sorted({one.reason for one in some}),
        },
    )


def _move_on_postgres(stream: UUID, kind: str, some: Sequence[_Entry]) -> None:
    """The function of migration 0009 does it: a role that may not delete from the record may still do this."""
    ids, moments = text_array(one.row_id for one in some), text_array(one.at or "" for one in some)
    values: list[Any] = [kind, stream, now(), ids, moments, [one.reason for one in some]]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audit_set_aside(%s, %s, %s, %s::uuid[], %s::timestamptz[], %s::text[])", values
        )


def _move_on_sqlite(stream: UUID, kind: str, some: Sequence[_Entry]) -> None:
    names = [field.column for field in RECORDS[kind]._meta.concrete_fields]
    told = ", ".join(f"'{name}', quote({name})" for name in names)
    found_at = connection.ops.adapt_datetimefield_value(now())
    with maintenance(), connection.cursor() as cursor:
        for one in some:
            column, value = ("id", one.row_id) if one.place is None else ("rowid", one.place)
            cursor.execute(
                "INSERT INTO audit_forgedrow (id, kind, row_id, stream, found_at, reason, contents) "
                f"SELECT %s, %s, %s, %s, %s, %s, CAST(json_object({told}) AS BLOB) FROM audit_{kind} "
                f"WHERE {column} = %s",
                [new_id().hex, kind, one.row_id[:64], stream.hex, found_at, one.reason, value],
            )
            cursor.execute(f"DELETE FROM audit_{kind} WHERE {column} = %s", [value])


def _unreadable(limit: int) -> list[_Entry]:
    table = Pending._meta.db_table
    columns = ("row_id", "stream", "kind", "at")
    told = ", ".join(f"CAST({name} AS TEXT)" for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {told} FROM {table} ORDER BY row_id LIMIT %s", [limit])
        found = cursor.fetchall()
    return [
        _Entry(row_id, _stream(stream), kind, None, "unreadable")
        for row_id, stream, kind, at in found
        if not _is_readable(row_id, stream, kind, at)
    ]


def _is_readable(row_id: Any, stream: Any, kind: Any, at: Any) -> bool:
    try:
        ids = [str(UUID(row_id)), str(UUID(stream))]
        datetime.fromisoformat(at)
    except (ValueError, TypeError, AttributeError):
        return False
    return kind in RECORDS and ids == [row_id, stream]


def _stream(told: Any) -> UUID:
    return pending_rows.id_of(told) or NOWHERE
