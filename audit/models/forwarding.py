"""Where the record is forwarded to, how far it has come there, and what could not be delivered."""

from typing import Any

from django.db import models

from audit.models.audited import Audited
from core.clock import now
from core.ids import new_id


class Destination(Audited):
    """A webhook that is told of sealed rows. Its signing secret is derived, never stored."""

    class Sends(models.TextChoices):
        """Which rows."""

        EVERYTHING = "everything", "Acts and calls"
        ACTS = "acts", "Acts"
        CALLS = "calls", "Calls"
        REFUSED = "refused", "Refused calls"

    app_id = models.UUIDField(null=True, help_text="Rows of this app alone. NULL: of every app and of none.")
    name = models.CharField(max_length=60)
    url = models.URLField(max_length=500)
    sends = models.CharField(max_length=10, choices=Sends.choices, default=Sends.EVERYTHING)
    pepper = models.PositiveSmallIntegerField(help_text="The pepper its signing secret is derived with.")
    generation = models.PositiveSmallIntegerField(default=1, help_text="Counts its signing secrets.")
    created_at = models.DateTimeField(default=now)
    paused_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True, help_text="Until when it asked to be left alone.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def about(self) -> dict[str, Any]:
        return {
            "app_id": None,
            "target_kind": "destination",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def picture(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "url": self.url,
            "sends": self.sends,
            "app": str(self.app_id) if self.app_id else "every app",
            "generation": self.generation,
            "paused": self.paused_at is not None,
            "ended": self.ended_at is not None,
        }


class Place(models.Model):
    """How far one reader of the checkpoints has come. Its name is a destination's id, or says what reads: file."""

    name = models.CharField(primary_key=True, max_length=64)
    number = models.BigIntegerField(help_text="The last checkpoint it is done with.")

    def __str__(self) -> str:
        return f"{self.name} at {self.number}"


class Delivery(models.Model):
    """The rows of one checkpoint on their way to one destination."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    destination = models.ForeignKey(Destination, models.PROTECT, related_name="deliveries")
    checkpoint = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(
        null=True, default=now, help_text="NULL: it is not tried again by itself."
    )
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True, help_text="Since when it is a dead letter.")
    discarded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["destination", "checkpoint"], name="one_delivery_a_batch"),
        )
        indexes = (
            models.Index(
                fields=["next_try_at"], name="delivery_due", condition=models.Q(next_try_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"checkpoint {self.checkpoint} to {self.destination}"
