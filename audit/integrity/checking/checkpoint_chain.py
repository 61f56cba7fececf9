"""Checks that checkpoints form a chain: hashes, sequence numbers, links. Imports no Django."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from audit import canonical
from audit.integrity.checking.evidence import CheckpointLine
from audit.integrity.checking.findings import Finding
from audit.integrity.checking.trust import Trust


@dataclass(slots=True)
class Chain:
    """One stream of one app, as far as it has been followed."""

    kind: str
    trust: Trust
    last_seq: int = 0
    hash: bytes = canonical.NOTHING
    number: int = 0
    key_id: str = ""

    def follow(self, checkpoint: CheckpointLine) -> Iterator[Finding]:
        """What is wrong with the next checkpoint. It is gone on from in any case, so that each break is told once."""
        yield from self._link(checkpoint)
        if checkpoint.number <= self.number:
            yield Finding(
                "number", f"Its number is not above {self.number}, the one before it.", checkpoint.where
            )
        if checkpoint.recomputed() != checkpoint.hash:
            yield Finding("hash", "Its hash is not that of what it says.", checkpoint.where)
        yield from self.trust.doubts(checkpoint, self.key_id)
        self.last_seq, self.hash, self.number, self.key_id = (
            checkpoint.last_seq,
            checkpoint.hash,
            checkpoint.number,
            checkpoint.key_id,
        )

    def _link(self, checkpoint: CheckpointLine) -> Iterator[Finding]:
        expected = self.last_seq + 1
        if checkpoint.first_seq > expected:
            message = f"The checkpoint of the rows {expected} to {checkpoint.first_seq - 1} is gone."
            yield Finding("missing", message, replace(checkpoint.where, seq=expected))
        elif checkpoint.first_seq < expected:
            message = f"Another checkpoint stands for the rows up to {self.last_seq} too."
            yield Finding("fork", message, checkpoint.where)
        elif checkpoint.previous != self.hash:
            before = f"checkpoint {self.number}" if self.number else "the beginning"
            yield Finding("chain", f"It is not chained to {before}.", checkpoint.where)
