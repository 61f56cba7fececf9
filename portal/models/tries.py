"""Where sign-in counts tries, so that all processes of the portal count together."""

from django.db import models


class Cached(models.Model):
    """A row of Django's database cache, whose columns these are (CACHES in settings.py)."""

    cache_key = models.CharField(primary_key=True, max_length=255)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key
