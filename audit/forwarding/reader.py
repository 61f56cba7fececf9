"""Reads sealed rows batch by batch, in the order of their checkpoints, for webhooks and streams."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from audit.export.entry import AuditEntry
from audit.integrity.sealing.row_values import RECORDS
from audit.models import Call, Checkpoint, Event


@dataclass(frozen=True, slots=True)
class StreamFilter:
    """Which rows a reader wants."""

    app_id: UUID | None = None
    """None: of every app and of none."""
    kind: str = ""
    """event, call, or both."""
    denied: bool = False
    """Of calls, the denied ones alone."""

    def batches(self) -> QuerySet[Checkpoint]:
        """The batches that may have some, in the order they were sealed."""
        only = {"stream": self.app_id, "kind": self.kind}
        checkpoints = Checkpoint.objects.filter(purged_at=None).order_by("number")
        return checkpoints.filter(**{name: value for name, value in only.items() if value})

    def count(self, checkpoint: Checkpoint) -> int:
        """How many of a batch's rows are wanted."""
        return len(rows(checkpoint, self)) if self.denied else checkpoint.rows


def newest() -> int:
    """The number of the newest batch of the portal. 0: nothing is sealed yet."""
    return Checkpoint.objects.order_by("-number").values_list("number", flat=True).first() or 0


def batch(number: int) -> Checkpoint | None:
    """A batch by its number."""
    return Checkpoint.objects.filter(number=number).first()


def rows(checkpoint: Checkpoint, stream_filter: StreamFilter) -> list[tuple[int, Event | Call]]:
    """The rows of a batch that are wanted, each with its place in the stream, in that order."""
    positions = dict(checkpoint.seals().values_list("row_id", "seq"))
    matching: QuerySet[Any] = RECORDS[checkpoint.kind].objects.filter(id__in=list(positions))
    filed = matching.filter(at__range=(checkpoint.earliest_at, checkpoint.latest_at))
    if filed.count() == len(
        positions
    ):  # no seal covers the time it is filed under: it may be another than its rows'
        matching = filed
    if stream_filter.denied:
        matching = matching.filter(allowed=False)
    return sorted(((positions[row.id], row) for row in matching), key=lambda pair: pair[0])


def entries(checkpoint: Checkpoint, stream_filter: StreamFilter) -> Iterator[dict[str, Any]]:
    """The same as the management API tells them."""
    for seq, row in rows(checkpoint, stream_filter):
        yield {"seq": seq, **AuditEntry.from_model(row).model_dump(mode="json", exclude_none=True)}
