"""What sign-in counts and remembers, so that all processes of the portal count together and nothing is pushed out."""

from allauth.mfa.models import Authenticator
from django.db import models

from core.clock import now


class Counter(models.Model):
    """A value under a name, until it is old: the tries of an account or an address."""

    name = models.CharField(primary_key=True, max_length=255)
    value = models.TextField(help_text="JSON.")
    expires_at = models.BigIntegerField(
        null=True, db_index=True, help_text="Microseconds since 1970; NULL: never."
    )

    def __str__(self) -> str:
        return self.name


class UsedCode(models.Model):
    """The counter of the last code that an authenticator app has signed in with: it and those before work no more."""

    authenticator = models.OneToOneField(Authenticator, models.CASCADE, primary_key=True, related_name="+")
    counter = models.BigIntegerField(help_text="RFC 6238: spans of 30 seconds since 1970.")

    def __str__(self) -> str:
        return f"{self.authenticator_id}: {self.counter}"


class TakenMessage(models.Model):
    """The SHA-256 of a scanner's message that was taken: its signature holds for ever, and it is taken once."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    at = models.DateTimeField(default=now, db_index=True)

    def __str__(self) -> str:
        return f"taken {self.at:%Y-%m-%d}"
