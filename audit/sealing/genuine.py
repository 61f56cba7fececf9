"""Reads the rows that wait for their seals, and tells those that the portal wrote from those that it did not."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import DatabaseError

from audit.models import MacKey
from audit.sealing import macs, rows
from audit.sealing.rows import Row

UNREADABLE = (DatabaseError, ValueError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading a row raises that holds what the portal does not write: no date, no JSON, nested without an end."""


class Waiting(NamedTuple):
    """A row that waits for its seal."""

    row_id: UUID
    stream: UUID
    kind: str
    at: datetime


class Forged(NamedTuple):
    """A row that the portal did not write."""

    row_id: UUID
    stream: UUID
    kind: str
    at: datetime | None
    """None: whatever its moment is."""
    reason: str


class Found(NamedTuple):
    """What is there of the rows that wait."""

    rows: list[Row]
    forged: list[Forged]


def look(waiting: Iterable[Waiting]) -> Found:
    """Read the rows that wait. What is said of them where they wait is not believed: they may be elsewhere."""
    months: defaultdict[tuple[str, int, int], list[Waiting]] = defaultdict(list)
    for one in waiting:
        months[one.kind, one.at.year, one.at.month].append(one)
    found = Found([], [])
    for (kind, *_), some in sorted(months.items()):
        for row in _rows(kind, some, found.forged):
            if row.is_genuine:
                found.rows.append(row)
            else:
                reason = "no MAC" if row.mac is None else "wrong MAC"
                found.forged.append(Forged(row.id, row.stream, kind, row.at, reason))
    return found


def make_known() -> None:
    """Keep a mark of the key that MACs are made with now, so that a lost one is noticed at the next start."""
    number = macs.current()
    MacKey.objects.get_or_create(number=number, defaults={"mark": macs.mark_of(number)})


def _rows(kind: str, some: Sequence[Waiting], unreadable: list[Forged]) -> Iterator[Row]:
    """Rows of one kind and one month; those of them that are not there, wherever else they are."""
    ids, moments = [one.row_id for one in some], [one.at for one in some]
    try:
        there = rows.read(kind, ids, min(moments), max(moments))
        if astray := set(ids) - {row.id for row in there}:
            there += rows.read(kind, list(astray))
    except UNREADABLE:
        there = list(_one_by_one(kind, some, unreadable))
    yield from there


def _one_by_one(kind: str, some: Iterable[Waiting], unreadable: list[Forged]) -> Iterator[Row]:
    for one in some:
        try:
            yield from rows.read(kind, [one.row_id])
        except UNREADABLE:
            unreadable.append(Forged(one.row_id, one.stream, kind, None, "unreadable"))
