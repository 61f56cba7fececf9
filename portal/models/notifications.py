"""What people are told without asking."""

from django.db import models
from django.db.models import Q

from core.clock import now
from core.ids import new_id
from portal.models.outbox import Mail
from portal.models.users import User


class NoticeKind(models.TextChoices):
    """What there is to tell of."""

    EXPIRING = "key-expiring", "A key is about to expire"
    EXPIRED = "key-expired", "A key has expired"
    REVOKED = "key-revoked", "A key was revoked"
    STILL_CALLED = "key-still-called", "A deprecated key is still called"
    LEAKED = "key-leaked", "A key was reported as leaked"
    ASKED = "key-asked", "Support asks about a key"
    ALARM = "audit-alarm", "What proves the audit log needs attention"
    SIGNED_IN = "signed-in", "A new sign-in to your account"
    ACCOUNT = "account", "Your way in was changed"


class Notice(models.Model):
    """One thing one person is told. `mark` makes sure that they are told once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=20, choices=NoticeKind.choices)
    mark = models.CharField(max_length=120)
    app_id = models.UUIDField(null=True)
    key_id = models.UUIDField(null=True)
    event_id = models.UUIDField(null=True)
    says = models.CharField(max_length=300, help_text="One sentence. Never a secret.")
    more = models.CharField(max_length=500, blank=True)
    mail_to = models.EmailField(blank=True, default="", help_text="Empty: the address of its reader.")
    to = models.CharField(max_length=200, help_text="The path of the page that sets it right.")
    at = models.DateTimeField(default=now)
    shown = models.BooleanField(default=True, help_text="In the portal. False: by e-mail alone.")
    read_at = models.DateTimeField(null=True)
    mail_due_at = models.DateTimeField(
        null=True, help_text="NULL: no e-mail is to go out, or it is in the outbox."
    )
    mail = models.ForeignKey(
        Mail, models.SET_NULL, null=True, related_name="notices", help_text="The e-mail it went into."
    )
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-at", "-id")
        constraints = (models.UniqueConstraint(fields=["user", "mark"], name="told_once"),)
        indexes = (
            models.Index(fields=["user", "-at", "-id"], name="notices_of_user"),
            models.Index(fields=["user"], condition=Q(read_at=None, shown=True), name="notices_unread"),
            models.Index(fields=["mail_due_at"], condition=Q(mailed_at=None), name="notices_to_mail"),
        )

    def __str__(self) -> str:
        return self.says


class NoticeChoice(models.Model):
    """How one person wants to be told of one kind; without a row, as the product comes."""

    class Reach(models.TextChoices):
        """Of which keys."""

        OWN = "own", "Keys I minted"
        ALL = "all", "Every key of my apps"

    user = models.ForeignKey(User, models.PROTECT, related_name="notice_choices")
    kind = models.CharField(max_length=20, choices=NoticeKind.choices)
    reach = models.CharField(max_length=3, choices=Reach.choices, default=Reach.OWN)
    in_portal = models.BooleanField(default=True)
    by_mail = models.BooleanField(default=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "kind"], name="one_choice_a_kind"),)

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"
