"""Drops whole monthly partitions of requests on PostgreSQL, once they are fully sealed.

Its seals are in a table without months. They are deleted afterwards in steps; a StreamCursor holds the position.
"""

import logging
from datetime import datetime
from itertools import takewhile

from django.db import OperationalError, connection
from django.db.models import F, QuerySet, Sum

from audit.integrity import partitions
from audit.integrity.append_only_triggers import maintenance
from audit.integrity.partitions import FIRST, Part
from audit.models import Checkpoint, Pending, StreamCursor
from audit.retention import purging
from core.clock import now

log = logging.getLogger(__name__)

SWEEP = "sweep "
MAX_BATCHES = 20
"""Batches whose seals one sweep deletes."""
LOCK_TIMEOUT = "2s"
"""How long dropping waits for whoever reads a month. Behind it writers wait, so it gives up and comes again."""


def drop(before: datetime) -> int:
    """Drop each month that ended by `before`, from the oldest to the first that is not sealed whole.

    Returns how many calls went: 0 where there are no partitions, or they are another role's.
    """
    before = min(before, purging.at_the_latest("call"))
    if not _past(before) or not partitions.are_ours():
        return 0
    try:
        with maintenance():
            return _drop(before)
    except OperationalError as busy:
        log.info("months of calls are dropped another time: %s", type(busy.__cause__).__name__)
        return 0


def sweep() -> int:
    """Delete seals of calls that went with their months, some at a time. Returns how many seals went."""
    cursor_row = StreamCursor.objects.filter(name__startswith=SWEEP).order_by("name").first()
    if cursor_row is None or not purging.may_delete("call"):
        return 0
    gone_at = datetime.fromisoformat(cursor_row.name.removeprefix(SWEEP))
    gone = Checkpoint.objects.filter(kind="call", purged_at=gone_at, number__gt=cursor_row.number)
    batches = list(gone.order_by("number")[:MAX_BATCHES])
    with maintenance():
        swept = sum(batch.seals().delete()[0] for batch in batches)
        if batches:
            StreamCursor.objects.filter(name=cursor_row.name).update(number=batches[-1].number)
        else:
            cursor_row.delete()
    return swept


def _past(before: datetime) -> list[Part]:
    past = [part for part in partitions.parts() if part.ends and part.ends <= before]
    return [] if [part.name for part in past] == [FIRST] else past


def _drop(before: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    whole = list(takewhile(_is_whole, _past(before)))
    ends = whole[-1].ends if whole and [part.name for part in whole] != [FIRST] else None
    if ends is None:
        return 0
    stretches = purging.stretches(purging.due("call", ends).select_for_update())
    gone, at = purging.sound(stretches), now()
    remaining = Checkpoint.objects.filter(kind="call", purged_at=None, latest_at__lt=ends)
    if len(gone) < len(stretches) or remaining.count() > sum(map(len, gone)):
        return 0  # some of it is not to go yet, or is evidence
    if gone:
        first = min(batch.number for stretch in gone for batch in stretch)
        StreamCursor.objects.create(name=f"{SWEEP}{at.isoformat()}", number=first - 1)
    rows = purging.close(gone, before, at)
    partitions.drop_before(ends)
    return rows


def _is_whole(part: Part) -> bool:
    """Whether all its calls are sealed in batches that lie in it. Nobody may add one until it is gone."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {part.name} IN SHARE MODE")
        cursor.execute(f"SELECT count(*) FROM {part.name}")
        row_count = cursor.fetchone()[0]
    batches = _within(part).order_by().aggregate(rows=Sum(F("last_seq") - F("first_seq") + 1))
    return bool(row_count == (batches["rows"] or 0)) and not _waiting(part)


def _within(part: Part) -> QuerySet[Checkpoint]:
    bounds = {"earliest_at__gte": part.begins, "latest_at__lt": part.ends}
    conditions = {name: moment for name, moment in bounds.items() if moment}
    return Checkpoint.objects.filter(kind="call", purged_at=None, **conditions)


def _waiting(part: Part) -> bool:
    """Whether a call of it, or of one before it, waits for its seal."""
    return Pending.objects.filter(kind="call", at__lt=part.ends).exists()
