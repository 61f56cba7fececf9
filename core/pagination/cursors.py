"""Pagination of lists, by offset or by a stable cursor."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet
from ninja import Query, Schema
from pydantic import Field

from core.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([0-9]{1,18})-([0-9a-f]{32})")


class Cursor(NamedTuple):
    """A place in the timeline: the row with this moment and id."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.id.hex}"


def parse_cursor(text: str) -> Cursor | None:
    """A place from an address; empty is none. Raises Invalid."""
    if not text:
        return None
    match = _CURSOR.fullmatch(text)
    try:
        if not match:
            raise OverflowError
        return Cursor(_EPOCH + timedelta(microseconds=int(match[1])), UUID(match[2]))
    except OverflowError:
        raise Invalid("before", "Invalid page. Start from the newest entry.") from None


class PageParams(Schema):
    """Which part of a list is asked for."""

    limit: int = Field(default=100, ge=1, le=1000, description="How many at most.")
    offset: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000,
        description="How many to pass over. Rows that come or go meanwhile move it: cursor holds still.",
    )
    cursor: str = Field(default="", max_length=100, description="next_cursor of the answer before.")


PartOfList = Annotated[PageParams, Query()]


def paginate(
    rows: QuerySet[Any], part: PageParams, moment: str = "created_at", *, oldest_first: bool = False
) -> tuple[list[Any], dict[str, Any]]:
    """The rows of `part`, by their `moment` and id, and what a Page says beside them. Raises Invalid."""
    total, position = rows.count(), parse_cursor(part.cursor)
    beyond, turn = ("gt", "") if oldest_first else ("lt", "-")
    if position:
        later = Q(**{f"{moment}__{beyond}": position.at})
        rows = rows.filter(later | Q(**{moment: position.at, f"id__{beyond}": position.id}))
    ordered = rows.order_by(f"{turn}{moment}", f"{turn}id")
    page = list(ordered[part.offset : part.offset + part.limit + 1])
    more, page = len(page) > part.limit, page[: part.limit]
    last = str(Cursor(getattr(page[-1], moment), page[-1].id)) if more else None
    return page, {
        "total": total,
        "limit": part.limit,
        "offset": part.offset,
        "has_more": more,
        "next_cursor": last,
    }
