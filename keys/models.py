"""ApiKey: a key without its secret. RateBucket and Nonce: the state that calls with a key leave behind. Pepper."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agents.active_keys import active_filter, is_active
from agents.models import MAX_RATE_LIMIT_RPM, Agent, App
from audit.models import Audited, AuditedQuerySet
from core.clock import now
from keys import plaintext
from keys.catalogue.builtin import FIRST_VERSION
from keys.catalogue.models import CatalogueVersion
from keys.catalogue.store import catalogue_of
from keys.gateways.models import Gateway, GatewayUse
from keys.networks import Network, stored_networks
from keys.scopes import ScopeSet

__all__ = [
    "ApiKey",
    "CatalogueVersion",
    "Gateway",
    "GatewayUse",
    "Nonce",
    "Pepper",
    "RateBucket",
    "active_filter",
]
EXPIRING = timedelta(days=14)
"""How long before its end a key is shown as expiring."""


class ApiKeyQuerySet(AuditedQuerySet["ApiKey"]):
    """The questions asked of keys in more than one place."""

    def active(self, moment: datetime | None = None) -> Self:
        """Keys that still authenticate (agents/active_keys.py)."""
        return self.filter(active_filter(moment or now()))

    def in_grace(self) -> Self:
        """Those of them that have a successor and work on for a while."""
        return self.active().filter(grace_ends_at__isnull=False)

    def with_kin(self) -> Self:
        """Each with its app, agent, parent and predecessor, in the same read: what a page shows of a key."""
        return self.select_related("app", "agent", "parent", "replaces", "enrolled_by__parent")

    def dependent_on(self, key: "ApiKey") -> Self:
        """Keys that are revoked with `key`: derived from it, enrolled by it, and enrolled by one derived from it."""
        return self.filter(Q(parent=key) | Q(enrolled_by=key) | Q(enrolled_by__parent=key))

    def family(self, key_id: UUID) -> Self:
        """A key and those derived from it."""
        return self.filter(Q(id=key_id) | Q(parent=key_id))

    def own(self) -> Self:
        """Keys minted by people, without those derived from them."""
        return self.filter(parent=None)


ApiKeys = models.Manager.from_queryset(ApiKeyQuerySet)


class ApiKey(Audited):
    """One key. Its status is computed from dates; revoked is final."""

    class Kind(models.TextChoices):
        """Whom the key speaks for; also the type word in its plaintext."""

        APP = "app", "App"
        AGENT = "agent", "Agent"
        DERIVED = "derived", "Derived"

    app = models.ForeignKey(App, models.PROTECT, related_name="keys")
    agent = models.ForeignKey(Agent, models.PROTECT, null=True, related_name="keys")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="successors")
    enrolled_by = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="enrolled",
        help_text="The derived key that minted it for an agent: it may do no more, and ends with it.",
    )
    shared_bucket = models.UUIDField(
        null=True,
        help_text="Whose calls it spends: of the first key in its line, or of a key with a limit that made it.",
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=32, db_index=True)
    fingerprint = models.CharField(max_length=8, help_text="The first 8 hex digits of its SHA-256.")
    digest = models.BinaryField(max_length=32, unique=True)
    pepper = models.PositiveSmallIntegerField()
    generation = models.PositiveIntegerField(default=1)
    scopes = models.JSONField(default=list)
    scope_version = models.PositiveIntegerField(default=FIRST_VERSION)
    networks = models.JSONField(default=list, help_text="CIDR ranges. Empty: from anywhere.")
    rate_limit_rpm = models.PositiveIntegerField(null=True)
    metadata = models.JSONField(default=dict)
    minted_by = models.CharField(max_length=200)
    owner_id = models.UUIDField(null=True, db_index=True, help_text="The user who owns it.")
    idempotency_key = models.CharField(
        max_length=100, null=True, help_text="The form or request it came from: one of them makes one key."
    )
    created_at = models.DateTimeField(default=now, db_default=Now())
    expires_at = models.DateTimeField(null=True)
    deprecated_at = models.DateTimeField(null=True)
    grace_ends_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[ApiKeys["ApiKey"]] = ApiKeys()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=["app", "idempotency_key"], name="one_key_per_idempotency_key"),
            models.CheckConstraint(
                condition=Q(kind="derived", parent__isnull=False) | (~Q(kind="derived") & Q(parent=None)),
                name="only_derived_have_parents",
            ),
            models.CheckConstraint(condition=~Q(kind="app") | Q(agent=None), name="app_key_has_no_agent"),
            models.CheckConstraint(
                condition=Q(grace_ends_at=None) | Q(deprecated_at__isnull=False), name="grace_is_deprecated"
            ),
            models.CheckConstraint(
                condition=Q(rate_limit_rpm=None) | Q(rate_limit_rpm__range=(1, MAX_RATE_LIMIT_RPM)),
                name="key_rate_limit",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")), name="expires_later"
            ),
        )
        indexes = (models.Index(fields=["app", "-created_at"], name="keys_of_app"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def status(self) -> Literal["active", "deprecated", "rotating", "ended", "expired", "revoked"]:
        """`revoked`, `expired`, `ended` (grace over), `rotating`, `deprecated` or `active`: the first that holds."""
        moment = now()
        if self.revoked_at:
            return "revoked"
        if self.expires_at and self.expires_at <= moment:
            return "expired"
        if self.grace_ends_at:
            return "rotating" if self.grace_ends_at > moment else "ended"
        return "deprecated" if self.deprecated_at else "active"

    @property
    def is_active(self) -> bool:
        """Whether it still authenticates, as far as keys decide it. Its agent has a say too."""
        return is_active(self, now())

    @property
    def ends_at(self) -> datetime | None:
        """When it stops by itself: at its end or with its grace, whichever comes first. None: it does not."""
        return min((end for end in (self.expires_at, self.grace_ends_at) if end), default=None)

    @property
    def replaced(self) -> "ApiKey | None":
        """The key it took the place of. None: it took none, or the rotation was cancelled and both work."""
        return self.replaces if self.replaces and self.replaces.grace_ends_at else None

    @property
    def above(self) -> "ApiKey | None":
        """The key it stands on, if it does: it may do no more than that, and ends with it."""
        return self.parent or self.enrolled_by

    def active_successor(self) -> "ApiKey | None":
        """The newest active key that took its place, or the place of one that did. None: there is none any more."""
        ids, newest = [self.pk], None
        while successors := list(
            ApiKey.objects.filter(replaces__in=ids).exclude(pk__in=ids).order_by("created_at")
        ):
            newest = next((key for key in reversed(successors) if key.is_active), newest)
            ids = [key.pk for key in successors]
        return newest

    @property
    def root(self) -> "ApiKey":
        """The key whose calls it spends: its own, or that of the first in its line."""
        return self.above.root if self.above else self

    @property
    def bucket(self) -> UUID:
        """The id under which its calls are counted: one for a whole rotation line, and for all that stand on it."""
        return self.root.shared_bucket or self.root.id

    @property
    def scope_set(self) -> ScopeSet:
        """The scopes it was given."""
        return catalogue_of(self.app).stored(self.scopes)

    @property
    def network_list(self) -> tuple[Network, ...]:
        """The ranges it may be used from; none means anywhere."""
        return stored_networks(self.networks)

    @property
    def rate_limit(self) -> int:
        """Calls a minute that are enforced: its own, or its app's. A derived key spends its parent's."""
        return self.root.rate_limit_rpm or self.app.default_rate_limit

    @property
    def rate_limit_source(self) -> Literal["key", "organization", "platform_default"]:
        """Whose number that is, in the wire's words: `key`, `organization` (its app) or `platform_default`."""
        if self.root.rate_limit_rpm:
            return "key"
        return "organization" if self.app.rate_limit_rpm else "platform_default"

    def audit_target(self) -> dict[str, Any]:
        return {
            "app_id": self.app_id,
            "key_id": self.id,
            "key_prefix": self.prefix,
            "key_name": self.name,
            "agent_id": self.agent_id,
            "agent_name": self.agent.name if self.agent else "",
            "target_kind": "key",
            "target_id": str(self.id),
            "target_label": self.name,
        }

    def snapshot(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "prefix": self.prefix,
            "generation": self.generation,
            "scopes": self.scopes,
            "networks": self.networks,
            "rate_limit_rpm": self.rate_limit_rpm,
            "expires_at": _iso(self.expires_at),
            "deprecated_at": _iso(self.deprecated_at),
            "grace_ends_at": _iso(self.grace_ends_at),
            "revoked_at": _iso(self.revoked_at),
        }


class Pepper(models.Model):
    """The fingerprint of each pepper that digests were made with, so that a lost or changed one is noticed."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    fingerprint = models.CharField(max_length=16)

    def __str__(self) -> str:
        return f"pepper {self.number}"

    @classmethod
    def note_current(cls) -> int:
        """The number of the current pepper, whose fingerprint is stored by this."""
        number = plaintext.current_pepper()
        cls.objects.get_or_create(
            number=number, defaults={"fingerprint": plaintext.pepper_fingerprint(number)}
        )
        return number


class RateBucket(models.Model):
    """The state of one rate limit (GCRA, keys/admission/rate_limit.py). Losing a row forgives a minute of calls."""

    bucket = models.UUIDField(primary_key=True)
    spent_until_us = models.BigIntegerField(
        help_text="GCRA's theoretical arrival time, microseconds since 1970."
    )
    burst_us = models.BigIntegerField(
        db_default=60_000_000, help_text="Microseconds that the bucket may be ahead of now, by its limit."
    )

    def __str__(self) -> str:
        return f"{self.bucket} until {self.spent_until_us}"


class Nonce(models.Model):
    """A nonce that a signed call has used (keys/admission/nonces.py)."""

    id = models.CharField(primary_key=True, max_length=161, help_text="The key's id and the nonce.")
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.id


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
