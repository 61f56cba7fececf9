"""Counts and reads the sealed rows that match filters, oldest first, in small steps.

A filter may match one row in ten million, and a database that is asked for the next thousand would look at all of
them. So it is asked about SLICE_SIZE rows of the app at a time, however many of those match.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from audit.integrity.sealing.row_values import FIELDS, RECORDS, Row
from audit.integrity.sealing.sealed_rows import BATCH_SIZE, Reach, Sealed, joined
from audit.models import Seal
from audit.search.matching import Filters
from audit.search.matching import rows as rows_matching
from core.pagination.cursors import Cursor

SLICE_SIZE = 10_000
"""How many rows of an app the database looks at in one statement."""


def count(filters: Filters, within: Reach, most: int | None = None) -> tuple[int, bool]:
    """How many rows match, and whether that is all of them: False once `most` slices were looked at."""
    total, looked_at = 0, 0
    for kind, rows in _sought(filters, within).items():
        sealed = Exists(Seal.objects.filter(row_id=OuterRef("id"), seq__lte=within.last[kind]))
        for piece in _slices(filters, kind, rows):
            if looked_at == most:
                return total, False
            total, looked_at = total + piece.filter(sealed).order_by().count(), looked_at + 1
    return total, True


def walk(filters: Filters, within: Reach) -> Iterator[Sealed]:
    """The rows that match, oldest first, of both kinds."""
    both = [_walk(filters, within, kind, rows) for kind, rows in _sought(filters, within).items()]
    return heapq.merge(*both, key=_moment)


def _moment(sealed: Sealed) -> tuple[datetime, str]:
    return sealed.row.at, sealed.row.id.hex


def _sought(filters: Filters, within: Reach) -> dict[str, QuerySet[Any]]:
    """What matches, by kind. A kind that cannot match, or has nothing sealed, is not in it."""
    querysets = dict(zip(RECORDS, rows_matching(filters), strict=True))
    return {
        kind: rows for kind, rows in querysets.items() if kind in within.last and not rows.query.is_empty()
    }


def _walk(filters: Filters, within: Reach, kind: str, rows: QuerySet[Any]) -> Iterator[Sealed]:
    for piece in _slices(filters, kind, rows):
        position = None
        while batch := [
            Row(kind, values) for values in _after(piece, position).values_list(*FIELDS[kind])[:BATCH_SIZE]
        ]:
            yield from _sealed([row for row in batch if row.is_sound], within.last[kind])
            position = Cursor(batch[-1].at, batch[-1].id)


def _sealed(batch: list[Row], last: int) -> list[Sealed]:
    """Those of `some` that were sealed by then, in their order."""
    by_id = {row.id: row for row in batch}
    return sorted(joined(Seal.objects.filter(row_id__in=by_id, seq__lte=last), by_id), key=_moment)


def _slices(filters: Filters, kind: str, rows: QuerySet[Any]) -> Iterator[QuerySet[Any]]:
    """`rows` in pieces, oldest first. For each the database looks at SLICE_SIZE rows and no more."""
    candidates, position = _looked_at(filters, kind), None
    while True:
        edge = _after(candidates, position).values_list("at", "id")[SLICE_SIZE - 1 : SLICE_SIZE]
        end = next((Cursor(*last_row) for last_row in edge), None)
        yield _after(rows, position, end)
        if end is None:
            return
        position = end


def _after(rows: QuerySet[Any], position: Cursor | None, end: Cursor | None = None) -> QuerySet[Any]:
    """`rows` beyond `place` and up to `end`, oldest first."""
    if position:
        rows = rows.filter(Q(at__gt=position.at) | Q(at=position.at, id__gt=position.id), at__gte=position.at)
    if end:
        rows = rows.filter(Q(at__lt=end.at) | Q(at=end.at, id__lte=end.id), at__lte=end.at)
    return rows.order_by("at", "id")


def _looked_at(filters: Filters, kind: str) -> QuerySet[Any]:
    """The rows among which to look: those that one index finds by moment, whatever else is asked for."""
    narrow: dict[str, Any] = {"app_id": filters.app_id}
    if filters.key_id or filters.agent:
        narrow = {"key_id": filters.key_id} if filters.key_id else {"agent_id": filters.agent}
    bounds = {"at__gte": filters.since, "at__lt": filters.until}
    return RECORDS[kind].objects.filter(**narrow, **{name: at for name, at in bounds.items() if at})
