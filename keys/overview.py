"""What an app's overview shows: requests by outcome, why they were denied, keys by state, and what needs attention."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, OuterRef, Q
from django.urls import reverse

from agents.models import App
from audit.models import Call, Event, Tally
from audit.search.check_names import describe_denial
from audit.search.search import Filters, rows
from audit.search.usage import called_since
from audit.time_words import duration_words
from core.clock import now
from keys.deprecated_in_use import still_called
from keys.models import EXPIRING, ApiKey, ApiKeyQuerySet

DAY = timedelta(days=1)
RANGES = {
    "24h": ("24 hours", DAY),
    "7d": ("7 days", 7 * DAY),
    "30d": ("30 days", 30 * DAY),
}
SCAN_LIMIT = 5_000
"""How many denied requests are looked at, the newest first."""
MAX_REASONS = 8
MAX_ITEMS = 3
"""Keys that are named for each kind of attention; the rest are counted."""
MAX_EVENTS = 5
BURST = 20
"""Denied requests of one key, for one reason in a day, that need attention."""
UNUSED = timedelta(days=90)
MAX_UNUSED = 100


class DenialReason(NamedTuple):
    """A reason why requests were denied."""

    label: str
    code: str
    requests: int
    keys: int
    top_caller: str
    """The key that met it most, or an IP address."""
    last_at: datetime
    last_id: UUID


@dataclass(frozen=True, slots=True)
class KeyState:
    """How many keys are in a state."""

    state: str
    label: str
    count: int
    query: str
    """The filters of the key list that show them."""


@dataclass(frozen=True, slots=True)
class AttentionItem:
    """Something to do about an app, the worst first."""

    severity: str
    title: str
    detail: str
    url: str
    at: datetime | None = None


def has_requests(app: App) -> bool:
    """Whether a request was ever made with a key of `app`."""
    if Call.objects.filter(app_id=app.id).exists():
        return True
    return Tally.objects.filter(Q(allowed__gt=0) | Q(denied__gt=0), stream=app.id).exists()


def recent_events(app: App) -> list[Event]:
    """The newest changes in `app`."""
    events, _ = rows(Filters(app.id))
    return list(events.order_by("-at", "-id")[:MAX_EVENTS])


def denied_requests(app: App, since: datetime) -> list[tuple[Any, ...]]:
    """The newest denied requests since a moment, SCAN_LIMIT at the most: check, code, key, name, IP, moment, id."""
    _, calls = rows(Filters(app.id, outcome="denied", since=since))
    columns = ("check_failed", "code", "key_id", "key_name", "ip", "at", "id")
    return list(calls.order_by("-at", "-id").values_list(*columns)[:SCAN_LIMIT])


def denial_reasons(denied: list[tuple[Any, ...]]) -> list[DenialReason]:
    """Why these were denied, the most frequent reason first."""
    grouped: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in denied:
        grouped.setdefault((row[0], row[1]), []).append(row)
    reasons = [
        DenialReason(
            label=describe_denial(check, code),
            code=code,
            requests=len(same),
            keys=len({row[2] for row in same if row[2]}),
            top_caller=Counter(row[3] or row[4] for row in same).most_common(1)[0][0],
            last_at=same[0][5],
            last_id=same[0][6],
        )
        for (check, code), same in grouped.items()
    ]
    return sorted(reasons, key=lambda reason: -reason.requests)[:MAX_REASONS]


def key_states(app: App) -> list[KeyState]:
    """The app's keys by state, in one query."""
    moment, soon = now(), now() + EXPIRING
    over = Q(expires_at__lte=moment) | Q(grace_ends_at__lte=moment)
    later = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=soon))
    rotating = Q(grace_ends_at__gt=moment)
    states = (
        ("active", "Active", later & Q(grace_ends_at=None, deprecated_at=None), "status=active"),
        (
            "expiring",
            f"Expire within {EXPIRING.days} days",
            Q(revoked_at=None, expires_at__gt=moment, expires_at__lte=soon)
            & (Q(grace_ends_at=None) | rotating),
            "expiring=30",
        ),
        ("grace", "Rotating", later & rotating, "status=grace"),
        (
            "deprecated",
            "Deprecated",
            later & Q(grace_ends_at=None, deprecated_at__isnull=False),
            "status=deprecated",
        ),
        ("expired", "Expired", Q(revoked_at=None) & over, "status=ended"),
        ("revoked", "Revoked", Q(revoked_at__isnull=False), "status=revoked"),
    )
    keys = ApiKey.objects.filter(app=app).own().order_by()
    counts = keys.aggregate(**{state: Count("id", filter=which) for state, _, which, _ in states})
    return [KeyState(state, label, counts[state], query) for state, label, _, query in states]


def attention_items(app: App, denied: list[tuple[Any, ...]]) -> list[AttentionItem]:
    """What needs attention, the worst first. `denied`: the denied requests of the last 24 hours."""
    return [
        *_bursts(app, denied),
        *_expiring(app),
        *_deprecated_in_use(app),
        *_rotating(app),
        *_unused(app),
    ]


def _bursts(app: App, denied: list[tuple[Any, ...]]) -> Iterator[AttentionItem]:
    counts = Counter((row[2], row[0], row[1]) for row in denied if row[2])
    newest = {(row[2], row[0], row[1]): row for row in reversed(denied)}
    for group, count in counts.most_common(MAX_ITEMS):
        if count >= BURST:
            row = newest[group]
            url = reverse("audit-call", args=[app.id, row[6]])
            detail = describe_denial(row[0], row[1])
            yield AttentionItem("bad", f"{count:,} denied requests of {row[3]}", detail, url, row[5])


def _expiring(app: App) -> Iterator[AttentionItem]:
    moment = now()
    keys = _keys(app).filter(expires_at__lte=moment + EXPIRING).order_by("expires_at", "id")
    for key in keys[:MAX_ITEMS]:
        left = duration_words(key.expires_at - moment) if key.expires_at else ""
        detail = "Rotation in progress" if key.grace_ends_at else "No rotation started"
        yield AttentionItem("warn", f"{key.name} expires in {left}", detail, _address(key))


def _deprecated_in_use(app: App) -> Iterator[AttentionItem]:
    for key in still_called(app).filter(grace_ends_at=None)[:MAX_ITEMS]:
        title, url = f"{key.name} is deprecated and still used", reverse("keys-deprecated", args=[app.id])
        yield AttentionItem("wait", title, "View its callers of the last 30 days", url)


def _rotating(app: App) -> Iterator[AttentionItem]:
    moment = now()
    keys = _keys(app).filter(grace_ends_at__isnull=False).order_by("grace_ends_at", "id")
    for key in keys[:MAX_ITEMS]:
        left = duration_words(key.grace_ends_at - moment) if key.grace_ends_at else ""
        yield AttentionItem(
            "wait", f"{key.name} is being rotated", f"Old secret ends in {left}", _address(key)
        )


def _unused(app: App) -> Iterator[AttentionItem]:
    since = now() - UNUSED
    keys = _keys(app).filter(~called_since(OuterRef("id"), since), created_at__lt=since)
    count = keys[: MAX_UNUSED + 1].count()
    if count:
        number = f"More than {MAX_UNUSED}" if count > MAX_UNUSED else str(count)
        title = f"{number} key{'' if count == 1 else 's'} not used in {UNUSED.days} days"
        url = f"{reverse('keys', args=[app.id])}?unused={UNUSED.days}"
        yield AttentionItem("todo", title, "Revoke keys that nobody needs", url)


def _keys(app: App) -> ApiKeyQuerySet:
    return ApiKey.objects.filter(app=app).own().active()


def _address(key: ApiKey) -> str:
    return reverse("key", args=[key.app_id, key.id])
