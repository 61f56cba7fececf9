"""Gathers what a page shows of keys: each figure is read once for the whole page, whatever the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    ExpressionWrapper,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Least

from agents.active_keys import living
from agents.documents import lost
from agents.models import Agent, App
from audit.models import Call, Event, LastUse
from audit.search import usage
from audit.search.usage import Use
from audit.time_words import relative_words
from core.clock import now
from core.documents import compact
from core.folding import contains_folded, equals_folded, holding
from keys.catalogue.catalogue import Catalogue
from keys.models import EXPIRING, ApiKey, ApiKeyQuerySet
from keys.rules import is_last_active
from keys.scopes import Scope, ScopeSet

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Row:
    """A key in a list."""

    key: ApiKey
    state: str
    says: str
    use: Use | None
    days: list[tuple[int, int]]
    children: int
    note: str

    @property
    def has_ended(self) -> bool:
        """Whether it no longer works, and for good."""
        return self.state in ("revoked", "expired")

    @property
    def short_prefix(self) -> str:
        """The last characters of its prefix, which tell keys of one name apart."""
        return self.key.prefix[-8:]

    @property
    def scope_count(self) -> str:
        """How many scopes it has, in words."""
        count = len(self.key.scopes)
        return f"{count} scope{'' if count == 1 else 's'}"

    @property
    def calls(self) -> str:
        """The spark line in words."""
        allowed, refused = (sum(day[i] for day in self.days) for i in (0, 1))
        return f"Last 7 days: {allowed + refused:,} requests" + (f", {refused:,} denied" if refused else "")


@dataclass(frozen=True, slots=True)
class Quota:
    """How many keys an app has, by state."""

    active: int
    rotated_in_grace: int
    total: int
    max_allowed: int
    needs_attention: int = 0
    ended: int = 0
    revoked: int = 0

    @property
    def taken(self) -> int:
        """Keys that count towards the limit: active ones, rotating ones included."""
        return self.active + self.rotated_in_grace


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation under way: the key that leaves, the key that comes, and who still gets through with which.

    What was called before it, or was refused, moves nowhere and counts for neither.
    """

    old: ApiKey
    new: ApiKey
    first_new: Call | None
    last_old: datetime | None
    new_calls: int
    old_calls: int
    callers: Sequence[Any]

    @property
    def new_share(self) -> int:
        """Percent of the last day's calls made with the new secret."""
        total = self.new_calls + self.old_calls
        return round(100 * self.new_calls / total) if total else 0

    @property
    def old_share(self) -> int:
        """The rest, or 0 when there were no calls at all."""
        return 100 - self.new_share if self.new_calls + self.old_calls else 0

    @property
    def silent(self) -> bool:
        """Whether the old secret has not been heard for an hour."""
        return self.last_old is None or now() - self.last_old > timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Impact:
    """What revoking a key would stop."""

    calls: int
    callers: Sequence[Any]
    children: list[ApiKey]
    last_active: bool

    @property
    def serious(self) -> bool:
        """Whether to ask for a reason and the key's name first."""
        return bool(self.calls or self.children or self.last_active)


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
        found = found.living().filter(expires_at__lte=now() + int(days) * DAY)
    if days := filters.get("unused"):
        since = now() - int(days) * DAY
        used = usage.called_since(OuterRef("id"), since, allowed=True)
        found = found.living().filter(~used, created_at__lt=since)
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


def rows(keys: Iterable[ApiKey]) -> list[Row]:
    """Keys as list rows, in four more queries however many they are."""
    keys = list(keys)
    ids = [key.id for key in keys]
    days = usage.daily({key.app_id for key in keys}, ids)
    used, children = usage.uses(ids), _living_children(ids)
    replacements, idle = _replacements(keys), [(0, 0)] * 7
    return [
        Row(
            key,
            *state_of(key, replacements.get(key.id, "")),
            used.get(key.id),
            days.get(key.id, idle),
            children.get(key.id, 0),
            _note(key),
        )
        for key in keys
    ]


def state_of(key: ApiKey, replacement: str = "") -> tuple[str, str]:
    """The word for a key's state and what its pill says. `replacement` is the prefix of the key it rotates to."""
    status, moment = key.status, now()
    if status == "revoked":
        return "revoked", "Revoked"
    if status in ("expired", "ended"):
        return "expired", "Expired" if status == "expired" else "Rotated"
    if key.agent and key.agent.suspended_at:
        return "suspended", "Agent suspended"
    if status == "rotating" and key.grace_ends_at:
        ends = relative_words(key.grace_ends_at - moment)
        return "rotating", f"Rotating to {replacement[-8:]}" if replacement else f"Expires {ends}"
    if status == "deprecated":
        return "deprecated", "Deprecated"
    if key.expires_at and key.expires_at - moment <= EXPIRING and key.parent_id is None:
        return "expiring", f"Expires {relative_words(key.expires_at - moment)}"
    return "active", "Active"


def quota(app: App) -> Quota:
    """The app's totals, in one query."""
    alive = living(now())
    counted = app.keys.own().aggregate(
        active=Count("id", filter=alive & Q(grace_ends_at=None)),
        rotated_in_grace=Count("id", filter=alive & Q(grace_ends_at__isnull=False)),
        total=Count("id"),
        needs_attention=Count("id", filter=needs_attention()),
        ended=Count("id", filter=has_ended()),
        revoked=Count("id", filter=Q(revoked_at__isnull=False)),
    )
    return Quota(max_allowed=app.max_keys, **counted)


def needs_attention() -> Q:
    """Keys that work, and expire soon, rotate or are deprecated."""
    soon = Q(expires_at__lte=now() + EXPIRING) | Q(deprecated_at__isnull=False)
    return Q(living(now())) & soon


def has_ended() -> Q:
    """Keys that expired or were rotated, and were not revoked."""
    return Q(Q(expires_at__lte=now()) | Q(grace_ends_at__lte=now()), revoked_at=None)


def rotation_of(key: ApiKey) -> Rotation | None:
    """The rotation `key` is part of, if one is under way."""
    old = key if key.status == "rotating" else key.replaces
    if old is None or old.status != "rotating":
        return None
    new = key if old is not key else old.successors.order_by("-created_at").first()
    if new is None:
        return None
    since = max(now() - DAY, new.created_at)
    totals, last = usage.totals([old.app_id], [old.id, new.id], since), usage.use_of(old.id)
    heard = last.allowed_at if last else None
    return Rotation(
        old=old,
        new=new,
        first_new=usage.first_call(new.id),
        last_old=heard if heard and heard >= new.created_at else None,
        new_calls=totals.get(new.id, (0, 0))[0],
        old_calls=totals.get(old.id, (0, 0))[0],
        callers=usage.callers(old.id, since, allowed=True),
    )


def impact_of(key: ApiKey) -> Impact:
    """What would stop if `key` were revoked now."""
    since = now() - DAY
    return Impact(
        calls=sum(usage.totals([key.app_id], [key.id], since).get(key.id, (0, 0))),
        callers=usage.callers(key.id, since),
        children=list(ApiKey.objects.standing_on(key).living().order_by("-created_at")[:20]),
        last_active=is_last_active(key),
    )


def history(key: ApiKey) -> QuerySet[Event]:
    """The newest acts on a key."""
    return Event.objects.filter(key_id=key.id).order_by("-at", "-id")[:8]


def others_called(app: App, name: str) -> int:
    """How many living keys of `app` bear this name."""
    return app.keys.own().living().filter(equals_folded("name", name.strip())).count() if name.strip() else 0


def allowed(catalogue: Catalogue, scopes: ScopeSet | None) -> list[str]:
    """What a set allows, in plain words."""
    return [_describe(catalogue, scope) for scope in scopes or ()]


def not_allowed(catalogue: Catalogue, scopes: ScopeSet | None) -> list[str]:
    """The resources that a set leaves untouched, in plain words."""
    touched = {scope.resource for scope in scopes or ()}
    return [each.name.replace("_", " ") for each in catalogue.resources if each.name not in touched]


def _describe(catalogue: Catalogue, scope: Scope) -> str:
    words = catalogue.describe(scope) or scope.name
    return f"{words}, {scope.instance} only" if scope.instance else words


def _of_status(found: ApiKeyQuerySet, status: str) -> ApiKeyQuerySet:
    if status in ("", "living"):
        return found.living() if status else found
    if status == "revoked":
        return found.filter(revoked_at__isnull=False)
    if status == "ended":
        return found.filter(has_ended())
    if status == "attention":
        return found.filter(needs_attention())
    if status == "rotating":
        return found.living().filter(grace_ends_at__isnull=False)
    return found.living().filter(grace_ends_at=None, deprecated_at__isnull=status == "active")


def _living_children(ids: list[UUID]) -> dict[UUID, int]:
    counted = ApiKey.objects.filter(parent_id__in=ids).living().order_by().values("parent_id")
    return {row["parent_id"]: row["n"] for row in counted.annotate(n=Count("id"))}


def _note(key: ApiKey) -> str:
    if key.parent:
        return f"Derived from {key.parent.name}"
    if key.enrolled_by:
        return f"Minted with {key.enrolled_by.name}"
    return f"Replaces {key.replaced.prefix[-8:]}" if key.replaced else ""


def _replacements(keys: Iterable[ApiKey]) -> dict[UUID, str]:
    """The prefix of the key that each of these rotates to, if it rotates."""
    rotating = [key.id for key in keys if key.grace_ends_at]
    newest = ApiKey.objects.filter(replaces__in=rotating, revoked_at=None).order_by("created_at")
    return {key.replaces_id: key.prefix for key in newest if key.replaces_id} if rotating else {}


def facts_of(agent: Agent) -> list[tuple[str, list[tuple[str, str]]]]:
    """What an agent carries that is not empty: each document's title, and what it says line by line."""
    agent.settle()
    losses = lost(agent.scopes, agent.scopes_pending) if agent.scopes_pending is not None else {}
    documents = {
        "Provider scopes": agent.scopes,
        "Scopes to be removed": losses,
        "Policy": agent.policy,
        "Metadata": agent.metadata,
    }
    return [(title, _lines(document)) for title, document in documents.items() if document]


def _lines(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Each name with its value as text: lists of words with commas, what is deeper as JSON."""
    return [(name, _line(document[name])) for name in sorted(document)]


def _line(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else compact(value)


def keys_of_agent(agent: Agent) -> ApiKeyQuerySet:
    """An agent's own keys, those that need attention first."""
    return in_order(agent.keys.own().with_kin())
