"""App and Agent: the two identities a key can speak for; and what programs that use a key call themselves.

An app is the hard boundary: its people, keys, agents and log are nobody else's. An agent lives in one app.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Literal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from agents.names import sameness
from audit.models import Audited
from core.clock import now
from core.ids import new_id

MAX_KEYS = 10_000
MAX_RATE_LIMIT_RPM = 100_000
MAX_DERIVED_HOURS = 24 * 365


class OnLeak(models.TextChoices):
    """What is done with a secret that someone reports as leaked. Its owners are always notified."""

    NOTIFY = "notify", "Notify only"
    DEPRECATE = "deprecate", "Deprecate and notify"
    REVOKE = "revoke", "Revoke immediately and notify"


class App(Audited):
    """What the keys are for: a service, a product, an environment of either."""

    class Signing(models.TextChoices):
        """Whether calls to the runtime API must be signed. The door never asks for it."""

        REQUIRED = "required", "Required"
        OPTIONAL = "optional", "Optional"

    class Environment(models.TextChoices):
        """Whether real traffic depends on an app."""

        LIVE = "live", "Live"
        TEST = "test", "Test"

    name = models.CharField(max_length=80)
    sameness = models.CharField(max_length=160, unique=True, editable=False)
    description = models.CharField(max_length=500, blank=True)
    website_url = models.URLField(max_length=300, blank=True)
    environment = models.CharField(
        max_length=4, choices=Environment.choices, default=Environment.LIVE, db_default=Environment.LIVE
    )
    catalogue_id = models.UUIDField(
        null=True,
        blank=True,
        editable=False,
        help_text="The version of its scopes (keys/catalogue/). None: the first.",
    )
    max_keys = models.PositiveIntegerField(
        "keys allowed",
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_KEYS)],
        help_text="Keys of this app that may be active at once. Derived keys do not count.",
    )
    max_keys_per_agent = models.PositiveIntegerField(
        "keys allowed for each agent",
        default=25,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_KEYS)],
    )
    rate_limit_rpm = models.PositiveIntegerField(
        "calls a minute for a key that sets none",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_RATE_LIMIT_RPM)],
    )
    max_derived_hours = models.PositiveIntegerField(
        "hours a derived key may live",
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_DERIVED_HOURS)],
    )
    signing = models.CharField(
        "signed calls",
        max_length=10,
        choices=Signing.choices,
        default=Signing.REQUIRED,
        help_text="Of the runtime API. Optional lets callers without a signature in: a key on its own will do.",
    )
    on_leaked_app_key = models.CharField(max_length=10, choices=OnLeak.choices, default=OnLeak.NOTIFY)
    on_leaked_agent_key = models.CharField(max_length=10, choices=OnLeak.choices, default=OnLeak.NOTIFY)
    on_leaked_derived_key = models.CharField(max_length=10, choices=OnLeak.choices, default=OnLeak.REVOKE)
    archived_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    class Meta:
        ordering = ("sameness",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(environment__in=("live", "test")), name="app_environment"
            ),
            models.CheckConstraint(condition=models.Q(max_keys__range=(1, MAX_KEYS)), name="app_max_keys"),
            models.CheckConstraint(
                condition=models.Q(rate_limit_rpm=None)
                | models.Q(rate_limit_rpm__range=(1, MAX_RATE_LIMIT_RPM)),
                name="app_rate_limit",
            ),
            models.CheckConstraint(
                condition=models.Q(max_derived_hours__range=(1, MAX_DERIVED_HOURS)), name="app_derived_hours"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def default_rate_limit(self) -> int:
        """Calls a minute for a key of this app that has no limit of its own."""
        return self.rate_limit_rpm or int(settings.RATE_LIMIT_RPM)

    @property
    def etag(self) -> str:
        """16 hex characters of a SHA-256 of the settings: a form or a client sends it back, so that a change in
        between is noticed."""
        settings_now = self.snapshot() | {"catalogue": None}
        return hashlib.sha256(json.dumps(settings_now, sort_keys=True).encode()).hexdigest()[:16]

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        # A deleted app keeps its name in the record and gives it free.
        self.sameness = str(self.id) if self.deleted_at else sameness(self.name)
        if update_fields is not None:
            update_fields = {*update_fields, "sameness"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": self.id,
            "target_kind": "app",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def snapshot(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.description,
            "website_url": self.website_url,
            "environment": self.environment,
            "catalogue": str(self.catalogue_id) if self.catalogue_id else None,
            "max_keys": self.max_keys,
            "max_keys_per_agent": self.max_keys_per_agent,
            "rate_limit_rpm": self.rate_limit_rpm,
            "max_derived_hours": self.max_derived_hours,
            "signing": self.signing,
            "on_leaked_app_key": self.on_leaked_app_key,
            "on_leaked_agent_key": self.on_leaked_agent_key,
            "on_leaked_derived_key": self.on_leaked_derived_key,
            "archived": self.archived_at is not None,
            "deleted": self.deleted_at is not None,
        }


class Agent(Audited):
    """A program that acts for an app under its own name, with keys of its own."""

    class Type(models.TextChoices):
        """What kind of program it is; told to callers, checked by nothing."""

        AGENT = "agent", "Agent"
        SERVICE = "service", "Service"

    app = models.ForeignKey(App, models.PROTECT, related_name="agents")
    name = models.CharField(max_length=64, help_text="Cannot be changed; other programs use it.")
    display_name = models.CharField(max_length=80, blank=True)
    type = models.CharField(max_length=10, choices=Type.choices, default=Type.AGENT)
    scopes = models.JSONField(default=dict, help_text="Provider to list of scopes; none: nothing there.")
    scopes_pending = models.JSONField(null=True, help_text="Narrower ones that will hold from then on.")
    scopes_applies_at = models.DateTimeField(null=True)
    policy = models.JSONField(default=dict)
    metadata = models.JSONField(default=dict)
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
            models.CheckConstraint(
                condition=models.Q(scopes_pending__isnull=True, scopes_applies_at=None)
                | models.Q(scopes_pending__isnull=False, scopes_applies_at__isnull=False),
                name="pending_scopes_have_a_day",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def status(self) -> Literal["active", "inactive", "revoked"]:
        """`active`, `inactive` (suspended) or `revoked`, as the wire says it (docs/sdk.md)."""
        if self.revoked_at:
            return "revoked"
        return "inactive" if self.suspended_at else "active"

    @property
    def narrowing_is_due(self) -> bool:
        """Whether the pending scopes hold by now. While the agent is suspended they wait."""
        return bool(self.scopes_applies_at and self.scopes_applies_at <= now() and not self.suspended_at)

    def settle(self) -> None:
        """Let pending scopes that are due be the scopes. Saved with whatever change comes next."""
        if self.narrowing_is_due:
            self.scopes, self.scopes_pending, self.scopes_applies_at = self.scopes_pending, None, None

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": self.app_id,
            "agent_id": self.id,
            "agent_name": self.name,
            "target_kind": "agent",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def snapshot(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "display_name": self.display_name,
            "type": self.type,
            "status": self.status,
            "scopes": self.scopes,
            "scopes_pending": self.scopes_pending,
            "scopes_applies_at": self.scopes_applies_at.isoformat() if self.scopes_applies_at else None,
            "policy": self.policy,
            "metadata": self.metadata,
        }


class CallerLabel(models.Model):
    """A name that programs of an app call themselves by, and the id it has (docs/sdk.md)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    app = models.ForeignKey(App, models.PROTECT, related_name="caller_labels")
    label = models.CharField(max_length=255)
    type = models.CharField(max_length=10, choices=Agent.Type.choices)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["app", "label", "type"], name="one_id_a_label"),)

    def __str__(self) -> str:
        return self.label


class Creation(models.Model):
    """What was made under an idempotency key, an agent with its key or a key, so that asking again makes no second."""

    app = models.ForeignKey(App, models.PROTECT, related_name="+")
    once = models.CharField(max_length=64, help_text="SHA-256 of the idempotency key, as hex.")
    asked = models.CharField(max_length=64, help_text="SHA-256 of what was asked for, as hex.")
    agent = models.ForeignKey(
        Agent, models.PROTECT, null=True, related_name="+", help_text="NULL: a key of no agent was made."
    )
    key_id = models.UUIDField()
    at = models.DateTimeField(default=now, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["app", "once"], name="one_agent_an_idempotency_key"),)

    def __str__(self) -> str:
        return f"{self.agent or self.key_id} once"
