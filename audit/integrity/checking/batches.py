"""Checks the rows of one checkpoint: each row against its seal, and the seals against the Merkle root."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from audit import canonical
from audit.integrity.checking import evidence, stored_format
from audit.integrity.checking.evidence import CheckpointLine
from audit.integrity.checking.findings import Finding, Where
from audit.integrity.checking.offline_whole import rootless
from audit.integrity.checking.signed_claims import SignedClaims
from audit.integrity.sealing import checkpoints, row_values
from audit.integrity.sealing.row_values import FIELDS, Row
from audit.models import Checkpoint, Seal
from audit.models.seals import NOWHERE

LATE = timedelta(days=1)
"""How long after its moment a row may be sealed without a word."""
APP_ID = FIELDS["call"].index("app_id")
MAX_COMPARED = 40
"""Rows of one batch that are compared with each other, to see which have changed places."""


def check(checkpoint: Checkpoint, claims: SignedClaims) -> tuple[list[Finding], int]:
    """What is wrong with the rows of a checkpoint, and how many were looked at.

    Rows may be purged or erased while they are read: what is found must be found twice.
    """
    findings, count = _look(checkpoint, claims)
    if any(not finding.is_note for finding in findings):
        checkpoint.refresh_from_db(fields=["purged_at"])
        again, count = _look(checkpoint, SignedClaims(claims.trust))
        findings = [finding for finding in findings if finding in again]
    return findings, count


def line(checkpoint: Checkpoint) -> CheckpointLine:
    """A checkpoint as it is told outside. Raises Unreadable."""
    return evidence.checkpoint(checkpoints.to_line(checkpoint))


def _look(checkpoint: Checkpoint, claims: SignedClaims) -> tuple[list[Finding], int]:
    if checkpoint.purged_at:
        return list(_purged(checkpoint, claims)), 0
    seals = list(_seals(checkpoint))
    ids = [seal.row_id for seal in seals]
    read_rows, unreadable = row_values.read_each(
        checkpoint.kind, ids, checkpoint.earliest_at, checkpoint.latest_at
    )
    rows, beyond = row_values.by_id(read_rows), set(unreadable)
    findings = [
        *stored_format.check_seals(checkpoint),
        *_gaps(checkpoint, seals),
        *_unreadable(checkpoint, seals, beyond),
    ]
    readable = [seal for seal in seals if seal.row_id not in beyond]
    findings += [*_rows(checkpoint, readable, rows, claims), *_root(checkpoint, seals, rows)]
    return [*findings, *_bounds(checkpoint, rows), *_late(checkpoint)], len(seals)


def read(kind: str, ids: Sequence[UUID], checkpoint: Checkpoint) -> dict[UUID, Row]:
    """The rows with these ids, wherever they are: one whose moment was changed may lie in another month."""
    return row_values.by_id(row_values.read_each(kind, ids, checkpoint.earliest_at, checkpoint.latest_at)[0])


def _purged(checkpoint: Checkpoint, claims: SignedClaims) -> Iterator[Finding]:
    if why := claims.against_purge(checkpoint):
        message = (
            f"The rows {checkpoint.first_seq} to {checkpoint.last_seq} are said to be purged, and {why}."
        )
        yield Finding("purge", message, _under(checkpoint))


def _seals(checkpoint: Checkpoint) -> Iterator[Seal]:
    seals = Seal.objects.filter(
        stream=checkpoint.stream,
        kind=checkpoint.kind,
        seq__gte=checkpoint.first_seq,
        seq__lte=checkpoint.last_seq,
    )
    return iter(seals.order_by("seq"))


def _gaps(checkpoint: Checkpoint, seals: Sequence[Seal]) -> Iterator[Finding]:
    """Places without a seal."""
    for before, after in pairwise(
        [checkpoint.first_seq - 1, *(seal.seq for seal in seals), checkpoint.last_seq + 1]
    ):
        if after - before > 1:
            many = f"The seals {before + 1} to {after - 1} are gone."
            message = many if after - before > 2 else f"The seal of no. {before + 1} is gone."
            yield Finding("missing", message, replace(_under(checkpoint), seq=before + 1))


def _rows(
    checkpoint: Checkpoint, seals: Sequence[Seal], rows: Mapping[UUID, Row], claims: SignedClaims
) -> Iterator[Finding]:
    edited = []
    for seal in seals:
        row = rows.get(seal.row_id)
        where = _at(seal, checkpoint)
        if row is None:
            yield Finding("missing", "The row is gone; its seal is there.", where)
        elif not fits(row, seal):
            edited.append((seal, row))
        elif (row.values[APP_ID] or NOWHERE) != checkpoint.stream:
            yield Finding("inserted", "The row belongs to another app.", where)
        elif seal.salt is None:
            yield from _erased(checkpoint, seal, row, claims)
    yield from _edited(checkpoint, edited)


def fits(row: Row, seal: Seal) -> bool:
    """Whether a row says what it said when it was sealed, in the spelling it had."""
    return row.is_plain and _says_the_same(row, seal)


def _says_the_same(row: Row, seal: Seal) -> bool:
    commitment = row.commitment(bytes(seal.salt)) if seal.salt else bytes(seal.commitment or b"")
    return row.leaf(commitment) == bytes(seal.leaf)


def _unreadable(checkpoint: Checkpoint, seals: Sequence[Seal], ids: set[UUID]) -> Iterator[Finding]:
    for seal in seals:
        if seal.row_id in ids:
            yield Finding("edited", "The row holds what cannot be read.", _at(seal, checkpoint))


def _erased(checkpoint: Checkpoint, seal: Seal, row: Row, claims: SignedClaims) -> Iterator[Finding]:
    where = _at(seal, checkpoint)
    personal = FIELDS[checkpoint.kind][len(canonical.PUBLIC[checkpoint.kind]) :]
    if telling := [name for name in personal if row.values[FIELDS[checkpoint.kind].index(name)]]:
        yield Finding("erasure", f"The row is erased and still tells: {', '.join(telling)}.", where)
    if why := claims.against_erasure(checkpoint, seal.seq):
        yield Finding("erasure", f"The row is erased, and {why}.", where)


def _edited(checkpoint: Checkpoint, edited: Sequence[tuple[Seal, Row]]) -> Iterator[Finding]:
    """Rows that do not fit their seals: changed, or each saying what another said."""
    for at, (seal, row) in enumerate(edited):
        where = _at(seal, checkpoint)
        others = edited if at < MAX_COMPARED and len(edited) <= MAX_COMPARED else ()
        says_another = next(
            (other.seq for other, _ in others if other is not seal and _says(row, other)), None
        )
        if not row.is_plain:
            yield Finding("edited", "The row is stored in another spelling than the portal's.", where)
        elif says_another is None:
            yield Finding("edited", "The row does not say what it said when it was sealed.", where)
        else:
            yield Finding("moved", f"The row says what no. {says_another} said.", where)


def _says(row: Row, seal: Seal) -> bool:
    return fits(replace(row, values=(seal.row_id, *row.values[1:])), seal)


def _root(checkpoint: Checkpoint, seals: Sequence[Seal], rows: Mapping[UUID, Row]) -> Iterator[Finding]:
    if len(seals) != checkpoint.last_seq - checkpoint.first_seq + 1:
        return
    if canonical.root([bytes(seal.leaf) for seal in seals]) != bytes(checkpoint.root):
        existing = [(seal.seq, rows[seal.row_id]) for seal in seals if seal.row_id in rows]
        pairs = pairwise(existing)
        unordered = (seq for (_, a), (seq, b) in pairs if (a.at, a.id) >= (b.at, b.id))
        yield rootless(line(checkpoint), next(unordered, None))


def _bounds(checkpoint: Checkpoint, rows: Mapping[UUID, Row]) -> Iterator[Finding]:
    """Which time a batch lies in is not sealed; its rows tell. By it rows are looked for, and purged when due."""
    moments = [row.at for row in rows.values()]
    filed = (checkpoint.earliest_at, checkpoint.latest_at)
    is_whole = len(moments) == checkpoint.rows
    lies = moments and not filed[0] <= min(moments) <= max(moments) <= filed[1]
    if lies or (is_whole and filed != (min(moments), max(moments))):
        message = "The time of its rows is not the one that the checkpoint is filed under."
        yield Finding("hash", message, _under(checkpoint))


def _late(checkpoint: Checkpoint) -> Iterator[Finding]:
    if checkpoint.sealed_at - checkpoint.earliest_at > LATE:
        days = (checkpoint.sealed_at - checkpoint.earliest_at).days
        message = f"Its oldest row was sealed {days} days after the moment it tells."
        yield Finding("backdated", message, _under(checkpoint))


def _under(checkpoint: Checkpoint) -> Where:
    return Where(
        checkpoint.kind, checkpoint.first_seq, checkpoint=checkpoint.number, stream=checkpoint.stream
    )


def _at(seal: Seal, checkpoint: Checkpoint) -> Where:
    return replace(_under(checkpoint), seq=seal.seq, row_id=seal.row_id)
