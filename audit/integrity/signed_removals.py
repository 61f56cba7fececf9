"""Signs a claim for each range of rows that is purged and each batch with erased rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from audit.integrity.checking import evidence, removal_claims
from audit.integrity.checking.evidence import CheckpointLine
from audit.integrity.checking.removal_claims import ERASE, PURGE, RowRanges
from audit.integrity.sealing import checkpoints, signing
from audit.models import Checkpoint, Claim, Event
from audit.models.seals import NOWHERE
from core.clock import now

MINIMUM_DAYS: dict[str, int] = {"event": 365, "call": 7}
"""How long sealed rows must be kept at the least. It is signed with each purge, for it may change."""


def is_sound(stretch: Sequence[Checkpoint], before: datetime) -> bool:
    """Whether checkpoints that follow each other are what was signed, and sealed before a moment.

    What is purged is judged by what the key signed. The other columns say what whoever wrote them last wanted.
    """
    lines = [line(checkpoint) for checkpoint in stretch]
    chained = all(checkpoint.hash == after.previous for checkpoint, after in pairwise(lines))
    whole = all(
        checkpoint.recomputed() == checkpoint.hash and checkpoint.sealed_at < before for checkpoint in lines
    )
    return chained and whole and not any(signing.known().doubts(lines[-1]))


def purged(first: Checkpoint, last: Checkpoint, event: Event) -> Claim:
    """Sign that the rows of a stretch of checkpoints, of one stream and without a gap, are gone."""
    runs = [(first.first_seq, last.last_seq)]
    minimum = MINIMUM_DAYS[last.kind]
    return _sign(PURGE, last, runs, event, minimum_days=minimum)


def erased(stream: UUID, kind: str, seqs: Iterable[int], event: Event) -> None:
    """Sign that the rows in these places, in order, are erased: each under its checkpoint."""
    above: Checkpoint | None = None
    ranges = RowRanges()
    for seq in seqs:
        if above is None or seq > above.last_seq:
            _erased(above, ranges, event)
            above, ranges = _above(stream, kind, seq), RowRanges()
        ranges.add(seq, seq)
    _erased(above, ranges, event)


def ended(event: Event) -> Claim:
    """Sign that an account of checkpoints outside the database was ended, as the act of it says."""
    claim = {**event.facts, "action": event.action, "folder": event.target_id, "act": str(event.id)}
    return _store(event.action, NOWHERE, "event", (0, 0), claim)


def line(checkpoint: Checkpoint) -> CheckpointLine:
    """A checkpoint as it is told outside."""
    return evidence.checkpoint(checkpoints.to_line(checkpoint))


def _erased(above: Checkpoint | None, ranges: RowRanges, event: Event) -> None:
    if above is not None:
        _sign(ERASE, above, ranges.runs, event, minimum_days=None)


def _above(stream: UUID, kind: str, seq: int) -> Checkpoint | None:
    candidates = Checkpoint.objects.filter(stream=stream, kind=kind, first_seq__lte=seq)
    return candidates.order_by("-first_seq").first()


def _sign(
    action: str,
    above: Checkpoint,
    runs: Sequence[removal_claims.Run],
    event: Event,
    *,
    minimum_days: int | None,
) -> Claim:
    claim = {
        "action": action,
        "stream": str(above.stream),
        "kind": above.kind,
        "ranges": [list(run) for run in runs],
        "hash": bytes(above.hash).hex(),
        "minimum_days": minimum_days,
        "act": str(event.id),
    }
    return _store(action, above.stream, above.kind, (runs[0][0], runs[-1][1]), claim)


def _store(
    action: str, stream: UUID, kind: str, seq_range: removal_claims.Run, claim: dict[str, Any]
) -> Claim:
    claim = {**claim, "at": checkpoints.moment(now()), "key_id": signing.key_id()}
    claim["signature"] = signing.sign(removal_claims.signed_bytes(claim)).hex()
    first, last = seq_range
    return Claim.objects.create(
        action=action,
        stream=stream,
        kind=kind,
        first_seq=first,
        last_seq=last,
        told={"type": "claim", **claim},
    )
