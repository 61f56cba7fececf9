"""Claim: a signed statement that rows were removed. Alarm: an open integrity alert."""

from typing import Any

from django.db import models
from django.db.models import Q

from audit.models.audited import Audited
from audit.models.readable import ReadableQuerySet
from core.clock import now
from core.ids import new_id


class Claim(models.Model):
    """A signed statement that rows were purged or erased, or that an account of checkpoints was ended.

    Kept for ever, also when the act that it belongs to is purged in its turn. `told` is what was signed; the other
    columns are there to find it by, and nothing is believed because they say so.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    action = models.CharField(max_length=20)
    stream = models.UUIDField()
    kind = models.CharField(max_length=5)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    told = models.JSONField()

    objects = ReadableQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["stream", "kind", "action", "first_seq"], name="claims_of_stream"),)

    def __str__(self) -> str:
        return f"{self.action} of {self.kind} {self.first_seq} to {self.last_seq}"


class Alarm(Audited):
    """Something is wrong with what proves the record, since a moment and until it is over."""

    code = models.CharField(max_length=60)
    says = models.CharField(max_length=500, help_text="What is wrong, and the next step.")
    raised_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["code"], condition=Q(ended_at=None), name="one_alarm_a_code"),
        )

    def __str__(self) -> str:
        return self.says

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": None,
            "target_kind": "alarm",
            "target_id": self.code,
            "target_label": self.says[:200],
        }

    def snapshot(self) -> dict[str, Any]:
        return {"says": self.says, "ended_at": self.ended_at and self.ended_at.isoformat(timespec="seconds")}
