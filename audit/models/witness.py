"""WitnessState: how far each witness has come. Witnessed: checkpoints held for other portals."""

from django.db import models

from core.clock import now
from core.ids import new_id


class WitnessState(models.Model):
    """How an exchange stands: with a witness of this portal, or with a portal that this one is a witness for."""

    name = models.CharField(primary_key=True, max_length=80)
    where = models.CharField(max_length=500)
    number = models.BigIntegerField(default=0, help_text="The last checkpoint that was acknowledged.")
    since = models.DateTimeField(default=now)
    heard_at = models.DateTimeField(null=True, help_text="When it was last heard of that all is well.")
    tried_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True, help_text="Until when it asked to be left alone.")
    error = models.CharField(max_length=300, blank=True)
    disagrees = models.CharField(max_length=300, blank=True, help_text="What does not fit this record.")

    def __str__(self) -> str:
        return f"{self.where}: {self.number}"


class Witnessed(models.Model):
    """A checkpoint of another portal, as it was told and signed there. Two with one number are evidence."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.CharField(max_length=60)
    number = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    told = models.JSONField()
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source", "number", "hash"], name="witnessed_once"),)

    def __str__(self) -> str:
        return f"checkpoint {self.number} of {self.source}"
