"""Invitations: links by which users join."""

from datetime import datetime
from typing import Any

from django.db import models

from agents.models import App
from audit.models import Audited
from core.clock import now
from portal.models.users import Role


class Invitation(Audited):
    """A link that lets one person in, once. Only its SHA-256 is kept."""

    email = models.EmailField(blank=True, help_text="Empty: anyone with the link.")
    role = models.CharField(max_length=10, choices=Role.choices)
    app = models.ForeignKey(App, models.PROTECT, null=True, blank=True, related_name="invitations")
    digest = models.BinaryField(max_length=32, unique=True)
    invited_by = models.CharField(max_length=200)
    inviter_id = models.UUIDField(
        null=True, help_text="The user whose rights it passes on. Empty: the server command line."
    )
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    unbacked_at = models.DateTimeField(
        null=True, help_text="When the inviter lost the right to invite; it is cancelled then."
    )

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.whom} as {self.role}"

    @property
    def whom(self) -> str:
        """Who is invited, in words."""
        return self.email or ("the first admin" if self.is_for_first_admin else "anyone with the link")

    @property
    def is_for_first_admin(self) -> bool:
        """Whether whoever opens the link first becomes an admin of everything: good while there is none."""
        return not self.email and self.app_id is None and self.role == Role.ADMIN

    @classmethod
    def waiting(cls, moment: datetime | None = None) -> "models.QuerySet[Invitation]":
        """Invitations that can still be used."""
        return cls.objects.filter(used_at=None, withdrawn_at=None, expires_at__gt=moment or now())

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": self.app_id,
            "target_kind": "invitation",
            "target_id": str(self.id),
            "target_label": self.whom,
        }

    def snapshot(self) -> dict[str, Any]:
        return {
            "email": self.email,
            "role": self.role,
            "used": self.used_at is not None,
            "withdrawn": self.withdrawn_at is not None,
        }
