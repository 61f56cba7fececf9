"""Checks the rows of one checkpoint in the database: each against its seal, and the seals against the root."""

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


def check(one: Checkpoint, claims: SignedClaims) -> tuple[list[Finding], int]:
    """What is wrong with the rows of a checkpoint, and how many were looked at.

    Rows may be purged or erased while they are read: what is found must be found twice.
    """
    found, count = _look(one, claims)
    if any(not finding.is_note for finding in found):
        one.refresh_from_db(fields=["purged_at"])
        again, count = _look(one, SignedClaims(claims.trust))
        found = [finding for finding in found if finding in again]
    return found, count


def line(one: Checkpoint) -> CheckpointLine:
    """A checkpoint as it is told outside. Raises Unreadable."""
    return evidence.checkpoint(checkpoints.told(one))


def _look(one: Checkpoint, claims: SignedClaims) -> tuple[list[Finding], int]:
    if one.purged_at:
        return list(_purged(one, claims)), 0
    seals = list(_seals(one))
    ids = [seal.row_id for seal in seals]
    there, unreadable = row_values.read_each(one.kind, ids, one.earliest_at, one.latest_at)
    found, beyond = row_values.by_id(there), set(unreadable)
    findings = [*stored_format.of_seals(one), *_gaps(one, seals), *_unreadable(one, seals, beyond)]
    readable = [seal for seal in seals if seal.row_id not in beyond]
    findings += [*_rows(one, readable, found, claims), *_root(one, seals, found)]
    return [*findings, *_bounds(one, found), *_late(one)], len(seals)


def read(kind: str, ids: Sequence[UUID], one: Checkpoint) -> dict[UUID, Row]:
    """The rows with these ids, wherever they are: one whose moment was changed may lie in another month."""
    return row_values.by_id(row_values.read_each(kind, ids, one.earliest_at, one.latest_at)[0])


def _purged(one: Checkpoint, claims: SignedClaims) -> Iterator[Finding]:
    if why := claims.against_purge(one):
        says = f"The rows {one.first_seq} to {one.last_seq} are said to be purged, and {why}."
        yield Finding("purge", says, _under(one))


def _seals(one: Checkpoint) -> Iterator[Seal]:
    mine = Seal.objects.filter(
        stream=one.stream, kind=one.kind, seq__gte=one.first_seq, seq__lte=one.last_seq
    )
    return iter(mine.order_by("seq"))


def _gaps(one: Checkpoint, seals: Sequence[Seal]) -> Iterator[Finding]:
    """Places without a seal."""
    for before, after in pairwise([one.first_seq - 1, *(seal.seq for seal in seals), one.last_seq + 1]):
        if after - before > 1:
            many = f"The seals {before + 1} to {after - 1} are gone."
            says = many if after - before > 2 else f"The seal of no. {before + 1} is gone."
            yield Finding("missing", says, replace(_under(one), seq=before + 1))


def _rows(
    one: Checkpoint, seals: Sequence[Seal], found: Mapping[UUID, Row], claims: SignedClaims
) -> Iterator[Finding]:
    edited = []
    for seal in seals:
        row = found.get(seal.row_id)
        where = _at(seal, one)
        if row is None:
            yield Finding("missing", "The row is gone; its seal is there.", where)
        elif not fits(row, seal):
            edited.append((seal, row))
        elif (row.values[APP_ID] or NOWHERE) != one.stream:
            yield Finding("inserted", "The row belongs to another app.", where)
        elif seal.salt is None:
            yield from _erased(one, seal, row, claims)
    yield from _edited(one, edited)


def fits(row: Row, seal: Seal) -> bool:
    """Whether a row says what it said when it was sealed, in the spelling it had."""
    return row.is_plain and _says_the_same(row, seal)


def _says_the_same(row: Row, seal: Seal) -> bool:
    commitment = row.commitment(bytes(seal.salt)) if seal.salt else bytes(seal.commitment or b"")
    return row.leaf(commitment) == bytes(seal.leaf)


def _unreadable(one: Checkpoint, seals: Sequence[Seal], ids: set[UUID]) -> Iterator[Finding]:
    for seal in seals:
        if seal.row_id in ids:
            yield Finding("edited", "The row holds what cannot be read.", _at(seal, one))


def _erased(one: Checkpoint, seal: Seal, row: Row, claims: SignedClaims) -> Iterator[Finding]:
    where = _at(seal, one)
    personal = FIELDS[one.kind][len(canonical.PUBLIC[one.kind]) :]
    if telling := [name for name in personal if row.values[FIELDS[one.kind].index(name)]]:
        yield Finding("erasure", f"The row is erased and still tells: {', '.join(telling)}.", where)
    if why := claims.against_erasure(one, seal.seq):
        yield Finding("erasure", f"The row is erased, and {why}.", where)


def _edited(one: Checkpoint, edited: Sequence[tuple[Seal, Row]]) -> Iterator[Finding]:
    """Rows that do not fit their seals: changed, or each saying what another said."""
    for at, (seal, row) in enumerate(edited):
        where = _at(seal, one)
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


def _root(one: Checkpoint, seals: Sequence[Seal], found: Mapping[UUID, Row]) -> Iterator[Finding]:
    if len(seals) != one.last_seq - one.first_seq + 1:
        return
    if canonical.root([bytes(seal.leaf) for seal in seals]) != bytes(one.root):
        there = [(seal.seq, found[seal.row_id]) for seal in seals if seal.row_id in found]
        pairs = pairwise(there)
        unordered = (seq for (_, a), (seq, b) in pairs if (a.at, a.id) >= (b.at, b.id))
        yield rootless(line(one), next(unordered, None))


def _bounds(one: Checkpoint, found: Mapping[UUID, Row]) -> Iterator[Finding]:
    """Which time a batch lies in is not sealed; its rows tell. By it rows are looked for, and purged when due."""
    moments = [row.at for row in found.values()]
    filed = (one.earliest_at, one.latest_at)
    is_whole = len(moments) == one.rows
    lies = moments and not filed[0] <= min(moments) <= max(moments) <= filed[1]
    if lies or (is_whole and filed != (min(moments), max(moments))):
        says = "The time of its rows is not the one that the checkpoint is filed under."
        yield Finding("hash", says, _under(one))


def _late(one: Checkpoint) -> Iterator[Finding]:
    if one.sealed_at - one.earliest_at > LATE:
        days = (one.sealed_at - one.earliest_at).days
        says = f"Its oldest row was sealed {days} days after the moment it tells."
        yield Finding("backdated", says, _under(one))


def _under(one: Checkpoint) -> Where:
    return Where(one.kind, one.first_seq, checkpoint=one.number, stream=one.stream)


def _at(seal: Seal, one: Checkpoint) -> Where:
    return replace(_under(one), seq=seal.seq, row_id=seal.row_id)
