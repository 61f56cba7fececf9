"""Finds rows that neither have a seal nor wait for one: they were inserted behind the portal."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from audit import sqlite_format
from audit.integrity.checking import stored_format
from audit.integrity.checking.findings import Finding, Where
from audit.integrity.sealing.row_values import RECORDS
from audit.models import Pending, Seal
from audit.models.seals import NOWHERE
from core.errors import Invalid
from core.pagination.cursors import Cursor, parse_cursor

SCAN_LIMIT = 5_000
"""How many rows are looked at in one step."""
KINDS = list(RECORDS)
Span = tuple[datetime | None, datetime | None]
"""From when until when."""
DAWN = Cursor(datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


def begin(kind: str = "") -> str:
    """Where the first step begins. With a kind, the other is left out."""
    return f"r.{kind or KINDS[0]}.{DAWN}"


def step(stream: UUID | None, only: str, span: Span, place: str) -> tuple[list[Finding], int, str | None]:
    """What a step has found, how many rows it looked at, and where the next begins. Raises Invalid."""
    kind, _, position = place.partition(".")
    after = parse_cursor(position)
    if kind not in RECORDS or after is None:
        raise Invalid("cursor", "This is not where a step ended.")
    batch = list(_rows(kind, stream, span, after))
    findings = list(_strays(kind, stream, [row_id for row_id, _ in batch]))
    findings += _odd(kind, stream) if after == DAWN else []
    if len(batch) == SCAN_LIMIT:
        return findings, len(batch), f"r.{kind}.{Cursor(batch[-1][1], batch[-1][0])}"
    following = [] if only else KINDS[KINDS.index(kind) + 1 :]
    return findings, len(batch), f"r.{following[0]}.{DAWN}" if following else None


def _odd(kind: str, stream: UUID | None) -> Iterator[Finding]:
    """What the steps go past: rows with an id that is none, or at a moment that is none."""
    rows: QuerySet[Any] = QuerySet(RECORDS[kind])
    if stream is not None:
        rows = rows.filter(app_id=None if stream == NOWHERE else stream)
    yield from stored_format.check_ids(kind, rows)
    plain = sqlite_format.plain(RECORDS[kind], "id")
    never = rows.filter(plain, ~sqlite_format.readable(RECORDS[kind], "at")).values_list("id", flat=True)
    yield from _strays(kind, stream, list(never[:SCAN_LIMIT]))


def _rows(kind: str, stream: UUID | None, span: Span, after: Cursor) -> Iterable[tuple[UUID, datetime]]:
    """The next rows of an app in the order of their moments; of the whole portal, in that of their ids."""
    bounds = {"at__gte": span[0], "at__lt": span[1]}
    rows = RECORDS[kind].objects.filter(**{name: value for name, value in bounds.items() if value})
    if stream is None:
        rows = rows.filter(id__gt=after.id).order_by("id")
    else:
        rows = rows.filter(app_id=None if stream == NOWHERE else stream).order_by("at", "id")
        if after != DAWN:
            beyond = Q(at__gt=after.at) | Q(at=after.at, id__gt=after.id)
            rows = rows.filter(beyond, at__gte=after.at)
    legible = sqlite_format.plain(RECORDS[kind], "id") & sqlite_format.readable(RECORDS[kind], "at")
    return rows.filter(legible).values_list("id", "at")[:SCAN_LIMIT]


def _strays(kind: str, stream: UUID | None, ids: Sequence[UUID]) -> Iterator[Finding]:
    """Rows without a seal that do not wait. Who waits is asked first: a seal may come meanwhile, and never goes back.

    A purge may take a row and its seal meanwhile. So whoever is suspect must still be there.
    """
    for row_id in _twice(kind, ids):
        message = "Two rows have this ID: one of them was inserted outside the portal."
        yield Finding("inserted", message, Where(kind, row_id=row_id, stream=stream))
    for row_id in _still_there(kind, _unsealed(ids)):
        message = "The row has no seal and is not pending: it was inserted outside the portal."
        yield Finding("inserted", message, Where(kind, row_id=row_id, stream=stream))


def _twice(kind: str, ids: Sequence[UUID]) -> list[UUID]:
    """Ids that more than one row has. On PostgreSQL calls of different months may: no index spans the months."""
    if kind != "call" or connection.vendor != "postgresql":
        return []
    alike = RECORDS[kind].objects.filter(id__in=ids).order_by("id").values_list("id", flat=True)
    return [row_id for row_id, other in pairwise(alike) if row_id == other]


def _unsealed(ids: Sequence[UUID]) -> set[UUID]:
    waiting = set(Pending.objects.filter(row_id__in=ids).values_list("row_id", flat=True))
    rest = [row_id for row_id in ids if row_id not in waiting]
    return set(rest) - set(Seal.objects.filter(row_id__in=rest).values_list("row_id", flat=True))


def _still_there(kind: str, suspects: set[UUID]) -> list[UUID]:
    existing = RECORDS[kind].objects.filter(id__in=suspects).values_list("id", flat=True) if suspects else ()
    return sorted(existing)
