"""What programs made under an Idempotency-Key, so that nothing is made twice."""

from uuid import UUID

from django.db import models

from core.clock import now
from core.idempotency import RETENTION, digest, expired


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

    @classmethod
    def claim(
        cls, owner_id: UUID, operation: str, key: str, body_digest: bytes = b""
    ) -> tuple["IdempotencyRecord", bool]:
        """The record of a person's request, and whether it is new; what is too old is forgotten.

        The caller has a transaction: a second request at the same time waits here for the first one's commit.
        """
        cls.objects.filter(expired("created_at", RETENTION)).delete()
        return cls.objects.get_or_create(
            owner_id=owner_id,
            operation=operation[:80],
            key_digest=digest(key),
            defaults={"body_digest": body_digest},
        )
