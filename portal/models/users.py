"""Who people are, and what role they have where."""

from types import MethodType
from typing import Any, ClassVar, cast

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property

from agents.models import App
from audit.models import Audited
from audit.models.audited import AuditedQuerySet
from core.clock import now

MAX_LABEL = 200
"""What the log has room for."""


class Role(models.TextChoices):
    """What a person may do; portal/roles.py says it permission by permission."""

    DEVELOPER = "developer", "Developer"
    SUPPORT = "support", "Support"
    ADMIN = "admin", "Admin"


class UserManager(BaseUserManager["User"]):
    """Knows people by their e-mail address, whatever its case."""

    def get_queryset(self) -> AuditedQuerySet["User"]:
        return AuditedQuerySet(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(Audited, AbstractBaseUser):
    """Someone who can sign in. What they may do is said by their memberships.

    Saved inside change() alone, for each column is part of a way in. Django itself writes two things beside it: when
    someone last signed in, which has an event of its own, and the same password under a newer hash.
    """

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=now)
    last_seen_at = models.DateTimeField(null=True)

    is_fresh = True
    """Whether they proved lately who they are. A page's gate says so of whoever asks; see signing_in."""

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

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
    def is_deactivated(self) -> bool:
        """Whether an admin has closed the account."""
        return not self.is_active

    @property
    def label(self) -> str:
        """What the log calls this person for ever."""
        label = f"{self.name} <{self.email}>" if self.name else self.email
        return label[:MAX_LABEL]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("update_fields") == ["last_login"]:
            note_of(self, last_login=self.last_login)
            return
        self.email = self.email.lower()
        super().save(*args, **kwargs)

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is this. A hash of earlier settings is made anew, which changes nobody's way in: no event."""
        stored = self.password

        def rehash(raw: str) -> None:
            self.password = make_password(raw)
            QuerySet(User).filter(pk=self.pk, password=stored).update(password=self.password)

        return check_password(raw_password, stored, rehash)

    def audit_target(self) -> dict[str, Any]:
        return {"target_kind": "person", "target_id": str(self.pk), "target_label": self.label}

    def snapshot(self) -> dict[str, Any]:
        return {
            "email": self.email,
            "name": self.name,
            "account": "open" if self.is_active else "closed",
            "password": "set" if self.has_usable_password() else "none",
        }


def own_row(user: User) -> User:
    """The row that `user` stands for: request.user is a stand-in, and change() watches the row."""
    return cast(User, cast(MethodType, user.save).__self__)


def note_of(user: User, **columns: Any) -> None:
    """Write what nobody did on purpose: when `user` was last here, when they last signed in. Not an act."""
    QuerySet(User).filter(pk=user.pk).update(**columns)


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

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": self.app_id,
            "target_kind": "member",
            "target_id": str(self.user_id),
            "target_label": self.user.label,
        }

    def snapshot(self) -> dict[str, Any]:
        return {"role": self.role, "app": str(self.app or "every app"), "ended": self.ended_at is not None}
