"""Purges rows past their retention, in whole sealed batches; the checkpoints stay.

What is left still verifies: the checkpoints are one chain, and each batch that is there has its own root. Each purge
is itself an act, in the stream that it cut (docs/decisions/0020).
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from audit.actions import PURGE
from audit.actors import system
from audit.change import record
from audit.integrity.append_only_triggers import maintenance
from audit.integrity.sealing.row_values import RECORDS
from audit.integrity.signed_removals import MINIMUM_DAYS, is_sound, purged
from audit.models import Checkpoint, Span
from audit.models.seals import NOWHERE
from core.clock import now

log = logging.getLogger(__name__)

BATCH_SIZE = 5_000
"""Rows that one transaction deletes, or those of one batch if it has more."""
RUN_LIMIT = 20_000
"""Rows that go in one run; whoever calls comes again while there are more."""
MAX_BATCHES = 1_000
PLURAL = {"event": "acts", "call": "calls"}


def spans(before: datetime) -> int:
    """Delete spans that began before a moment. They are the programs' word, not evidence: nobody is told."""
    # In the order of their ids, which is that of writing: their moment has no index.
    oldest = Span.objects.order_by("id").values_list("id", "at")[:BATCH_SIZE]
    due = [row_id for row_id, at in oldest if at < before]
    return Span.objects.filter(id__in=due).delete()[0] if due else 0


def sealed(kind: str, before: datetime) -> int:
    """Delete batches of `kind` whose every row is older than `before`. Returns how many rows went."""
    gone = 0
    while gone < RUN_LIMIT and due(kind, before).exists() and may_delete(kind):
        if not (step := _step(kind, before)):
            break
        gone += step
    return gone


def due(kind: str, before: datetime) -> QuerySet[Checkpoint]:
    """The batches that have been kept long enough, the oldest first: by their rows, and by when they were sealed."""
    youngest = at_the_latest(kind)
    past = Checkpoint.objects.filter(
        kind=kind, purged_at=None, latest_at__lt=min(before, youngest), sealed_at__lt=youngest
    )
    return past.order_by("latest_at")


def at_the_latest(kind: str) -> datetime:
    """Before when rows must have been sealed: whatever the table of retention says, none goes sooner."""
    return now() - timedelta(days=MINIMUM_DAYS[kind])


def close(stretches: Iterable[Sequence[Checkpoint]], before: datetime, at: datetime) -> int:
    """Say of stretches of batches that their rows are gone, once in the record for each. Returns the rows."""
    rows = 0
    for stretch in stretches:
        numbers = [batch.number for batch in stretch]
        for start in range(0, len(numbers), MAX_BATCHES):
            Checkpoint.objects.filter(number__in=numbers[start : start + MAX_BATCHES]).update(purged_at=at)
        rows += _record(stretch[0], stretch[-1], before)
    return rows


def stretches(batches: Iterable[Checkpoint]) -> list[list[Checkpoint]]:
    """Batches that follow each other in one stream, together."""
    groups: list[list[Checkpoint]] = []
    for batch in sorted(batches, key=lambda batch: (batch.stream, batch.first_seq)):
        last = groups[-1][-1] if groups else None
        if last and (batch.stream, batch.first_seq) == (last.stream, last.last_seq + 1):
            groups[-1].append(batch)
        else:
            groups.append([batch])
    return groups


def sound(groups: Iterable[list[Checkpoint]]) -> list[list[Checkpoint]]:
    """The stretches that are what was sealed. The others are evidence, and stay."""
    fit = []
    for stretch in groups:
        if is_sound(stretch, at_the_latest(stretch[0].kind)):
            fit.append(stretch)
        else:
            first, last = stretch[0], stretch[-1]
            log.error(
                "the %ss %s to %s of %s are not purged: their checkpoints are not what was signed. "
                "Run .venv/bin/python manage.py check_audit.",
                first.kind,
                first.first_seq,
                last.last_seq,
                first.stream,
            )
    return fit


def may_delete(kind: str) -> bool:
    """Whether this role may delete from the record. With two roles on PostgreSQL only the owner of the tables may."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'DELETE')", [RECORDS[kind]._meta.db_table])
        may = bool(cursor.fetchone()[0])
    if not may:
        log.warning(
            "the audit log is not purged: this role may not. "
            "Run .venv/bin/python manage.py purge_audit as its owner."
        )
    return may


def _step(kind: str, before: datetime) -> int:
    with maintenance():
        batches = _some(due(kind, before).select_for_update(skip_locked=True)[:MAX_BATCHES])
        gone = sound(stretches(batches))
        for stretch in gone:
            for batch in stretch:
                _delete(batch)
        return close(gone, before, now())


def _some(batches: Iterable[Checkpoint]) -> Iterator[Checkpoint]:
    """As many as one transaction deletes, and one at the least."""
    left = BATCH_SIZE
    for batch in batches:
        yield batch
        left -= batch.rows
        if left <= 0:
            return


def _delete(batch: Checkpoint) -> None:
    seals = batch.seals()
    rows = RECORDS[batch.kind].objects.filter(id__in=list(seals.values_list("row_id", flat=True)))
    gone = 0
    if batch.kind == "call":  # tells PostgreSQL which partition to look in
        gone, _ = rows.filter(at__range=(batch.earliest_at, batch.latest_at)).delete()
    if gone < batch.rows:  # it may be filed under another time
        rows.delete()
    seals.delete()


def _record(first: Checkpoint, last: Checkpoint, before: datetime) -> int:
    rows = last.last_seq - first.first_seq + 1
    event = record(
        system(),
        PURGE,
        app_id=_app_of(first.stream),
        target_kind="audit log",
        target_id=str(first.stream),
        target_label=f"{rows:,} {PLURAL[first.kind]}",
        facts={
            "kind": first.kind,
            "rows": rows,
            "first_seq": first.first_seq,
            "last_seq": last.last_seq,
            "before": before.isoformat(timespec="seconds"),
        },
    )
    purged(first, last, event)
    return rows


def _app_of(stream: UUID) -> UUID | None:
    return None if stream == NOWHERE else stream
