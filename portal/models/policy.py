"""The portal policy: security settings that admins of every app make on a page, not in the environment."""

from typing import Any
from uuid import UUID

from django.db import models

from agents.models import OnLeak
from audit.models import Audited

THE_ROW = UUID("00000000-0000-7000-8000-000000000000")
"""The id of the only row."""


class PortalPolicy(Audited):
    """The one row of security settings, which apply to all users."""

    id = models.UUIDField(primary_key=True, default=THE_ROW, editable=False)
    second_factor_since = models.DateTimeField(
        null=True, help_text="NULL: two-factor authentication is optional."
    )
    on_leaked_token = models.CharField(max_length=10, choices=OnLeak.choices, default=OnLeak.REVOKE)
    public_docs = models.BooleanField(default=False, help_text="Whether the docs open without signing in.")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(id=THE_ROW), name="one_row_of_portal_policy"),
        )

    def __str__(self) -> str:
        return "security settings"

    @classmethod
    def in_force(cls) -> "PortalPolicy":
        """The saved policy, or an unsaved one with the defaults."""
        return cls.objects.first() or cls()

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": None,
            "target_kind": "policy",
            "target_id": "portal",
            "target_label": "security settings",
        }

    def snapshot(self) -> dict[str, Any]:
        return {
            "second_factor": "required" if self.second_factor_since else "optional",
            "on_leaked_token": self.on_leaked_token,
            "public_docs": self.public_docs,
        }
