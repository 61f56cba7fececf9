"""Notifications made by the clock: keys that expire soon, have expired, or are deprecated and still in use."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.urls import reverse

from agents.requests import address_of
from audit import leases
from audit.models import Call
from core.clock import now
from keys.models import ApiKey
from portal.models import Notification, NotificationKind
from portal.notifications.notify import NotificationContent, notify_about_key

JOB = "notifications"
"""The name of the job, by which its last run is remembered."""
DAYS = (1, 7, 14, 30)
"""How long before its end a key is announced, the nearest first: of several that have passed, that one is sent."""
FIRST_LOOKBACK = timedelta(days=1)
"""How far back the first run looks."""
RETENTION, RETENTION_UNREAD = timedelta(days=180), timedelta(days=365)
WEEK, DAY = timedelta(days=7), timedelta(days=1)


def notify_of_expiry() -> int:
    """Notify of keys that came near their end, or to it, since the last run; return how many notifications are new."""
    moment = now()
    since = leases.last_done(JOB) or moment - FIRST_LOOKBACK
    sent, seen = 0, set[object]()
    ended = ApiKey.objects.own().filter(revoked_at=None, expires_at__gt=since, expires_at__lte=moment)
    for key in ended.with_kin():
        seen.add(key.pk)
        sent += notify_about_key(_expired(key), key)
    for days in DAYS:
        for key in _near(timedelta(days=days), since, moment):
            if key.pk not in seen:
                seen.add(key.pk)
                sent += notify_about_key(_expiring(key, days), key)
    return sent + _purge(moment)


def notify_of_deprecated_in_use() -> int:
    """Notify of deprecated keys in use: once a week, and once more on the last day of a grace period."""
    moment = now()
    recent = Call.objects.filter(key_id=OuterRef("id"), at__gt=moment - WEEK, allowed=True)
    keys = ApiKey.objects.own().filter(Exists(recent), deprecated_at__isnull=False).active().with_kin()
    return sum(notify_about_key(_still_in_use(key, moment), key) for key in keys)


def _near(ahead: timedelta, since: datetime, moment: datetime) -> QuerySet[ApiKey]:
    """Keys that came within `ahead` of their end since then. Those minted with less life never do."""
    keys = (
        ApiKey.objects.own()
        .active(moment)
        .filter(expires_at__gt=since + ahead, expires_at__lte=moment + ahead)
    )
    return keys.filter(expires_at__gt=F("created_at") + ahead).with_kin()


def _content(key: ApiKey, kind: NotificationKind, dedupe_key: str, **said: Any) -> NotificationContent:
    return NotificationContent(kind, dedupe_key, app_id=key.app_id, key_id=key.pk, **said)


def _expiring(key: ApiKey, days: int) -> NotificationContent:
    return _content(
        key,
        NotificationKind.EXPIRING,
        f"expiring:{key.pk}:{key.expires_at:%Y%m%d%H%M}:{days}",
        title=f"Key {key.name} expires {'tomorrow' if days == 1 else f'in {days} days'}",
        path=address_of("key-rotate", key),
        text="Rotate it before then. Requests with an expired key are denied.",
    )


def _expired(key: ApiKey) -> NotificationContent:
    return _content(
        key,
        NotificationKind.EXPIRED,
        f"expired:{key.pk}:{key.expires_at:%Y%m%d%H%M}",
        title=f"Key {key.name} has expired",
        path=address_of("key", key),
        text="Requests with this key are denied. If it is still needed, mint a new key.",
    )


def _still_in_use(key: ApiKey, moment: datetime) -> NotificationContent:
    ends = key.grace_ends_at
    if ends and ends - moment <= DAY:
        dedupe_key = f"grace:{key.pk}"
        title = f"Key {key.name} expires within 24 hours and is still in use"
    else:
        year, week, _ = moment.isocalendar()
        dedupe_key = f"called:{key.pk}:{year}-{week}"
        title = f"Deprecated key {key.name} is still in use"
    return _content(
        key,
        NotificationKind.STILL_IN_USE,
        dedupe_key,
        title=title,
        path=reverse("key-use", args=[key.app_id, key.pk]),
        text="See which clients use it, and move them to another key.",
    )


def _purge(moment: datetime) -> int:
    """Delete old notifications, unread ones later. Returns 0: that is no reason for another run."""
    Notification.objects.filter(at__lt=moment - RETENTION, read_at__isnull=False).delete()
    Notification.objects.filter(at__lt=moment - RETENTION_UNREAD).delete()
    return 0
