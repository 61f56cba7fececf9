"""Checks a complete export: every row in sequence, every batch under its root. Imports no Django."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from audit import canonical
from audit.integrity.checking.checkpoint_chain import Chain
from audit.integrity.checking.evidence import CheckpointLine, RowLine, Unreadable
from audit.integrity.checking.external_checkpoints import ExternalCheckpoints
from audit.integrity.checking.findings import Finding, Where
from audit.integrity.checking.removal_claims import Claim, Claims
from audit.integrity.checking.trust import Trust

MAX_LEAVES = 100_000
"""More rows than any batch has."""


@dataclass(slots=True)
class WholeExport:
    """As far as the file has been read."""

    stream: UUID
    trust: Trust
    external: ExternalCheckpoints
    chains: dict[str, Chain] = field(default_factory=dict)
    kind: str = "event"
    expected: int = 1
    """The place that the next row should have."""
    leaves: list[bytes] = field(default_factory=list)
    disturbed: bool = False
    """Whether this batch has told of something that its root would only tell again."""
    last: tuple[datetime, UUID] | None = None
    unordered: int | None = None
    erased: list[int] = field(default_factory=list)
    """Places of this batch whose rows are erased."""
    claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        self.claims = Claims(self.trust)

    def claim(self, removal: Claim) -> Iterator[Finding]:
        """What is wrong with a claim. They stand before all rows."""
        yield from self.claims.take(removal, self.stream)

    def row(self, line: RowLine) -> Iterator[Finding]:
        """What is wrong with the next row."""
        if line.kind != self.kind:
            yield from self._turn(line.kind)
        yield from self._place(line)
        yield from self.content(line)
        self._note(line)

    def content(self, row: RowLine) -> Iterator[Finding]:
        """What is wrong with what a row says."""
        try:
            leaf = row.recomputed()
        except Unreadable as why:
            yield Finding("unreadable", f"The row cannot be read: {why}.", row.where)
            return
        if leaf != row.leaf:
            yield Finding("edited", "The row does not say what it said when it was sealed.", row.where)
        if row.app_id != self.stream and (row.app_id or self.stream.int):
            yield Finding("inserted", f"The row belongs to another app, {row.app_id}.", row.where)
        if row.is_erased and row.tells():
            yield Finding(
                "erasure", f"The row is erased and still tells: {', '.join(row.tells())}.", row.where
            )

    def checkpoint(self, line: CheckpointLine) -> Iterator[Finding]:
        """What is wrong with the next checkpoint, and with the rows before it."""
        if line.kind != self.kind:
            yield from self._turn(line.kind)
        if line.stream != self.stream:
            yield Finding("inserted", "The checkpoint is of another app.", line.where)
            return
        yield from self._chain(line.kind).follow(line)
        yield from self.external.doubts(line)
        if line.purged and not self.leaves:
            yield from self.claims.purge_of(line)
        else:
            yield from self._batch(line)
            yield from self.claims.unexplained(line, self.erased)
        self._begin(line.last_seq + 1)

    def finish(self, exported_at: datetime | None) -> Iterator[Finding]:
        """What is wrong with the end, and with what is said to be gone."""
        yield from self._dangling()
        for kind in canonical.PUBLIC:
            yield from self.external.beyond(kind, self._chain(kind).last_seq, exported_at)
        yield from self.claims.finish()

    def last_seq(self, kind: str) -> int:
        """Where a stream ends here."""
        return self._chain(kind).last_seq

    def _chain(self, kind: str) -> Chain:
        return self.chains.setdefault(kind, Chain(kind, self.trust))

    def _turn(self, kind: str) -> Iterator[Finding]:
        """The other stream begins."""
        yield from self._dangling()
        self.kind = kind
        self._begin(self._chain(kind).last_seq + 1)

    def _dangling(self) -> Iterator[Finding]:
        if self.leaves:
            first = self._chain(self.kind).last_seq + 1
            message = f"The rows from no. {first} on have no checkpoint."
            yield Finding("cut", message, Where(self.kind, first))

    def _begin(self, expected: int) -> None:
        self.leaves, self.erased, self.expected, self.disturbed = [], [], expected, False
        self.last = self.unordered = None

    def _place(self, row: RowLine) -> Iterator[Finding]:
        if row.seq > self.expected:
            yield self._disturb(
                "missing", _missing(self.expected, row.seq - 1), Where(row.kind, self.expected)
            )
        elif row.seq < self.expected:
            yield self._disturb("inserted", f"No. {row.seq} stands where {self.expected} should.", row.where)
        if len(self.leaves) == MAX_LEAVES:
            yield self._disturb("cut", "No batch is as long as this one.", row.where)
        self.expected = row.seq + 1

    def _note(self, row: RowLine) -> None:
        if len(self.leaves) <= MAX_LEAVES:
            self.leaves.append(row.leaf)
        if self.unordered is None and self.last and self.last >= (row.at, row.id):
            self.unordered = row.seq
        self.last = (row.at, row.id)
        if row.is_erased and len(self.erased) <= MAX_LEAVES:
            self.erased.append(row.seq)

    def _batch(self, checkpoint: CheckpointLine) -> Iterator[Finding]:
        """What is wrong with the rows that a checkpoint stands for."""
        if self.expected <= checkpoint.last_seq:
            yield self._disturb(
                "missing",
                _missing(self.expected, checkpoint.last_seq),
                replace(checkpoint.where, seq=self.expected),
            )
        elif self.expected > checkpoint.last_seq + 1:
            yield self._disturb(
                "inserted",
                f"Rows stand after no. {checkpoint.last_seq}, its last.",
                replace(checkpoint.where, seq=checkpoint.last_seq + 1),
            )
        if not self.disturbed and canonical.root(self.leaves) != checkpoint.root:
            yield rootless(checkpoint, self.unordered)

    def _disturb(self, what: str, message: str, where: Where) -> Finding:
        self.disturbed = True
        return Finding(what, message, where)


def rootless(checkpoint: CheckpointLine, unordered: int | None) -> Finding:
    """The leaves of a batch do not give its root. Rows lie in the order of their moments, unless some were moved."""
    among = f"among the rows {checkpoint.first_seq} to {checkpoint.last_seq}"
    if unordered is not None:
        message = f"Rows have changed places {among}: no. {unordered} is out of order."
        return Finding("moved", message, replace(checkpoint.where, seq=unordered))
    message = f"A row was changed, left out or put in {among}, and the leaves made to fit."
    return Finding("root", message, checkpoint.where)


def _missing(first: int, last: int) -> str:
    return f"No. {first} is missing." if first == last else f"The rows {first} to {last} are missing."
