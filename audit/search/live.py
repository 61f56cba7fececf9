"""Live updates: counts entries that are newer than a page, as server-sent events (docs/decisions/0018).

Rows come to stand in the record a little after the moment they tell of, and not in that order. So a place is
not the newest row seen but a moment some seconds before it, and the rows beyond that are known by their ids.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from audit.search.search import Entry, Filters, Page, rows
from core.clock import now
from core.errors import Invalid
from core.pagination.cursors import Cursor, parse_cursor

LOOK_BACK = timedelta(seconds=15)
"""Longer than a call or an act takes from its moment to its commit."""
MAX_NEW = 50
"""More new rows than this are not counted one by one."""
MAX_KNOWN = 600
RETRY = 2_000
"""Milliseconds until a browser asks again."""
_PLACE = re.compile(rf"([0-9]{{1,18}}-[0-9a-f]{{32}})((?:\.[0-9a-f]{{8}}){{0,{MAX_KNOWN}}})")
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class LivePosition:
    """How far a reader has come: rows beyond `floor` are new, but for those whose ids end so."""

    floor: Cursor
    known: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return ".".join([str(self.floor), *sorted(self.known)])


def parse_position(text: str) -> LivePosition:
    """A place from an address or a header. Raises Invalid."""
    match = _PLACE.fullmatch(text)
    floor = parse_cursor(match[1]) if match else None
    if not match or floor is None:
        raise Invalid("after", "Invalid position. Reload the page.")
    return LivePosition(floor, frozenset(match[2].split(".")[1:]))


def position_of(page: Page) -> LivePosition:
    """The place of someone who sees the newest page. Of an empty one: a little before now."""
    if not page.entries:
        return LivePosition(Cursor(now() - LOOK_BACK, _FIRST))
    # What is further down than a full page is no news.
    return _moved(_cursor(page.entries[-1]) if page.older else None, page.entries)


def arrived(filters: Filters, position: LivePosition) -> str:
    """What has come since `place`, as an event stream that ends at once, of one event or none.

    An event says how many rows: `count`, 50 at the most, and whether there are `more`.
    """
    beyond = _beyond(filters, position)
    fresh = [row for row in beyond if _short(row) not in position.known]
    lines = [f"retry: {RETRY}"]
    if fresh:
        data = {"count": min(len(fresh), MAX_NEW), "more": len(fresh) > MAX_NEW}
        lines += [f"id: {_moved(position.floor, beyond)}", f"data: {json.dumps(data)}"]
    return "\n".join(lines) + "\n\n"


def _beyond(filters: Filters, position: LivePosition) -> list[Entry]:
    """The newest rows beyond the floor, known ones among them, newest first."""
    most = MAX_NEW + 1 + len(position.known)
    newer = [row for matching in rows(filters) for row in _newest(matching, position)[:most]]
    return sorted((row for row in newer if _cursor(row) > position.floor), key=_cursor, reverse=True)[:most]


def _newest(matching: QuerySet[Any], position: LivePosition) -> QuerySet[Any]:
    return matching.filter(at__gte=position.floor.at).order_by("-at", "-id")


def _moved(floor: Cursor | None, seen: list[Entry]) -> LivePosition:
    """The place of someone who saw these rows, newest first, and knows of none beyond `floor` but them."""
    behind = Cursor(seen[0].at - LOOK_BACK, _FIRST)
    floor = max(floor, behind) if floor else behind
    known = [_short(row) for row in seen if _cursor(row) > floor]
    return LivePosition(floor, frozenset(known[:MAX_KNOWN]))


def _cursor(row: Entry) -> Cursor:
    return Cursor(row.at, row.id)


def _short(row: Entry) -> str:
    return row.id.hex[-8:]
