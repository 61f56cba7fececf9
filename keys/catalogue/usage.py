"""Who holds a scope, and who called with it lately: what is looked at before a scope is removed."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.models import App
from audit.models import Call
from core.clock import now
from keys.models import ApiKey
from keys.scopes import Scope

LOOKBACK = timedelta(days=30)
SCAN_LIMIT = 20_000
"""Requests that are looked through, the newest first."""
MAX_SHOWN = 20
"""Keys that a refusal names."""


@dataclass(frozen=True, slots=True)
class Holders:
    """The active keys that hold a scope by its own name, with any instance."""

    count: int
    keys: tuple[ApiKey, ...]
    """The first MAX_SHOWN of them, newest first."""


def count_holders(app: App) -> Counter[str]:
    """Scope name to the number of active keys of `app` that hold it, whatever the instance."""
    counted: Counter[str] = Counter()
    for scopes in ApiKey.objects.filter(app=app).active().values_list("scopes", flat=True).iterator():
        counted.update({_name(scope) for scope in scopes})
    return counted


def holders(app: App, names: Collection[str]) -> Mapping[str, Holders]:
    """Who holds each of `names`; names that no active key holds are left out."""
    found: dict[str, list[ApiKey]] = {}
    for key in ApiKey.objects.filter(app=app).active().select_related("app").iterator():
        for name in {_name(scope) for scope in key.scopes} & set(names):
            found.setdefault(name, []).append(key)
    return {name: Holders(len(keys), tuple(keys[:MAX_SHOWN])) for name, keys in found.items()}


@dataclass(frozen=True, slots=True)
class RecentRequests:
    """The requests, of those looked through, that needed a scope."""

    count: int
    last_at: datetime
    key_names: tuple[str, ...]
    """The keys they were made with, those with the most requests first, MAX_SHOWN at the most."""


@dataclass(frozen=True, slots=True)
class RecentUse:
    """What requests of the last LOOKBACK needed, as far as they were looked through."""

    by_scope: Mapping[str, RecentRequests]
    scanned: int
    is_complete: bool
    """Whether all requests of the time were looked through, or only the newest SCAN_LIMIT."""


def recent_use(app: App) -> RecentUse:
    """Which scopes the newest requests of `app` needed, and with which keys they were made."""
    calls = Call.objects.filter(app_id=app.id, at__gte=now() - LOOKBACK).order_by("-at", "-id")
    rows = list(calls.values_list("scopes", "key_name", "at")[:SCAN_LIMIT])
    made: dict[str, list[tuple[str, datetime]]] = {}
    for scopes, key_name, at in rows:
        for name in {_name(scope) for scope in scopes.split(",") if ":" in scope}:
            made.setdefault(name, []).append((key_name, at))
    by_scope = {
        name: RecentRequests(
            len(requests),
            requests[0][1],
            tuple(key for key, _ in Counter(key for key, _ in requests).most_common(MAX_SHOWN) if key),
        )
        for name, requests in made.items()
    }
    return RecentUse(by_scope, len(rows), len(rows) < SCAN_LIMIT)


def _name(stored: str) -> str:
    return Scope.from_name(stored).name
