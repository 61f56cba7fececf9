"""Signed claims that rows were purged or erased by the portal. Imports no Django.

The portal signs each with its seal key when it lets go of rows. A claim holds for one stretch of one stream and for the
checkpoint with one hash, which every row before it is bound to by the chain; docs/integrity.md tells the format.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from audit import canonical
from audit.integrity.checking import evidence, trust
from audit.integrity.checking.evidence import CheckpointLine, Unreadable
from audit.integrity.checking.findings import Finding, Where
from audit.integrity.checking.trust import Trust

PURGE, ERASE = "audit.purge", "audit.erase"
REANCHOR, RESTORE = "audit.reanchor", "audit.restore"
MAX_RUNS = 100_000
"""Runs of places in one claim."""
MAX_DAYS = 36_500
"""Days that a claim may say rows had to be kept: more than any rule asks, and no more than a date can hold."""
MAX_NESTED = 8
"""Claims that are looked through for one that begins before a place and ends after it. They hardly ever overlap."""
WHAT = {PURGE: "purge", ERASE: "erasure"}
"""The finding about rows whose claim does not hold."""
Run = tuple[int, int]


@dataclass(slots=True)
class RowRanges:
    """Ranges of sequence numbers of one stream, inclusive, ascending, merged where they touch. At most MAX_RUNS."""

    runs: list[Run] = field(default_factory=list)

    def add(self, first: int, last: int) -> None:
        """Add the rows from `first` to `last`. Calls come in ascending order."""
        if self.runs and self.runs[-1][0] <= first <= self.runs[-1][1] + 1:
            self.runs[-1] = (self.runs[-1][0], max(self.runs[-1][1], last))
        elif len(self.runs) < MAX_RUNS:
            self.runs.append((first, last))


@dataclass(frozen=True, slots=True)
class Claim:
    """What one claim says, as it was signed."""

    action: str
    stream: UUID
    kind: str
    runs: tuple[Run, ...]
    hash: bytes
    """Of the checkpoint that the erased rows lie under, or of the last one that was purged."""
    at: datetime
    minimum_days: int | None
    """Of a purge: how long rows of this kind had to be kept at the least, by the rules of the time."""
    key_id: str
    signature: bytes
    signed: bytes
    """What the signature is of."""

    @property
    def first_seq(self) -> int:
        """The first place it speaks of."""
        return self.runs[0][0]

    @property
    def last_seq(self) -> int:
        """The last place it speaks of."""
        return self.runs[-1][1]

    def covers(self, seq: int) -> bool:
        """Whether it speaks of this place."""
        at = bisect_right(self.runs, seq, key=lambda run: run[0]) - 1
        return at >= 0 and self.runs[at][1] >= seq

    def unsigned(self, keys: Trust) -> str:
        """Why its signature does not count. Empty: it does, or nothing can be said of signatures here."""
        if not trust.CAN_CHECK:
            return ""
        if self.key_id not in keys.keys:
            return f"its claim is signed by the key {self.key_id}, which is not trusted"
        valid = trust.is_signed(keys.keys[self.key_id], self.signed, self.signature)
        return "" if valid else f"the key {self.key_id} did not sign its claim"

    def unfit(self, above: CheckpointLine) -> str:
        """Why it does not hold for the checkpoint at its end, which is the newest it speaks of. Empty: it does."""
        if (above.stream, above.kind) != (self.stream, self.kind):
            return "its claim is of another stream"
        if above.hash != self.hash:
            return "its claim is of another checkpoint"
        if self.action == PURGE and self.last_seq != above.last_seq:
            return "its claim ends within a checkpoint"
        if self.action == PURGE and self.at - above.sealed_at < timedelta(days=self.minimum_days or 0):
            return f"its claim is of rows younger than the {self.minimum_days} days they had to be kept"
        return ""


def signed_bytes(data: Mapping[str, Any]) -> bytes:
    """What the key signs of a claim: all it says but the signature."""
    fields = {name: value for name, value in data.items() if name not in ("type", "signature")}
    return canonical.statement("claim", fields)


def read(data: Mapping[str, Any]) -> Claim:
    """A claim from JSON. Raises Unreadable."""
    action, minimum = data.get("action"), data.get("minimum_days")
    if not isinstance(action, str) or action not in WHAT:
        raise Unreadable("its action is neither a purge nor an erasure")
    if action == PURGE and (type(minimum) is not int or not 1 <= minimum <= MAX_DAYS):
        raise Unreadable("it does not say how long rows had to be kept")
    runs = tuple(_runs(data.get("ranges")))
    if not runs or (action == PURGE and len(runs) > 1):
        raise Unreadable("its ranges cannot be")
    try:
        signed = signed_bytes(data)
    except (KeyError, RecursionError, TypeError):
        raise Unreadable("it holds what no claim can hold") from None
    return Claim(
        action=action,
        stream=evidence.uuid_of(data, "stream"),
        kind=evidence.kind_of(data),
        runs=runs,
        hash=evidence.hexed(data, "hash", 32),
        at=evidence.moment_of(data, "at"),
        minimum_days=minimum,
        key_id=str(data.get("key_id", "")),
        signature=evidence.hexed(data, "signature", 64),
        signed=signed,
    )


def _runs(value: Any) -> Iterator[Run]:
    last = 0
    for run in value if isinstance(value, list) and len(value) <= MAX_RUNS else ():
        if not (isinstance(run, list) and len(run) == 2 and all(type(seq) is int for seq in run)):
            raise Unreadable("its ranges are not pairs of places")
        if not last < run[0] <= run[1]:
            raise Unreadable("its ranges are not in order")
        last = run[1]
        yield run[0], run[1]


@dataclass(slots=True)
class Claims:
    """The claims of one file, taken as they come: before the checkpoint they speak of, or right after it."""

    trust: Trust
    erased: dict[bytes, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    purged: dict[str, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))
    """Of each kind: where each purge begins and ends, and which of `all` it is."""
    all: list[Claim] = field(default_factory=list)
    leaning: dict[int, Where] = field(default_factory=dict)
    """Purges that checkpoints within them lean on, whose end has not been seen yet."""
    settled: set[int] = field(default_factory=set)

    def take(self, claim: Claim, stream: UUID | None) -> Iterator[Finding]:
        """Believe a claim, unless its signature does not count."""
        where = Where(claim.kind, claim.first_seq, stream=claim.stream)
        if stream not in (None, claim.stream):
            yield Finding(WHAT[claim.action], "The claim is of another app.", where)
        elif why := claim.unsigned(self.trust):
            yield Finding(WHAT[claim.action], f"Rows are gone or erased, and {why}.", where)
        elif claim.action == ERASE:
            self.erased[claim.hash].append(claim)
        else:
            insort(self.purged[claim.kind], (claim.first_seq, claim.last_seq, len(self.all)))
            self.all.append(claim)

    def unexplained(self, checkpoint: CheckpointLine, seqs: Iterable[int]) -> Iterator[Finding]:
        """Those of some erased rows under a checkpoint that no claim speaks of."""
        for seq in seqs:
            if not self.explains(checkpoint, seq):
                yield unexplained(replace(checkpoint.where, seq=seq))

    def explains(self, checkpoint: CheckpointLine, seq: int) -> bool:
        """Whether a claim says that the row in this place under this checkpoint was erased."""
        return any(
            claim.covers(seq) and not claim.unfit(checkpoint)
            for claim in self.erased.get(checkpoint.hash, ())
        )

    def purge_of(self, checkpoint: CheckpointLine) -> Iterator[Finding]:
        """What is wrong with rows of a checkpoint being gone, as far as it has been read."""
        which = self._about(checkpoint)
        if which is None:
            rows = f"{checkpoint.first_seq} to {checkpoint.last_seq}"
            message = f"The rows {rows} are purged, and no signed claim says so."
            yield Finding("purge", message, checkpoint.where)
            return
        claim = self.all[which]
        if claim.last_seq != checkpoint.last_seq:
            self.leaning.setdefault(which, checkpoint.where)
        elif which not in self.settled:
            self.settled.add(which)
            if why := claim.unfit(checkpoint):
                message = f"The rows {claim.first_seq} to {claim.last_seq} are purged, and {why}."
                yield Finding("purge", message, checkpoint.where)

    def finish(self) -> Iterator[Finding]:
        """Purges whose end never came: the checkpoint that they were signed for is not there."""
        for which, where in self.leaning.items():
            if which not in self.settled:
                claim = self.all[which]
                rows = f"{claim.first_seq} to {claim.last_seq}"
                message = f"The rows {rows} are purged, and its claim is of another chain."
                yield Finding("purge", message, where)

    def _about(self, checkpoint: CheckpointLine) -> int | None:
        known = self.purged.get(checkpoint.kind, [])
        ends = bisect_right(known, checkpoint.first_seq, key=lambda run: run[0])
        for _, last, which in reversed(known[max(0, ends - MAX_NESTED) : ends]):
            if checkpoint.last_seq <= last:
                return which
        return None


def unexplained(where: Where) -> Finding:
    """A row that is erased without a claim."""
    return Finding("erasure", "The row is erased, and no signed claim says so.", where)
