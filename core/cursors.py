"""Parts of a list: by offset, or by a cursor that holds still while rows come and go."""

from typing import Annotated, Any

from django.db.models import Q, QuerySet
from ninja import Query, Schema
from pydantic import Field

from audit.search.search import Cursor, parse_cursor


class Part(Schema):
    """Which part of a list is asked for."""

    limit: int = Field(default=100, ge=1, le=1000, description="How many at most.")
    offset: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000,
        description="How many to pass over. Rows that come or go meanwhile move it: cursor holds still.",
    )
    cursor: str = Field(default="", max_length=100, description="next_cursor of the answer before.")


PartOfList = Annotated[Part, Query()]


def cut(
    rows: QuerySet[Any], part: Part, moment: str = "created_at", *, oldest_first: bool = False
) -> tuple[list[Any], dict[str, Any]]:
    """The rows of `part`, by their `moment` and id, and what a Page says beside them. Raises Invalid."""
    total, place = rows.count(), parse_cursor(part.cursor)
    beyond, turn = ("gt", "") if oldest_first else ("lt", "-")
    if place:
        later = Q(**{f"{moment}__{beyond}": place.at})
        rows = rows.filter(later | Q(**{moment: place.at, f"id__{beyond}": place.id}))
    ordered = rows.order_by(f"{turn}{moment}", f"{turn}id")
    found = list(ordered[part.offset : part.offset + part.limit + 1])
    more, found = len(found) > part.limit, found[: part.limit]
    last = str(Cursor(getattr(found[-1], moment), found[-1].id)) if more else None
    return found, {
        "total": total,
        "limit": part.limit,
        "offset": part.offset,
        "has_more": more,
        "next_cursor": last,
    }
