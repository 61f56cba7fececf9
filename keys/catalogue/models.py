"""CatalogueVersion: the app's own part of its scope catalogue, as it was published. Rows are added, never changed."""

from django.db import models

from agents.models import App
from core.clock import now
from core.ids import new_id


class CatalogueVersion(models.Model):
    """One version of an app's catalogue. Version 1 has no row: it is keys.catalogue.builtin.DEFAULT."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    app = models.ForeignKey(App, models.PROTECT, related_name="catalogue_versions")
    version = models.PositiveIntegerField()
    document = models.JSONField(help_text="keys/catalogue/document.py says what is in it.")
    published_by = models.CharField(max_length=200)
    published_at = models.DateTimeField(default=now)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-version",)
        constraints = (
            models.UniqueConstraint(fields=["app", "version"], name="one_catalogue_a_version"),
            models.CheckConstraint(condition=models.Q(version__gt=1), name="first_catalogue_is_built_in"),
        )

    def __str__(self) -> str:
        return f"scopes of {self.app_id}, version {self.version}"
