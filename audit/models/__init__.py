"""What the record keeps: acts and calls, their seals, who is told of them, and how long they stay."""

from audit.models.audited import Audited, AuditedQuerySet
from audit.models.forwarding import Delivery, Destination, Place
from audit.models.record import Call, Event, Recorded, Span
from audit.models.seals import Checkpoint, Pending, Seal, SealKey, Tally
from audit.models.upkeep import Lease, Retention
from audit.models.views import SavedView

__all__ = [
    "Audited",
    "AuditedQuerySet",
    "Call",
    "Checkpoint",
    "Delivery",
    "Destination",
    "Event",
    "Lease",
    "Pending",
    "Place",
    "Recorded",
    "Retention",
    "SavedView",
    "Seal",
    "SealKey",
    "Span",
    "Tally",
]
