"""What somebody would write by hand: a table of digests, and a row for each call."""

from django.db import models


class Key(models.Model):
    """A key, found by its digest."""

    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.name


class Call(models.Model):
    """One call: which key, when, what for, and whether it passed."""

    key = models.ForeignKey(Key, models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)
    method = models.CharField(max_length=16)
    path = models.CharField(max_length=500)
    ip = models.CharField(max_length=45)
    request_id = models.CharField(max_length=64)
    allowed = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
