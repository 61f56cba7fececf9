"""Retention periods, and which process runs a scheduled job."""

from typing import Any

from django.db import models
from django.db.models import Q

from audit.models.audited import Audited


class Retention(Audited):
    """How long one kind of row is kept. NULL days: indefinitely."""

    class Kind(models.TextChoices):
        """Kinds of row with a period of their own."""

        EVENT = "event", "Events"
        CALL = "call", "API requests"
        SPAN = "span", "Traces"

    kind = models.CharField(max_length=5, choices=Kind.choices, unique=True)
    days = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(days=None) | Q(days__gte=1), name="retention_days"),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.days or 'indefinitely'}"

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": None,
            "target_kind": "retention",
            "target_id": self.kind,
            "target_label": self.get_kind_display(),
        }

    def snapshot(self) -> dict[str, Any]:
        return {"days": self.days}


class Lease(models.Model):
    """Who does a timed work, until when: of several processes one at a time."""

    name = models.CharField(primary_key=True, max_length=30)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()
    last_at = models.DateTimeField(null=True, help_text="When the work was last done to its end.")

    def __str__(self) -> str:
        return f"{self.name}: {self.holder} until {self.until:%H:%M:%S}"
