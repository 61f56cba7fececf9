"""People: who they are, what role they have where, and the invitations that let them in."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from agents.models import App
from audit.clock import now
from audit.ids import new_id
from audit.models import Audited

LONGEST_LABEL = 200
"""What the log has room for."""


class Role(models.TextChoices):
    """What a person may do; portal/roles.py says it permission by permission."""

    DEVELOPER = "developer", "Developer"
    SUPPORT = "support", "Support"
    ADMIN = "admin", "Admin"


class UserManager(BaseUserManager["User"]):
    """Knows people by their e-mail address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """Someone who can sign in. What they may do is said by their memberships."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        ordering = ("email",)

    def __str__(self) -> str:
        return self.name or self.email

    @cached_property
    def roles(self) -> "list[Membership]":
        """The roles this person has now. Read once for each request."""
        return list(Membership.objects.filter(user=self, ended_at=None))

    @property
    def label(self) -> str:
        """What the log calls this person for ever."""
        label = f"{self.name} <{self.email}>" if self.name else self.email
        return label[:LONGEST_LABEL]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.lower()
        super().save(*args, **kwargs)


class Membership(Audited):
    """A role for one person: on one app, or on every app, those to come included."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    app = models.ForeignKey(App, models.PROTECT, null=True, blank=True, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("user__email",)
        constraints = (
            models.UniqueConstraint(
                fields=["user", "app"], condition=Q(ended_at=None), name="one_role_an_app"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at=None, app=None), name="one_role_on_every_app"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.app or 'every app'}"

    @property
    def role_choices(self) -> list[tuple[str, str]]:
        """The roles it could be changed to, as a form offers them."""
        return list(Role.choices)

    def about(self) -> dict[str, Any]:
        return {
            "app_id": self.app_id,
            "target_kind": "member",
            "target_id": str(self.user_id),
            "target_label": self.user.label,
        }

    def picture(self) -> dict[str, Any]:
        return {"role": self.role, "app": str(self.app or "every app"), "ended": self.ended_at is not None}


class AccessToken(Audited):
    """What lets a program do over the JSON API what its owner may do, or a part of it. Stored like a key."""

    user = models.ForeignKey(User, models.PROTECT, related_name="access_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=32)
    digest = models.BinaryField(max_length=32, unique=True)
    pepper = models.PositiveSmallIntegerField()
    permissions = models.JSONField(
        default=list, help_text="As asked for; each use is cut to the owner's role."
    )
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    once = models.CharField(
        max_length=100, null=True, help_text="The form it came from: one form, one token."
    )

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (models.UniqueConstraint(fields=["user", "once"], name="one_token_a_form"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def status(self) -> str:
        """`revoked`, `expired` or `active`."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now() else "active"

    def about(self) -> dict[str, Any]:
        return {
            "key_prefix": self.prefix,
            "target_kind": "access token",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def picture(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "prefix": self.prefix,
            "owner": self.user.label,
            "permissions": self.permissions,
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
            "revoked": self.revoked_at is not None,
        }


class Authorization(models.Model):
    """A person's yes to a program on their own machine, waiting a minute to be turned into an access token."""

    digest = models.BinaryField(max_length=32, unique=True, help_text="SHA-256 of the code.")
    challenge = models.CharField(max_length=43, help_text="PKCE, S256 (RFC 7636).")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    permissions = models.JSONField(default=list)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"


class Invitation(Audited):
    """A link that lets one person in, once. Only its SHA-256 is kept."""

    email = models.EmailField(blank=True, help_text="Empty: whoever opens it first, for the first admin.")
    role = models.CharField(max_length=10, choices=Role.choices)
    app = models.ForeignKey(App, models.PROTECT, null=True, blank=True, related_name="invitations")
    digest = models.BinaryField(max_length=32, unique=True)
    invited_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.email or 'the first admin'} as {self.role}"

    @classmethod
    def waiting(cls, moment: datetime | None = None) -> "models.QuerySet[Invitation]":
        """Invitations that can still be used."""
        return cls.objects.filter(used_at=None, withdrawn_at=None, expires_at__gt=moment or now())

    def about(self) -> dict[str, Any]:
        return {
            "app_id": self.app_id,
            "target_kind": "invitation",
            "target_id": str(self.id),
            "target_label": self.email or "the first admin",
        }

    def picture(self) -> dict[str, Any]:
        return {
            "email": self.email,
            "role": self.role,
            "used": self.used_at is not None,
            "withdrawn": self.withdrawn_at is not None,
        }
