"""Reads the rows that wait for their seals, and tells those that the portal wrote from those that it did not."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from audit import macs
from audit.integrity.sealing import row_values as rows
from audit.integrity.sealing.pending_rows import Waiting
from audit.integrity.sealing.row_values import Row
from audit.models import MacKey


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
        moments = [one.at for one in some]
        there, unreadable = rows.read_each(kind, [one.row_id for one in some], min(moments), max(moments))
        found.rows.extend(row for row in there if row.is_genuine)
        found.forged.extend(_forged(row) for row in there if not row.is_genuine)
        found.forged.extend(
            Forged(one.row_id, one.stream, kind, None, "unreadable")
            for one in some
            if one.row_id in unreadable
        )
    return found


def make_known() -> None:
    """Keep a mark of the key that MACs are made with now, so that a lost one is noticed at the next start."""
    number = macs.current()
    MacKey.objects.get_or_create(number=number, defaults={"mark": macs.key_fingerprint(number)})


def _forged(row: Row) -> Forged:
    reason = "no MAC" if row.mac is None else "wrong MAC" if row.is_plain else "other spelling"
    return Forged(row.id, row.stream, row.kind, row.at, reason)
