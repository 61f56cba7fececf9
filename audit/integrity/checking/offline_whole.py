"""Checks an export of everything: every row in its place, every batch under its root, no gap. Imports no Django."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from audit import canonical
from audit.integrity.checking.checkpoint_chain import Chain
from audit.integrity.checking.evidence import CheckpointLine, RowLine, Unreadable
from audit.integrity.checking.external_checkpoints import Kept
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
    kept: Kept
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

    def claim(self, one: Claim) -> Iterator[Finding]:
        """What is wrong with a claim. They stand before all rows."""
        yield from self.claims.take(one, self.stream)

    def row(self, one: RowLine) -> Iterator[Finding]:
        """What is wrong with the next row."""
        if one.kind != self.kind:
            yield from self._turn(one.kind)
        yield from self._place(one)
        yield from self.content(one)
        self._note(one)

    def content(self, one: RowLine) -> Iterator[Finding]:
        """What is wrong with what a row says."""
        try:
            leaf = one.recomputed()
        except Unreadable as why:
            yield Finding("unreadable", f"The row cannot be read: {why}.", one.where)
            return
        if leaf != one.leaf:
            yield Finding("edited", "The row does not say what it said when it was sealed.", one.where)
        if one.app_id != self.stream and (one.app_id or self.stream.int):
            yield Finding("inserted", f"The row belongs to another app, {one.app_id}.", one.where)
        if one.is_erased and one.tells():
            yield Finding(
                "erasure", f"The row is erased and still tells: {', '.join(one.tells())}.", one.where
            )

    def checkpoint(self, one: CheckpointLine) -> Iterator[Finding]:
        """What is wrong with the next checkpoint, and with the rows before it."""
        if one.kind != self.kind:
            yield from self._turn(one.kind)
        if one.stream != self.stream:
            yield Finding("inserted", "The checkpoint is of another app.", one.where)
            return
        yield from self._chain(one.kind).follow(one)
        yield from self.kept.doubts(one)
        if one.purged and not self.leaves:
            yield from self.claims.purge_of(one)
        else:
            yield from self._batch(one)
            yield from self.claims.unexplained(one, self.erased)
        self._begin(one.last_seq + 1)

    def finish(self, exported_at: datetime | None) -> Iterator[Finding]:
        """What is wrong with the end, and with what is said to be gone."""
        yield from self._dangling()
        for kind in canonical.PUBLIC:
            yield from self.kept.beyond(kind, self._chain(kind).last_seq, exported_at)
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
            says = f"The rows from no. {first} on have no checkpoint."
            yield Finding("cut", says, Where(self.kind, first))

    def _begin(self, expected: int) -> None:
        self.leaves, self.erased, self.expected, self.disturbed = [], [], expected, False
        self.last = self.unordered = None

    def _place(self, one: RowLine) -> Iterator[Finding]:
        if one.seq > self.expected:
            yield self._disturb(
                "missing", _missing(self.expected, one.seq - 1), Where(one.kind, self.expected)
            )
        elif one.seq < self.expected:
            yield self._disturb("inserted", f"No. {one.seq} stands where {self.expected} should.", one.where)
        if len(self.leaves) == MAX_LEAVES:
            yield self._disturb("cut", "No batch is as long as this one.", one.where)
        self.expected = one.seq + 1

    def _note(self, one: RowLine) -> None:
        if len(self.leaves) <= MAX_LEAVES:
            self.leaves.append(one.leaf)
        if self.unordered is None and self.last and self.last >= (one.at, one.id):
            self.unordered = one.seq
        self.last = (one.at, one.id)
        if one.is_erased and len(self.erased) <= MAX_LEAVES:
            self.erased.append(one.seq)

    def _batch(self, one: CheckpointLine) -> Iterator[Finding]:
        """What is wrong with the rows that a checkpoint stands for."""
        if self.expected <= one.last_seq:
            yield self._disturb(
                "missing", _missing(self.expected, one.last_seq), replace(one.where, seq=self.expected)
            )
        elif self.expected > one.last_seq + 1:
            yield self._disturb(
                "inserted",
                f"Rows stand after no. {one.last_seq}, its last.",
                replace(one.where, seq=one.last_seq + 1),
            )
        if not self.disturbed and canonical.root(self.leaves) != one.root:
            yield rootless(one, self.unordered)

    def _disturb(self, what: str, says: str, where: Where) -> Finding:
        self.disturbed = True
        return Finding(what, says, where)


def rootless(one: CheckpointLine, unordered: int | None) -> Finding:
    """The leaves of a batch do not give its root. Rows lie in the order of their moments, unless some were moved."""
    among = f"among the rows {one.first_seq} to {one.last_seq}"
    if unordered is not None:
        says = f"Rows have changed places {among}: no. {unordered} is out of order."
        return Finding("moved", says, replace(one.where, seq=unordered))
    says = f"A row was changed, left out or put in {among}, and the leaves made to fit."
    return Finding("root", says, one.where)


def _missing(first: int, last: int) -> str:
    return f"No. {first} is missing." if first == last else f"The rows {first} to {last} are missing."
