"""The email outbox. No text of a message is stored: it is written when it is sent."""

from django.db import models
from django.db.models import Q

from core.clock import now
from core.ids import new_id
from portal.models.invitations import Invitation
from portal.models.users import User


class MailKind(models.TextChoices):
    """What a message is about."""

    NOTIFICATIONS = "notifications", "Notifications"
    INVITATION = "invitation", "Invitation"
    PASSWORD_RESET = "password-reset", "Password reset"
    NO_ACCOUNT = "no-account", "No account with this email"
    CONFIRM_EMAIL = "confirm-email", "Email confirmation"


_WAITS = Q(due_at__isnull=False) & ~Q(kind=MailKind.NOTIFICATIONS.value)


class Mail(models.Model):
    """One message to one address. What it says is made of its kind, its person and its invitation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=MailKind.choices)
    address = models.EmailField()
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    invitation = models.ForeignKey(Invitation, models.PROTECT, null=True, related_name="+")
    origin = models.CharField(
        max_length=300, blank=True, help_text="The portal's address when it was asked for."
    )
    at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(null=True, default=now, help_text="NULL: it was sent, or given up.")
    claimed_until = models.DateTimeField(
        null=True, help_text="Until when a process that sends it has it alone."
    )
    tries = models.PositiveSmallIntegerField(default=0, help_text="Counted when one begins.")
    sent_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=300, blank=True, help_text="Why the last try failed.")

    class Meta:
        ordering = ("-at", "-id")
        # The same thing waits once. Three, because a unique index takes NULLs for different.
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "address", "user"], condition=_WAITS, name="one_waiting_mail_of_a_person"
            ),
            models.UniqueConstraint(
                fields=["kind", "address", "invitation"],
                condition=_WAITS,
                name="one_waiting_mail_of_an_invitation",
            ),
            models.UniqueConstraint(
                fields=["kind", "address"],
                condition=_WAITS & Q(user=None, invitation=None),
                name="one_waiting_mail_to_an_address",
            ),
        )
        indexes = (
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="mails_due"),
            models.Index(fields=["-at", "-id"], name="mails_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.address}"
