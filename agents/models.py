"""App and Agent: the two identities a key can speak for.

An app is the hard boundary: its people, keys, agents and log are nobody else's. An agent lives in one app.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from agents.names import sameness
from audit.clock import now
from audit.models import Audited

MOST_KEYS = 10_000
MOST_CALLS_A_MINUTE = 100_000


class App(Audited):
    """What the keys are for: a service, a product, an environment of either."""

    name = models.CharField(max_length=80)
    sameness = models.CharField(max_length=160, unique=True, editable=False)
    description = models.CharField(max_length=500, blank=True)
    website_url = models.URLField(max_length=300, blank=True)
    max_keys = models.PositiveIntegerField(
        "keys allowed",
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_KEYS)],
        help_text="Keys of this app that may be alive at once. Derived keys do not count.",
    )
    max_keys_per_agent = models.PositiveIntegerField(
        "keys allowed for each agent",
        default=25,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_KEYS)],
    )
    rate_limit_rpm = models.PositiveIntegerField(
        "calls a minute for a key that sets none",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CALLS_A_MINUTE)],
    )
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    class Meta:
        ordering = ("sameness",)
        constraints = (
            models.CheckConstraint(condition=models.Q(max_keys__range=(1, MOST_KEYS)), name="app_max_keys"),
            models.CheckConstraint(
                condition=models.Q(rate_limit_rpm=None)
                | models.Q(rate_limit_rpm__range=(1, MOST_CALLS_A_MINUTE)),
                name="app_rate_limit",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def default_rate_limit(self) -> int:
        """Calls a minute for a key of this app that has no limit of its own."""
        return self.rate_limit_rpm or int(settings.RATE_LIMIT_RPM)

    @property
    def mark(self) -> str:
        """A short mark of the settings: two marks differ if someone changed them in between."""
        return hashlib.sha256(json.dumps(self.picture(), sort_keys=True).encode()).hexdigest()[:16]

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.sameness = sameness(self.name)
        if update_fields is not None:
            update_fields = {*update_fields, "sameness"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def about(self) -> dict[str, Any]:
        return {
            "app_id": self.id,
            "target_kind": "app",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def picture(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.description,
            "website_url": self.website_url,
            "max_keys": self.max_keys,
            "max_keys_per_agent": self.max_keys_per_agent,
            "rate_limit_rpm": self.rate_limit_rpm,
            "archived": self.archived_at is not None,
        }


class Agent(Audited):
    """A program that acts for an app under its own name, with keys of its own."""

    class Type(models.TextChoices):
        """What kind of program it is; told to callers, checked by nothing."""

        AGENT = "agent", "Agent"
        SERVICE = "service", "Service"

    app = models.ForeignKey(App, models.PROTECT, related_name="agents")
    name = models.CharField(max_length=64, help_text="For ever; other programs know it by this.")
    display_name = models.CharField(max_length=80, blank=True)
    type = models.CharField(max_length=10, choices=Type.choices, default=Type.AGENT)
    version = models.PositiveIntegerField(default=1, editable=False)
    suspended_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    class Meta:
        ordering = ("name", "created_at")
        constraints = (
            models.UniqueConstraint(
                fields=["app", "name"], condition=models.Q(revoked_at=None), name="agent_name_in_app"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def status(self) -> str:
        """`active`, `inactive` (suspended) or `revoked`, as the wire says it (protocol.md 6.1)."""
        if self.revoked_at:
            return "revoked"
        return "inactive" if self.suspended_at else "active"

    def about(self) -> dict[str, Any]:
        return {
            "app_id": self.app_id,
            "agent_id": self.id,
            "agent_name": self.name,
            "target_kind": "agent",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def picture(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "display_name": self.display_name,
            "type": self.type,
            "status": self.status,
        }
