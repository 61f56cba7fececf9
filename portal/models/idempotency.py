"""What programs made under an Idempotency-Key, so that nothing is made twice."""

from django.db import models

from audit.clock import now


class IdempotencyRecord(models.Model):
    """One request that made something. Of its key and its body the SHA-256 is kept, of a secret nothing."""

    owner_id = models.UUIDField(help_text="The person whose access token asked.")
    operation = models.CharField(max_length=80)
    key_digest = models.BinaryField(max_length=32)
    body_digest = models.BinaryField(max_length=32)
    row_id = models.UUIDField(null=True, help_text="What it made.")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["owner_id", "operation", "key_digest"], name="one_row_an_idempotency_key"
            ),
        )
        indexes = (models.Index(fields=["created_at"], name="idempotency_by_age"),)

    def __str__(self) -> str:
        return f"{self.operation} of {self.owner_id}"
