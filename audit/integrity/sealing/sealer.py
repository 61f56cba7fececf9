"""The sealer: gives pending rows their sequence numbers, and each batch a signed checkpoint.

Writers never wait for it: they insert freely, and what they have committed is sealed afterwards, in batches. Several
processes may try at once; one wins, and the others have done nothing (docs/decisions/0015).
"""

import logging
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from audit import canonical
from audit.integrity.sealing import (
    checkpoints,
    forgeries,
    last_uses,
    mac_check,
    pending_rows,
    signing,
    tallies,
)
from audit.integrity.sealing import (
    row_values as rows,
)
from audit.integrity.sealing.mac_check import MacFailures
from audit.integrity.sealing.pending_rows import PendingRow
from audit.integrity.sealing.row_values import Row
from audit.models import Checkpoint, Pending, Seal
from audit.models.seals import NOWHERE
from core.clock import now

log = logging.getLogger(__name__)
PASS_LIMIT = 2_000
"""How many rows are sealed in one transaction at the most. A pass that is killed is lost: they are kept short."""
BATCH_SIZE = 1000
"""How many rows one checkpoint stands for at the most."""
LOCK = 7_365_616_108
"""The number of the advisory lock that one sealer at a time holds, on PostgreSQL."""
_HEADS = """
WITH wanted (stream, kind) AS (VALUES {places})
SELECT audit_checkpoint.* FROM wanted JOIN audit_checkpoint ON audit_checkpoint.number = (
    SELECT head.number FROM audit_checkpoint AS head WHERE head.stream = wanted.stream AND head.kind = wanted.kind
    ORDER BY head.first_seq DESC LIMIT 1
)
"""
SEAL_COLUMNS = ("row_id", "stream", "kind", "seq", "leaf", "salt")


class Stream(NamedTuple):
    """One app's acts, or one app's calls."""

    app_id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one stream and one month, in order, and what is hashed of each: they get one checkpoint."""

    stream: Stream
    rows: Sequence[Row]
    salts: Sequence[bytes]
    leaves: Sequence[bytes]
    root: bytes


class Overtaken(Exception):
    """Another sealer was quicker."""


def seal_all(limit: int = PASS_LIMIT) -> int:
    """Seal up to `limit` rows that wait, the oldest first; return how many. 0: none waits, or another seals them.

    Rows are read and hashed before anything is locked. Then, in one transaction, they are given their places.
    """
    oldest = _oldest(limit)
    if not oldest:
        return 0
    checked = mac_check.check_pending(oldest)
    batches = list(_batches(checked.rows))
    try:
        with transaction.atomic():
            forgeries.set_aside(checked.forged)
            _take_turn(oldest)
            _write(batches)
            tallies.add(checked.rows)
            last_uses.add(checked.rows)
            _record_missing(oldest, checked)
    except Overtaken:
        return 0
    except IntegrityError:
        return _forget_sealed([row.id for row in checked.rows])
    checkpoints.write_pending()
    return len(oldest)


def _oldest(limit: int) -> list[PendingRow]:
    """The rows that have waited the longest. What cannot be read is settled first: it must not keep the others."""
    while True:
        try:
            return pending_rows.oldest(limit)
        except rows.UNREADABLE:
            if not forgeries.set_aside_unreadable(limit):
                raise


def catch_up(app_id: UUID | None, patience: float = 5.0) -> bool:
    """Seal what an app has waiting now. False: others were at it for all of `patience` seconds."""
    begun, ends = now(), time.monotonic() + patience
    pending = Pending.objects.filter(stream=app_id or NOWHERE, at__lte=begun)
    while pending.exists():
        if seal_all():
            continue
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


def sealed_to(app_id: UUID | None) -> datetime | None:
    """Up to when all that happened to an app is sealed. None: nothing ever was."""
    stream = app_id or NOWHERE
    waits = Pending.objects.filter(stream=stream).order_by("at").values_list("at", flat=True).first()
    heads = [
        Checkpoint.objects.filter(stream=stream, kind=kind).order_by("-first_seq").first()
        for kind in rows.RECORDS
    ]
    newest = max((head.sealed_at for head in heads if head), default=None)
    return min(waits, newest) if waits and newest else newest


def _batches(records: Iterable[Row]) -> Iterator[Batch]:
    """Rows as batches: none spans two months, so that a month of calls can go as a whole."""
    streams: defaultdict[tuple[str, int, int, UUID], list[Row]] = defaultdict(list)
    for row in records:
        streams[row.kind, row.at.year, row.at.month, row.stream].append(row)
    for (kind, _, _, app_id), group in sorted(streams.items()):
        group.sort(key=lambda row: (row.at, row.id))
        for start in range(0, len(group), BATCH_SIZE):
            yield _hashed(Stream(app_id, kind), group[start : start + BATCH_SIZE])


def _hashed(stream: Stream, records: Sequence[Row]) -> Batch:
    random = os.urandom(16 * len(records))
    salts = [random[start : start + 16] for start in range(0, len(random), 16)]
    leaves = [row.leaf(row.commitment(salt)) for row, salt in zip(records, salts, strict=True)]
    return Batch(stream, records, salts, leaves, canonical.root(leaves))


def _take_turn(oldest: Sequence[PendingRow]) -> None:
    """Make these rows ours to seal. Raises Overtaken if one of them no longer waits, or another sealer is at work."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                raise Overtaken
            cursor.execute(
                "DELETE FROM audit_pending WHERE row_id = ANY(%s)", [[pending.row_id for pending in oldest]]
            )
        else:
            placeholders = ", ".join(["%s"] * len(oldest))
            ids = [pending.row_id.hex for pending in oldest]
            cursor.execute(f"DELETE FROM audit_pending WHERE row_id IN ({placeholders})", ids)
        if cursor.rowcount != len(oldest):
            raise Overtaken


def _write(batches: Sequence[Batch]) -> None:
    signing.store_public_key()
    mac_check.store_key_fingerprint()
    last = Checkpoint.objects.order_by("-number").first()
    if last is None:
        checkpoints.begin()
    else:
        checkpoints.resume(last)
    heads, fresh, lines = _heads(batches), list[Checkpoint](), list[tuple[Any, ...]]()
    for number, batch in enumerate(batches, last.number + 1 if last else 1):
        made = heads[batch.stream] = _checkpoint(number, batch, heads.get(batch.stream))
        lines += _seals(batch, made.first_seq)
        fresh.append(made)
    Checkpoint.objects.bulk_create(fresh)
    _insert(lines)


def _heads(batches: Sequence[Batch]) -> dict[Stream, Checkpoint]:
    """The last checkpoint of each stream that has one. Neither engine's ORM can ask for many at once."""
    streams = list({batch.stream for batch in batches})
    if not streams:
        return {}
    native = connection.features.has_native_uuid_field
    pairs = [(stream.app_id if native else stream.app_id.hex, stream.kind) for stream in streams]
    values = [value for pair in pairs for value in pair]
    heads = Checkpoint.objects.raw(_HEADS.format(places=", ".join(["(%s, %s)"] * len(streams))), values)
    return {Stream(head.stream, head.kind): head for head in heads}


def _checkpoint(number: int, batch: Batch, before: Checkpoint | None) -> Checkpoint:
    """The checkpoint of a batch: the next of its stream, and of the portal."""
    first = before.last_seq + 1 if before else 1
    fields: dict[str, Any] = {
        "number": number,
        "stream": batch.stream.app_id,
        "kind": batch.stream.kind,
        "first_seq": first,
        "last_seq": first + len(batch.rows) - 1,
        "root": batch.root,
        "previous": bytes(before.hash) if before else canonical.NOTHING,
        "sealed_at": now(),
    }
    its_hash = canonical.checkpoint_hash(**fields)
    return Checkpoint(
        **fields,
        hash=its_hash,
        earliest_at=batch.rows[0].at,
        latest_at=batch.rows[-1].at,
        key_id=signing.key_id(),
        signature=signing.sign(canonical.signed(its_hash)),
    )


def _seals(batch: Batch, first: int) -> Iterator[tuple[Any, ...]]:
    app_id, kind = batch.stream
    for seq, (row, leaf, salt) in enumerate(zip(batch.rows, batch.leaves, batch.salts, strict=True), first):
        yield row.id, app_id, kind, seq, leaf, salt


def _insert(lines: Sequence[tuple[Any, ...]]) -> None:
    """Many seals at once. The ORM would take several times as long."""
    columns = ", ".join(SEAL_COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            statement = f"COPY audit_seal ({columns}) FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(statement) as copy:
                for line in lines:
                    copy.write_row(line)
        else:
            adapted = [(row.hex, app.hex, *rest) for row, app, *rest in lines]
            cursor.executemany(f"INSERT INTO audit_seal ({columns}) VALUES (%s, %s, %s, %s, %s, %s)", adapted)


def _record_missing(oldest: Sequence[PendingRow], checked: MacFailures) -> None:
    """A row that waited for its seal and is not there was deleted behind the record's back. That is an event."""
    existing = {row.id for row in checked.rows} | {pending.row_id for pending in checked.forged}
    for pending in oldest:
        if pending.row_id not in existing:
            forgeries.record_missing(pending.kind, str(pending.row_id), pending.stream)


def _forget_sealed(ids: Sequence[UUID]) -> int:
    """After a database was copied row by row, what is sealed already waits once more. Let it wait no longer."""
    sealed = Seal.objects.filter(row_id__in=ids).values("row_id")
    count, _ = Pending.objects.filter(row_id__in=sealed).delete()
    return count
