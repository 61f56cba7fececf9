"""SavedView: a saved search, private or shared with everyone of the app."""

from typing import Any

from django.db import models
from django.db.models import Q

from audit.models.audited import Audited
from core.clock import now


class SavedView(Audited):
    """A name for an address of the audit log."""

    app_id = models.UUIDField()
    owner_id = models.CharField(max_length=64)
    owner_label = models.CharField(max_length=200)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True, help_text="What follows the ? in the address.")
    created_at = models.DateTimeField(default=now)
    shared_at = models.DateTimeField(null=True, help_text="Since when everyone of the app sees it.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=["app_id", "owner_id", "name"], condition=Q(ended_at=None), name="one_view_a_name"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": self.app_id,
            "target_kind": "view",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def snapshot(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "query": self.query,
            "shared": self.shared_at is not None,
            "ended": self.ended_at is not None,
        }
