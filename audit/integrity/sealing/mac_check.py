"""Reads the rows that wait for their seals and separates genuine rows from forged ones by their MACs."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from audit import macs
from audit.integrity.sealing import row_values as rows
from audit.integrity.sealing.pending_rows import PendingRow
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


class MacFailures(NamedTuple):
    """What is there of the rows that wait."""

    rows: list[Row]
    forged: list[Forged]


def check_pending(waiting: Iterable[PendingRow]) -> MacFailures:
    """Read the rows that wait. What is said of them where they wait is not believed: they may be elsewhere."""
    months: defaultdict[tuple[str, int, int], list[PendingRow]] = defaultdict(list)
    for pending in waiting:
        months[pending.kind, pending.at.year, pending.at.month].append(pending)
    result = MacFailures([], [])
    for (kind, *_), group in sorted(months.items()):
        moments = [pending.at for pending in group]
        read_rows, unreadable = rows.read_each(
            kind, [pending.row_id for pending in group], min(moments), max(moments)
        )
        result.rows.extend(row for row in read_rows if row.is_genuine)
        result.forged.extend(_forged(row) for row in read_rows if not row.is_genuine)
        result.forged.extend(
            Forged(pending.row_id, pending.stream, kind, None, "unreadable")
            for pending in group
            if pending.row_id in unreadable
        )
    return result


def store_key_fingerprint() -> None:
    """Keep a mark of the key that MACs are made with now, so that a lost one is noticed at the next start."""
    number = macs.current()
    MacKey.objects.get_or_create(number=number, defaults={"mark": macs.key_fingerprint(number)})


def _forged(row: Row) -> Forged:
    reason = "no MAC" if row.mac is None else "wrong MAC" if row.is_plain else "other spelling"
    return Forged(row.id, row.stream, row.kind, row.at, reason)
