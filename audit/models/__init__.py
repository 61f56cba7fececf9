"""The models of the audit log: events, requests, seals, forwarding, retention."""

from audit.models.audited import Audited, AuditedQuerySet
from audit.models.claims import Alarm, Claim
from audit.models.entries import Call, Event, Recorded, Span
from audit.models.forwarding import Delivery, StreamCursor, Webhook
from audit.models.last_uses import LastUse
from audit.models.saved_views import SavedView
from audit.models.seals import Checkpoint, ForgedRow, MacKey, Pending, Seal, SealKey, Tally
from audit.models.upkeep import Lease, Retention
from audit.models.witness import Witnessed, WitnessState

__all__ = [
    "Alarm",
    "Audited",
    "AuditedQuerySet",
    "Call",
    "Checkpoint",
    "Claim",
    "Delivery",
    "Event",
    "ForgedRow",
    "LastUse",
    "Lease",
    "MacKey",
    "Pending",
    "Recorded",
    "Retention",
    "SavedView",
    "Seal",
    "SealKey",
    "Span",
    "StreamCursor",
    "Tally",
    "Webhook",
    "WitnessState",
    "Witnessed",
]
