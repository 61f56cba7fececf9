"""One timeline of events and requests, with stable pagination (docs/decisions/0006).

Pages are cut by key, (moment, id), never by offset, so the millionth page costs what the first one does.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.models import Call, Event, Pending, Recorded
from audit.search.matching import Filters, checked, rows
from core.pagination.cursors import Cursor

PAGE_SIZE = 50
Entry = Event | Call

__all__ = ["PAGE_SIZE", "Entry", "Filters", "Page", "around", "nearest_older"]
__all__ += ["rows", "timeline", "unsealed"]


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, newest first, and the ways on. None: there is nothing further that way."""

    entries: list[Entry]
    older: Cursor | None
    newer: Cursor | None


def timeline(
    filters: Filters, *, before: Cursor | None = None, after: Cursor | None = None, limit: int = PAGE_SIZE
) -> Page:
    """The newest entries that match, or those next to a cursor: older ones `before` it, newer ones `after`.

    Two queries, and one more to find the keys if `filters.key` is asked for.
    """
    matching = _nearest(*rows(filters), before or after, forwards=after is not None, limit=limit + 1)
    more, entries = len(matching) > limit, matching[:limit]
    if after:
        entries.reverse()
    return Page(
        entries,
        older=_place(entries, -1) if more or after else None,
        newer=_place(entries, 0) if (more and after) or before else None,
    )


def nearest_older(filters: Filters) -> Entry | None:
    """The last entry before the time asked for: where the next thing to see is. None if no time was asked for."""
    if filters.since is None:
        return None
    earlier = replace(filters, since=None, until=filters.since)
    older_entries = timeline(earlier, limit=1).entries
    return older_entries[0] if older_entries else None


def unsealed(entries: Iterable[Entry]) -> set[UUID]:
    """The ids of those that wait for their seal."""
    waiting = Pending.objects.filter(row_id__in=[entry.id for entry in entries])
    return set(waiting.values_list("row_id", flat=True))


def around(call: Call, each: int = 5) -> list[Entry]:
    """The calls with the same key just before and just after one, newest first, itself among them."""
    of_app = checked(app_id=call.app_id) if call.key_id else Q(app_id=call.app_id)
    same = Call.objects.filter(of_app, key_id=call.key_id)
    position, none = Cursor(call.at, call.id), Event.objects.none()
    later = _nearest(none, same, position, forwards=True, limit=each)
    return [*reversed(later), call, *_nearest(none, same, position, forwards=False, limit=each)]


def _nearest(
    events: QuerySet[Event], calls: QuerySet[Call], position: Cursor | None, *, forwards: bool, limit: int
) -> list[Entry]:
    """Up to `limit` entries of both kinds from `place` on, nearest first. One query for each kind."""
    order = ("at", "id") if forwards else ("-at", "-id")
    both = [_beyond(rows, position, forwards).order_by(*order)[:limit] for rows in (events, calls)]
    merged: Iterable[Any] = heapq.merge(*both, key=_key, reverse=not forwards)
    return list(islice(merged, limit))


def _beyond(rows: QuerySet[Any], position: Cursor | None, forwards: bool) -> QuerySet[Any]:
    if position is None:
        return rows
    if forwards:
        return rows.filter(Q(at__gt=position.at) | Q(at=position.at, id__gt=position.id), at__gte=position.at)
    return rows.filter(Q(at__lt=position.at) | Q(at=position.at, id__lt=position.id), at__lte=position.at)


def _key(entry: Recorded) -> tuple[datetime, str]:
    return entry.at, entry.id.hex


def _place(entries: list[Entry], index: int) -> Cursor | None:
    return Cursor(entries[index].at, entries[index].id) if entries else None
