"""The status of sealing, of webhooks and of streams, for a page."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max, Q

from audit.forwarding import siem
from audit.forwarding.destinations import failed_deliveries
from audit.forwarding.reader import newest
from audit.models import Checkpoint, Delivery, ForgedRow, Pending, StreamCursor, Webhook
from core.folding import by_name

MAX_COUNTED = 10_000
"""More rows than this are not counted."""
MAX_DELIVERIES = 500


@dataclass(frozen=True, slots=True)
class SealingStatus:
    """How far the audit log is sealed."""

    newest: Checkpoint | None
    waiting: int
    oldest_at: datetime | None
    """The time of the oldest pending row."""
    forged: int
    """Quarantined rows that the portal did not write."""

    @property
    def more(self) -> bool:
        """Whether there are more pending rows than were counted."""
        return self.waiting >= MAX_COUNTED


@dataclass(frozen=True, slots=True)
class WebhookStatus:
    """A webhook and the status of its deliveries."""

    webhook: Webhook
    pending: int
    """Batches that are to be sent or skipped."""
    delivered_at: datetime | None
    failing: Delivery | None
    """The delivery that is being retried."""
    failed: int

    @property
    def state(self) -> str:
        """paused, failing, pending or up to date."""
        if self.webhook.paused_at:
            return "paused"
        return "failing" if self.failing else "pending" if self.pending else "up to date"


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """A syslog server or a file named in the server's settings, and its backlog."""

    name: str
    target: str
    pending: int | None
    """None: not started."""


def sealing() -> SealingStatus:
    """How far the audit log is sealed."""
    waiting = Pending.objects.order_by("at").values_list("at", flat=True)
    return SealingStatus(
        Checkpoint.objects.order_by("-number").first(),
        Pending.objects.order_by()[:MAX_COUNTED].count(),
        waiting.first(),
        ForgedRow.objects.count(),
    )


def webhooks() -> list[WebhookStatus]:
    """All webhooks, by name."""
    active, last = list(Webhook.objects.filter(deleted_at=None).order_by(*by_name("name"))), newest()
    positions = dict(StreamCursor.objects.values_list("name", "number"))
    return [
        WebhookStatus(
            webhook,
            max(0, last - positions.get(str(webhook.pk), last)) + (webhook.pk in failing),
            delivered.get(webhook.pk),
            failing.get(webhook.pk),
            failed.get(webhook.pk, 0),
        )
        for failing, delivered, failed in [(_failing(), _delivered(), _failed())]
        for webhook in active
    ]


def streams() -> list[StreamStatus]:
    """The streams that the settings name."""
    targets = {"syslog": settings.FORWARD_SYSLOG, "file": settings.FORWARD_FILE}
    positions, last = (
        dict(StreamCursor.objects.filter(name__in=targets).values_list("name", "number")),
        newest(),
    )
    return [
        StreamStatus(name, str(targets[name]), last - positions[name] if name in positions else None)
        for name in siem.names()
    ]


def _failing() -> dict[object, Delivery]:
    retried = Delivery.objects.filter(
        Q(last_error__gt=""), delivered_at=None, given_up_at=None, discarded_at=None
    )
    return {delivery.webhook_id: delivery for delivery in retried}


def _delivered() -> dict[object, datetime]:
    deliveries = Delivery.objects.filter(delivered_at__isnull=False)
    return dict(deliveries.order_by().values_list("webhook").annotate(Max("delivered_at")))


def _failed() -> dict[object, int]:
    return dict(failed_deliveries().order_by().values_list("webhook").annotate(Count("pk")))
