"""LastUse: when a key, agent or caller was last allowed and last denied. It outlives the requests."""

from django.db import models


class LastUse(models.Model):
    """The newest calls of one subject, folded in by the sealer; never the hot path (docs/decisions/0045)."""

    subject_id = models.UUIDField(
        primary_key=True, help_text="The id of a key, of an agent or of a caller's name."
    )
    first_at = models.DateTimeField(help_text="The first call, whatever came of it.")
    allowed_at = models.DateTimeField(null=True, help_text="The latest call that was allowed.")
    denied_at = models.DateTimeField(null=True, help_text="The latest call that was denied.")

    def __str__(self) -> str:
        return f"{self.subject_id}: allowed {self.allowed_at}, denied {self.denied_at}"
