"""What the pages tell of keys beside the lists: totals, rotations, what revoking stops, and scopes in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Count,
    Q,
    QuerySet,
)

from agents.active_keys import active_filter
from agents.documents import lost
from agents.models import Agent, App
from audit.models import Call, Event
from audit.search import usage
from core.clock import now
from core.documents import compact
from core.folding import equals_folded
from keys.catalogue.catalogue import Catalogue
from keys.models import ApiKey
from keys.rules import is_last_active
from keys.scopes import Scope, ScopeSet
from keys.web.key_lists import has_ended, needs_attention

DAY = timedelta(days=1)


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


def quota(app: App) -> Quota:
    """The app's totals, in one query."""
    active = active_filter(now())
    counted = app.keys.own().aggregate(
        active=Count("id", filter=active & Q(grace_ends_at=None)),
        rotated_in_grace=Count("id", filter=active & Q(grace_ends_at__isnull=False)),
        total=Count("id"),
        needs_attention=Count("id", filter=needs_attention()),
        ended=Count("id", filter=has_ended()),
        revoked=Count("id", filter=Q(revoked_at__isnull=False)),
    )
    return Quota(max_allowed=app.max_keys, **counted)


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
        children=list(ApiKey.objects.dependent_on(key).active().order_by("-created_at")[:20]),
        last_active=is_last_active(key),
    )


def history(key: ApiKey) -> QuerySet[Event]:
    """The newest acts on a key."""
    return Event.objects.filter(key_id=key.id).order_by("-at", "-id")[:8]


def others_called(app: App, name: str) -> int:
    """How many active keys of `app` bear this name."""
    return app.keys.own().active().filter(equals_folded("name", name.strip())).count() if name.strip() else 0


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
