"""A cache of Merkle trees, for proofs of rows that are read in any order."""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from audit import canonical
from audit.integrity.sealing.sealed_rows import BATCH_SIZE, seals_between
from audit.models import Checkpoint

MAX_CACHED = 32
"""Stretches of about a thousand rows each: ten megabytes at the most."""


class Tree(NamedTuple):
    """A checkpoint and the levels of the tree below its root."""

    checkpoint: Checkpoint
    levels: Sequence[Sequence[bytes]]

    def proof(self, seq: int) -> list[bytes]:
        """The hashes that lead from the row at this place to the root."""
        return canonical.path(self.levels, seq - self.checkpoint.first_seq)


class _Stretch(NamedTuple):
    """Neighbouring trees of one kind, and where each begins."""

    kind: str
    firsts: Sequence[int]
    trees: Sequence[Tree]

    def find(self, kind: str, seq: int) -> Tree | None:
        if kind != self.kind or not self.firsts[0] <= seq <= self.trees[-1].checkpoint.last_seq:
            return None
        tree = self.trees[bisect_right(self.firsts, seq) - 1]
        return tree if seq <= tree.checkpoint.last_seq else None


class Trees:
    """Finds the tree of a row of one app. Rows near each other, in time or in their stream, cost one look."""

    def __init__(self, stream: UUID) -> None:
        self._stream = stream
        self._kept = deque[_Stretch](maxlen=MAX_CACHED)

    def find(self, kind: str, seq: int) -> Tree | None:
        """The tree that the row at a place is a leaf of. None: its checkpoint is gone, which nobody may do."""
        for stretch in self._kept:
            if tree := stretch.find(kind, seq):
                return tree
        node = self._read(kind, seq)
        if node:
            self._kept.appendleft(node)
        return node.find(kind, seq) if node else None

    def _read(self, kind: str, seq: int) -> _Stretch | None:
        """The trees from the one of this place on, as many as have BATCH_SIZE rows together."""
        checkpoints_of_kind = Checkpoint.objects.filter(stream=self._stream, kind=kind)
        head = checkpoints_of_kind.filter(first_seq__lte=seq).order_by("-first_seq").first()
        if head is None or head.last_seq < seq:
            return None
        ends = head.first_seq + BATCH_SIZE
        near = checkpoints_of_kind.filter(first_seq__gt=head.first_seq, first_seq__lt=ends, last_seq__lt=ends)
        checkpoints = [head, *near.order_by("first_seq")]
        last = max(checkpoint.last_seq for checkpoint in checkpoints)
        seals = seals_between(self._stream, kind, head.first_seq, last).values_list("seq", "leaf")
        leaves = {seq: bytes(leaf) for seq, leaf in seals}
        return _Stretch(
            kind,
            [checkpoint.first_seq for checkpoint in checkpoints],
            [_tree(checkpoint, leaves) for checkpoint in checkpoints],
        )


def _tree(checkpoint: Checkpoint, leaves: dict[int, bytes]) -> Tree:
    seqs = range(checkpoint.first_seq, checkpoint.last_seq + 1)
    return Tree(checkpoint, canonical.levels([leaves.get(seq, canonical.NOTHING) for seq in seqs]))
