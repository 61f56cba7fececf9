"""Checkpoints from files outside an export, to compare the export with. Imports no Django."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from audit.integrity.checking import evidence
from audit.integrity.checking.evidence import CheckpointLine
from audit.integrity.checking.findings import Finding, Where

TOLERANCE = timedelta(minutes=1)
"""How long it may take between looking how far the record goes and saying when that was."""


@dataclass(slots=True)
class ExternalCheckpoints:
    """The hashes of one app's checkpoints by number, and how far its two streams went."""

    hashes: dict[int, bytes] = field(default_factory=dict)
    ends: dict[str, CheckpointLine] = field(default_factory=dict)
    last: int = 0
    """The number of the last checkpoint that was kept, of whichever app."""

    def doubts(self, checkpoint: CheckpointLine) -> Iterator[Finding]:
        """What is wrong with a checkpoint, to whoever kept these."""
        known = self.hashes.get(checkpoint.number)
        if known is None and self.hashes and min(self.hashes) < checkpoint.number <= self.last:
            yield Finding("rewritten", "It is not among the checkpoints that were kept.", checkpoint.where)
        elif known not in (None, checkpoint.hash):
            yield Finding(
                "rewritten", "It is not the checkpoint that was kept under this number.", checkpoint.where
            )

    def beyond(self, kind: str, last_seq: int, exported_at: datetime | None) -> Iterator[Finding]:
        """What these know of a stream after `last_seq`, where a file ends that was taken out at `exported_at`."""
        end = self.ends.get(kind)
        if end is None or end.last_seq <= last_seq:
            return
        message = f"Checkpoint {end.number} was kept, and goes on to no. {end.last_seq}."
        cut = exported_at is not None and end.sealed_at < exported_at - TOLERANCE
        yield Finding("cut" if cut else "beyond", message, Where(kind, last_seq + 1))


def read(paths: Iterable[Path], stream: UUID) -> ExternalCheckpoints:
    """The kept checkpoints of one app. Lines that a crash cut short are left out. Raises OSError."""
    external = ExternalCheckpoints()
    for checkpoint in _lines(paths):
        external.last = max(external.last, checkpoint.number)
        if checkpoint.stream == stream:
            external.hashes[checkpoint.number] = checkpoint.hash
            end = external.ends.get(checkpoint.kind)
            if end is None or end.last_seq < checkpoint.last_seq:
                external.ends[checkpoint.kind] = checkpoint
    return external


def _lines(paths: Iterable[Path]) -> Iterator[CheckpointLine]:
    for path in paths:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    yield evidence.checkpoint(json.loads(line))
                except (ValueError, AttributeError, RecursionError):
                    continue
