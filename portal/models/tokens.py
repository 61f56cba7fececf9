"""What lets programs do what a person may."""

from typing import Any

from django.db import models

from audit.models import Audited
from core.clock import now
from portal.models.users import User


class AccessToken(Audited):
    """Lets a program act as its owner over the JSON API, with some of its owner's permissions. Stored like a key."""

    user = models.ForeignKey(User, models.PROTECT, related_name="access_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=32)
    digest = models.BinaryField(max_length=32, unique=True)
    pepper = models.PositiveSmallIntegerField()
    permissions = models.JSONField(
        default=list, help_text="As requested; each use is limited to the owner's role."
    )
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="children",
        help_text="The token that minted it; revoked with it.",
    )
    once = models.CharField(
        max_length=100, null=True, help_text="The form that minted it: one form, one token."
    )

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (models.UniqueConstraint(fields=["user", "once"], name="one_token_a_form"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def is_revoked(self) -> bool:
        """Whether it was revoked, or the token that made it."""
        return self.revoked_at is not None or (self.parent is not None and self.parent.revoked_at is not None)

    @property
    def status(self) -> str:
        """`revoked`, `expired` or `active`."""
        if self.is_revoked:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now() else "active"

    def audit_target(self) -> dict[str, Any]:
        return {
            "key_prefix": self.prefix,
            "target_kind": "access token",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def snapshot(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "prefix": self.prefix,
            "owner": self.user.label,
            "permissions": self.permissions,
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
            "revoked": self.revoked_at is not None,
            "parent": self.parent.name if self.parent else None,
        }


class Authorization(models.Model):
    """A person's yes to a program on their own machine, waiting a minute to be turned into an access token."""

    digest = models.BinaryField(max_length=32, unique=True, help_text="SHA-256 of the code.")
    challenge = models.CharField(max_length=43, help_text="PKCE, S256 (RFC 7636).")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    permissions = models.JSONField(default=list)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
