"""What a test of seals starts from: entries on record, sealed, and how their chain reads."""

from typing import Any
from uuid import UUID

from audit import canonical
from audit.integrity.sealing import row_values, sealer
from audit.models import Call, Checkpoint, Event, Seal
from tests.audit.records import APP, acted, called


def sealed(*entries: Event | Call) -> list[Seal]:
    """The seals of `entries`, after all that waits was sealed."""
    while sealer.seal_all():
        pass
    return [Seal.objects.get(row_id=entry.id) for entry in entries]


def some(calls: int = 3, acts: int = 2, app_id: UUID | None = APP, **columns: Any) -> list[Event | Call]:
    """As many calls and acts of an app on record."""
    return [
        *(called(app_id, **columns) for _ in range(calls)),
        *(acted(app_id, **columns) for _ in range(acts)),
    ]


def chain(app_id: UUID = APP, kind: str = "call") -> list[Checkpoint]:
    """The checkpoints of a stream, in order."""
    return list(Checkpoint.objects.filter(stream=app_id, kind=kind).order_by("first_seq"))


def places(app_id: UUID = APP, kind: str = "call") -> list[int]:
    """The sequence of a stream."""
    return list(Seal.objects.filter(stream=app_id, kind=kind).order_by("seq").values_list("seq", flat=True))


def fits(entry: Event | Call) -> bool:
    """Whether a row says what it said when it was sealed."""
    seal, row = (
        Seal.objects.get(row_id=entry.id),
        row_values.from_model(type(entry)._base_manager.get(pk=entry.pk)),
    )
    return bytes(seal.leaf) == canonical.leaf(
        row.kind, row.values[: len(canonical.PUBLIC[row.kind])], row.commitment(bytes(seal.salt or b""))
    )
