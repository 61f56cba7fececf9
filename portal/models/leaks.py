"""Leaked-key reports."""

from django.db import models

from core.clock import now
from core.ids import new_id


class LeakReport(models.Model):
    """One report of one secret. Only the SHA-256 of the secret is kept, until the report is handled."""

    class Source(models.TextChoices):
        """Who reported it."""

        SCANNER = "scanner", "Secret scanner"
        FORM = "form", "Report form"
        SUPPORT = "support", "Support"

    class Outcome(models.TextChoices):
        """What was done."""

        UNKNOWN = "unknown", "Unknown key"
        OVER = "over", "Already inactive"
        NOTIFIED = "notified", "Owner notified"
        DEPRECATED = "deprecated", "Deprecated"
        REVOKED = "revoked", "Revoked"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(default=now)
    source = models.CharField(max_length=10, choices=Source.choices)
    found_at = models.CharField(
        max_length=500, blank=True, help_text="Where it was found, according to the reporter."
    )
    note = models.CharField(max_length=500, blank=True)
    hashed = models.BinaryField(max_length=32, null=True, help_text="NULL: handled.")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    app_id = models.UUIDField(null=True)
    key_id = models.UUIDField(null=True)
    token_id = models.UUIDField(null=True)
    prefix = models.CharField(max_length=32, blank=True)
    handled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=["at"], condition=models.Q(handled_at=None), name="leaks_to_handle"),
            models.Index(fields=["app_id", "-at"], name="leaks_of_app"),
            models.Index(fields=["key_id"], name="leaks_of_key"),
        )

    def __str__(self) -> str:
        return f"{self.get_source_display()}, {self.at:%Y-%m-%d}: {self.outcome or 'waiting'}"
