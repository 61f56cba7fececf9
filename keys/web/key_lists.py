"""Which keys a list shows, and in which order."""

from datetime import timedelta
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    ExpressionWrapper,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Least

from agents.active_keys import active_filter
from agents.models import Agent, App
from audit.models import LastUse
from audit.search import usage
from core.clock import now
from core.folding import contains_folded, holding
from keys.models import EXPIRING, ApiKey, ApiKeyQuerySet


def keys_of(app: App, filters: dict[str, Any]) -> ApiKeyQuerySet:
    """The app's keys that match, those that need attention first."""
    found = ApiKey.objects.filter(app=app).with_kin()
    found = _of_status(found, filters.get("status") or "")
    found = found.filter(kind=filters["kind"]) if filters.get("kind") else found.filter(parent=None)
    if q := (filters.get("q") or "").strip():
        found = found.filter(contains_folded(q, "name", "agent__name") | holding(q, "prefix"))
    if scope := (filters.get("scope") or "").strip():
        # Scopes are stored as a list of strings: the quote makes `keys` find keys:derive and not monkeys:read.
        found = found.annotate(as_text=Cast("scopes", TextField())).filter(
            holding(f'"{scope.lower()}', "as_text")
        )
    if owner := (filters.get("owner") or "").strip():
        found = found.filter(contains_folded(owner, "minted_by"))
    if days := filters.get("expiring"):
        found = found.active().filter(expires_at__lte=now() + timedelta(days=int(days)))
    if days := filters.get("unused"):
        since = now() - timedelta(days=int(days))
        used = usage.called_since(OuterRef("id"), since, allowed=True)
        found = found.active().filter(~used, created_at__lt=since)
    return in_order(found)


def in_order(found: ApiKeyQuerySet) -> ApiKeyQuerySet:
    """Needs attention first, of those what ends soonest; then active keys by age; then what has ended."""
    return found.order_by(attention(), attention_end().asc(nulls_last=True), "-created_at", "-id")


def attention() -> Case:
    """How soon a key needs attention: 0 expires soon, 1 rotates, 2 is deprecated, 3 active, 4 ended, 5 revoked."""
    moment = now()
    return Case(
        When(Q(revoked_at__isnull=False), then=Value(5)),
        When(Q(expires_at__lte=moment) | Q(grace_ends_at__lte=moment), then=Value(4)),
        When(Q(expires_at__lte=moment + EXPIRING), then=Value(0)),
        When(Q(grace_ends_at__gt=moment), then=Value(1)),
        When(Q(deprecated_at__isnull=False), then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )


def attention_end() -> Case:
    """When a key that expires soon, rotates or is deprecated ends; nothing for others."""
    moment = now()
    needs = Q(expires_at__gt=moment, expires_at__lte=moment + EXPIRING) | Q(deprecated_at__isnull=False)
    return Case(
        When(needs & Q(revoked_at=None), then=earliest_end()), default=None, output_field=DateTimeField()
    )


def earliest_end() -> Coalesce:
    """When a key stops working by itself; nothing if it never does."""
    return Coalesce(Least("expires_at", "grace_ends_at"), "expires_at", "grace_ends_at")


def last_used() -> "ExpressionWrapper[Any]":
    """When a key was last used, as far as its requests are sealed."""
    latest = LastUse.objects.filter(subject_id=OuterRef("id")).values("allowed_at")[:1]
    return ExpressionWrapper(Subquery(latest), output_field=DateTimeField())


def needs_attention() -> Q:
    """Keys that work, and expire soon, rotate or are deprecated."""
    soon = Q(expires_at__lte=now() + EXPIRING) | Q(deprecated_at__isnull=False)
    return Q(active_filter(now())) & soon


def has_ended() -> Q:
    """Keys that expired or were rotated, and were not revoked."""
    return Q(Q(expires_at__lte=now()) | Q(grace_ends_at__lte=now()), revoked_at=None)


def _of_status(found: ApiKeyQuerySet, status: str) -> ApiKeyQuerySet:
    if status in ("", "all-active"):
        return found.active() if status else found
    if status == "revoked":
        return found.filter(revoked_at__isnull=False)
    if status == "ended":
        return found.filter(has_ended())
    if status == "attention":
        return found.filter(needs_attention())
    if status == "rotating":
        return found.active().filter(grace_ends_at__isnull=False)
    return found.active().filter(grace_ends_at=None, deprecated_at__isnull=status == "active")


def keys_of_agent(agent: Agent) -> ApiKeyQuerySet:
    """An agent's own keys, those that need attention first."""
    return in_order(agent.keys.own().with_kin())
