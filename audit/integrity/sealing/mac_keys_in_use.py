"""The MAC keys of rows that wait for their seals: these keys must not be removed."""

from django.db import connection

from audit import macs
from audit.integrity.sealing.row_values import RECORDS
from audit.models import Pending

MAX_READ = 2_000
"""Rows of each kind that are looked at: the oldest and the newest of those that wait."""


def keys_in_use() -> set[int]:
    """Their numbers. Rows without a MAC have none."""
    return {number for kind in RECORDS for number in _numbers(kind) if number}


def _numbers(kind: str) -> set[int]:
    waiting = Pending.objects.filter(kind=kind)
    ids = [
        row_id
        for order in ("row_id", "-row_id")
        for row_id in waiting.order_by(order).values_list("row_id", flat=True)[: MAX_READ // 2]
    ]
    if not ids:
        return set()
    if connection.vendor != "postgresql":
        ids = ids[:500]
    row_macs = RECORDS[kind].objects.filter(id__in=ids).order_by().values_list("mac", flat=True)
    return {macs.number_of(bytes(mac)) for mac in row_macs if mac}
