"""Gateway, which proves itself at the door by a secret; GatewayUse, when each of its secrets was last seen."""

from typing import Any, Literal

from django.db import models
from django.db.models import Q

from audit.models import Audited
from core.clock import now


class Gateway(Audited):
    """A gateway of the operator's own. Its name is free again once it is retired."""

    class Pair(models.TextChoices):
        """The two headers in which it says what was called. It is believed in no others."""

        ORIGINAL = "original", "X-Original-Method and X-Original-URI"
        FORWARDED = "forwarded", "X-Forwarded-Method and X-Forwarded-Uri"

    name = models.CharField(max_length=40)
    pair = models.CharField(max_length=10, choices=Pair.choices)
    prefix = models.CharField(max_length=32)
    digest = models.BinaryField(max_length=32, unique=True)
    pepper = models.PositiveSmallIntegerField()
    previous_digest = models.BinaryField(max_length=32, null=True)
    previous_pepper = models.PositiveSmallIntegerField(null=True)
    previous_ends_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)
    rotated_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["name"], condition=Q(retired_at=None), name="one_gateway_of_a_name"
            ),
            models.CheckConstraint(
                condition=Q(pair__in=["original", "forwarded"]), name="gateway_writes_a_pair"
            ),
            models.CheckConstraint(
                condition=Q(previous_digest=None, previous_pepper=None, previous_ends_at=None)
                | Q(
                    previous_digest__isnull=False,
                    previous_pepper__isnull=False,
                    previous_ends_at__isnull=False,
                ),
                name="previous_secret_has_an_end",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def status(self) -> Literal["active", "rotating", "retired"]:
        """`rotating` while the secret before the present one is still taken."""
        if self.retired_at:
            return "retired"
        return "rotating" if self.previous_ends_at and self.previous_ends_at > now() else "active"

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": None,
            "target_kind": "gateway",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def snapshot(self) -> dict[str, Any]:
        ends, retired = self.previous_ends_at, self.retired_at
        return {
            "name": self.name,
            "pair": self.pair,
            "prefix": self.prefix,
            "previous_ends_at": ends.isoformat() if ends else None,
            "retired_at": retired.isoformat() if retired else None,
        }


class GatewayUse(models.Model):
    """When a gateway's secrets were last seen: written now and then by whoever re-reads the gateways, in no event."""

    gateway = models.OneToOneField(Gateway, models.PROTECT, primary_key=True, related_name="use")
    seen_at = models.DateTimeField(null=True)
    previous_seen_at = models.DateTimeField(
        null=True, help_text="The same of the secret before the present one."
    )

    def __str__(self) -> str:
        return f"{self.gateway_id} seen {self.seen_at}"
