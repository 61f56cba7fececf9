"""Reads sealed rows of a stream in sequence order, for exports and pulls.

A place is given to what is committed and to nothing else, and never twice. Whoever reads by it misses nothing that
commits late and is told nothing twice. All of it is read in steps, so that a million rows take the room of a thousand.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, Max, Q, QuerySet, Sum

from audit.integrity.sealing import row_values as rows
from audit.integrity.sealing.row_values import RECORDS, Row
from audit.models import Checkpoint, Seal
from audit.models.seals import NOWHERE

BATCH_SIZE = 1000
"""How many rows, and how many checkpoints, are read at once."""
COUNT_LIMIT = 10_000
"""How many checkpoints are counted at once."""


class Sealed(NamedTuple):
    """A row, its place in its stream, and what its seal says of it."""

    row: Row
    seq: int
    leaf: bytes
    salt: bytes | None
    commitment: bytes | None


class Batch(NamedTuple):
    """A checkpoint and the rows it stands for. They are gone if it has been purged."""

    checkpoint: Checkpoint
    rows: Sequence[Sealed]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the two streams of one app were sealed at a moment. What comes after is not told."""

    stream: UUID
    last: Mapping[str, int]
    """Kind to its last place; a kind with nothing sealed is not in it."""
    newest: Checkpoint | None
    """The last checkpoint that was made for the app."""


def reach(app_id: UUID | None) -> Reach:
    """How far an app is sealed now. None: what belongs to no app."""
    stream = app_id or NOWHERE
    heads = [_of(stream, kind).order_by("-first_seq").first() for kind in RECORDS]
    sealed = [head for head in heads if head]
    newest = max(sealed, key=lambda head: head.number, default=None)
    return Reach(stream, {head.kind: head.last_seq for head in sealed}, newest)


def count(within: Reach) -> int:
    """How many rows are there to be told. By arithmetic over checkpoints: no row is looked at."""
    return sum(_count(within, kind) for kind in within.last)


def batches(within: Reach, kind: str, after: int = 0, step: int = BATCH_SIZE) -> Iterator[Batch]:
    """The batches of one kind in order, from the one on that the place following `after` is in.

    `step` checkpoints are read at once: fewer is quicker for who wants few rows.
    """
    for checkpoints in _checkpoints(within, kind, after, step):
        for few in _portions(checkpoints):
            yield from _read(few)


def after(within: Reach, kind: str, last: int, step: int = BATCH_SIZE) -> Iterator[Sealed]:
    """The rows of one kind that come after the place `last`, in order."""
    for batch in batches(within, kind, last, step):
        yield from (sealed for sealed in batch.rows if sealed.seq > last)


def joined(seals: QuerySet[Seal], records: Mapping[UUID, Row]) -> Iterator[Sealed]:
    """`seals` with their rows. One whose row is gone is left out: that it is missing shows in the numbers."""
    for row_id, seq, *hashes in seals.values_list("row_id", "seq", "leaf", "salt", "commitment"):
        if row := records.get(row_id):
            leaf, salt, commitment = (None if column is None else bytes(column) for column in hashes)
            yield Sealed(row, seq, leaf or b"", salt, commitment)


def seals_between(stream: UUID, kind: str, first: int, last: int) -> QuerySet[Seal]:
    """The seals from one place of a stream to another, both included, in order."""
    return Seal.objects.filter(stream=stream, kind=kind, seq__gte=first, seq__lte=last).order_by("seq")


def _of(stream: UUID, kind: str) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(stream=stream, kind=kind)


def _count(within: Reach, kind: str) -> int:
    total, last = 0, 0
    row_count = Sum(F("last_seq") - F("first_seq") + 1, filter=Q(purged_at=None))
    while last < within.last[kind]:
        totals = _after(within, kind, last)[:COUNT_LIMIT].aggregate(last=Max("last_seq"), rows=row_count)
        if totals["last"] is None:
            break
        total, last = total + (totals["rows"] or 0), totals["last"]
    return total


def _checkpoints(within: Reach, kind: str, last: int, step: int) -> Iterator[list[Checkpoint]]:
    begun = _of(within.stream, kind).filter(first_seq__lte=last + 1).order_by("-first_seq").first()
    last = begun.first_seq - 1 if begun else last
    while batch := list(_after(within, kind, last)[:step]):
        yield batch
        last = batch[-1].last_seq


def _after(within: Reach, kind: str, last: int) -> QuerySet[Checkpoint]:
    ahead = _of(within.stream, kind).filter(first_seq__gt=last, last_seq__lte=within.last.get(kind, 0))
    return ahead.order_by("first_seq")


def _portions(checkpoints: Iterable[Checkpoint]) -> Iterator[list[Checkpoint]]:
    """Neighbours, as many as have BATCH_SIZE rows together: an idle app has a row or two to a checkpoint."""
    few: list[Checkpoint] = []
    for checkpoint in checkpoints:
        if few and checkpoint.last_seq - few[0].first_seq >= BATCH_SIZE:
            yield few
            few = []
        few.append(checkpoint)
    if few:
        yield few


def _read(few: Sequence[Checkpoint]) -> Iterator[Batch]:
    """Some neighbours with their rows, in three queries."""
    begins, ends = few[0], few[-1]
    seals = seals_between(begins.stream, begins.kind, begins.first_seq, ends.last_seq)
    first, last = (
        min(checkpoint.earliest_at for checkpoint in few),
        max(checkpoint.latest_at for checkpoint in few),
    )
    # Wherever they lie: a checkpoint may be filed under another time than that of its rows, which no seal covers.
    records, _ = rows.read_each(begins.kind, list(seals.values_list("row_id", flat=True)), first, last)
    sealed = deque(joined(seals, rows.by_id(records)))
    for checkpoint in few:
        rows_below = []
        while sealed and sealed[0].seq <= checkpoint.last_seq:
            rows_below.append(sealed.popleft())
        yield Batch(checkpoint, rows_below)
