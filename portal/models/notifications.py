"""Notifications, and how each user wants to receive them."""

from django.db import models
from django.db.models import Q

from core.clock import now
from core.ids import new_id
from portal.models.outbox import Mail
from portal.models.users import User


class NotificationKind(models.TextChoices):
    """What a notification is about."""

    EXPIRING = "key-expiring", "Key expires soon"
    EXPIRED = "key-expired", "Key expired"
    REVOKED = "key-revoked", "Key revoked"
    STILL_IN_USE = "key-still-in-use", "Deprecated key still in use"
    LEAKED = "key-leaked", "Key reported as leaked"
    QUESTION = "key-question", "Question about a key"
    ALARM = "audit-alarm", "Audit log alert"
    SIGNED_IN = "signed-in", "New sign-in"
    ACCOUNT = "account", "Sign-in method changed"


class Notification(models.Model):
    """One notification of one user. A user has at most one with the same `dedupe_key`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=20, choices=NotificationKind.choices)
    dedupe_key = models.CharField(max_length=120)
    app_id = models.UUIDField(null=True)
    key_id = models.UUIDField(null=True)
    event_id = models.UUIDField(null=True)
    title = models.CharField(max_length=300, help_text="What happened, without a full stop. Never a secret.")
    text = models.CharField(max_length=500, blank=True, help_text="Details in a sentence or two.")
    mail_to = models.EmailField(blank=True, default="", help_text="Empty: the email address of the user.")
    path = models.CharField(max_length=200, help_text="The path of the page to act on it.")
    at = models.DateTimeField(default=now)
    shown = models.BooleanField(default=True, help_text="In the portal. False: by email only.")
    read_at = models.DateTimeField(null=True)
    mail_due_at = models.DateTimeField(
        null=True, help_text="NULL: no email is to be sent, or it is in the outbox."
    )
    mail = models.ForeignKey(
        Mail, models.SET_NULL, null=True, related_name="notifications", help_text="The email it is part of."
    )
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-at", "-id")
        constraints = (models.UniqueConstraint(fields=["user", "dedupe_key"], name="one_notification_a_key"),)
        indexes = (
            models.Index(fields=["user", "-at", "-id"], name="notifications_of_user"),
            models.Index(fields=["user"], condition=Q(read_at=None, shown=True), name="notifications_unread"),
            models.Index(fields=["mail_due_at"], condition=Q(mailed_at=None), name="notifications_to_mail"),
        )

    def __str__(self) -> str:
        return self.title


class NotificationPreference(models.Model):
    """How one user wants to receive one kind of notification. Without a row the defaults apply."""

    class Reach(models.TextChoices):
        """For which keys."""

        OWN = "own", "Keys I own"
        ALL = "all", "All keys in my apps"

    user = models.ForeignKey(User, models.PROTECT, related_name="notification_preferences")
    kind = models.CharField(max_length=20, choices=NotificationKind.choices)
    reach = models.CharField(max_length=3, choices=Reach.choices, default=Reach.OWN)
    in_portal = models.BooleanField(default=True)
    by_mail = models.BooleanField(default=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "kind"], name="one_preference_a_kind"),)

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"
