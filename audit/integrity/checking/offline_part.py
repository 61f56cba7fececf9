"""Checks a filtered export: the proof of each row leads to the root of its checkpoint. Imports no Django.

What was left out of a selection cannot be seen. Its memory grows by some 200 bytes for each batch it touches.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from audit import canonical
from audit.integrity.checking.evidence import CheckpointLine, RowLine, Unreadable
from audit.integrity.checking.external_checkpoints import ExternalCheckpoints
from audit.integrity.checking.findings import Finding
from audit.integrity.checking.removal_claims import Claim, Claims, unexplained
from audit.integrity.checking.trust import Trust

Known = tuple[int, int, int, bytes, CheckpointLine]
"""Of a checkpoint: its first place, its last, its number and its root; and all of it."""


@dataclass(slots=True)
class Selection:
    """As far as the file has been read."""

    stream: UUID | None
    """None: as the checkpoints say."""
    trust: Trust
    external: ExternalCheckpoints
    known: dict[str, list[Known]] = field(default_factory=lambda: defaultdict(list))
    last: tuple[datetime, UUID] | None = None
    claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        self.claims = Claims(self.trust)

    def claim(self, removal: Claim) -> Iterator[Finding]:
        """What is wrong with a claim. Each stands before the first row it speaks of."""
        yield from self.claims.take(removal, self.stream)

    def checkpoint(self, line: CheckpointLine) -> Iterator[Finding]:
        """What is wrong with a checkpoint by itself."""
        if self.stream not in (None, line.stream):
            yield Finding("inserted", "The checkpoint is of another app.", line.where)
        if line.recomputed() != line.hash:
            yield Finding("hash", "Its hash is not that of what it says.", line.where)
        yield from self.trust.doubts(line)
        yield from self.external.doubts(line)
        insort(
            self.known[line.kind],
            (line.first_seq, line.last_seq, line.number, line.root, line),
            key=lambda it: it[:3],
        )

    def row(self, line: RowLine) -> Iterator[Finding]:
        """What is wrong with a row."""
        if self.last and self.last >= (line.at, line.id):
            yield Finding("moved", "It stands after a row that is later, or comes twice.", line.where)
        self.last = (line.at, line.id)
        if line.is_erased and line.tells():
            yield Finding(
                "erasure", f"The row is erased and still tells: {', '.join(line.tells())}.", line.where
            )
        try:
            yield from self._content(line, line.recomputed())
        except Unreadable as why:
            yield Finding("unreadable", f"The row cannot be read: {why}.", line.where)

    def finish(self, exported_at: datetime | None) -> Iterator[Finding]:
        """Nothing can be said of the end."""
        return iter(())

    def _content(self, row: RowLine, leaf: bytes) -> Iterator[Finding]:
        under = self._under(row)
        if leaf != row.leaf:
            yield Finding("edited", "The row does not say what it said when it was sealed.", row.where)
        elif under is None:
            yield Finding("proof", "Its checkpoint does not stand above it.", row.where)
        else:
            first, last, number, root, above = under
            if row.is_erased and not self.claims.explains(above, row.seq):
                yield unexplained(replace(row.where, checkpoint=number))
            if not leads(leaf, row, first, last, root):
                message = "Its proof does not lead to the root: it was changed, moved or put in."
                yield Finding("proof", message, replace(row.where, checkpoint=number))

    def _under(self, row: RowLine) -> Known | None:
        known = self.known[row.kind]
        at = bisect_right(known, row.seq, key=lambda known: known[0]) - 1
        return known[at] if at >= 0 and known[at][1] >= row.seq else None


def leads(leaf: bytes, row: RowLine, first: int, last: int, root: bytes) -> bool:
    """Whether a row's proof leads from its leaf to `root`."""
    try:
        return canonical.climb(leaf, row.seq - first, last - first + 1, row.proof) == root
    except ValueError:
        return False
