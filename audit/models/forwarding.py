"""Webhooks, how far each reader of the audit log has come, and deliveries."""

from typing import Any

from django.db import models

from audit.models.audited import Audited
from core.clock import now
from core.ids import new_id


class Webhook(Audited):
    """An HTTPS endpoint that receives sealed rows. Its signing secret is derived, never stored."""

    class Sends(models.TextChoices):
        """Which rows."""

        EVERYTHING = "everything", "Events and requests"
        EVENTS = "events", "Events"
        CALLS = "calls", "Requests"
        DENIED = "denied", "Denied requests"

    app_id = models.UUIDField(
        null=True, help_text="Rows of this app only. NULL: all apps and portal-wide events."
    )
    name = models.CharField(max_length=60)
    url = models.URLField(max_length=500)
    sends = models.CharField(max_length=10, choices=Sends.choices, default=Sends.EVERYTHING)
    pepper = models.PositiveSmallIntegerField(help_text="The pepper its signing secret is derived with.")
    generation = models.PositiveSmallIntegerField(default=1, help_text="Counts its signing secrets.")
    created_at = models.DateTimeField(default=now)
    paused_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(
        null=True, help_text="No delivery before this time: the receiver's Retry-After."
    )
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": None,
            "target_kind": "webhook",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def snapshot(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "url": self.url,
            "sends": self.sends,
            "app": str(self.app_id) if self.app_id else "every app",
            "generation": self.generation,
            "paused": self.paused_at is not None,
            "deleted": self.deleted_at is not None,
        }


class StreamCursor(models.Model):
    """How far one reader of the checkpoints has come. Its name is a webhook's id, or says what reads: file."""

    name = models.CharField(primary_key=True, max_length=64)
    number = models.BigIntegerField(help_text="The last checkpoint it is done with.")

    def __str__(self) -> str:
        return f"{self.name} at {self.number}"


class Delivery(models.Model):
    """The rows of one checkpoint on their way to one webhook."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    webhook = models.ForeignKey(Webhook, models.PROTECT, related_name="deliveries")
    checkpoint = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, default=now, help_text="NULL: no automatic retry.")
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True, help_text="When its last automatic retry failed.")
    discarded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["webhook", "checkpoint"], name="one_delivery_a_batch"),
        )
        indexes = (
            models.Index(
                fields=["next_try_at"], name="delivery_due", condition=models.Q(next_try_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"checkpoint {self.checkpoint} to {self.webhook}"
