"""What the clock tells of keys: that one is about to expire, has expired, or is deprecated and still called."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet
from django.urls import reverse

from agents.requests import address_of
from audit import leases
from audit.models import Call
from core.clock import now
from keys.models import ApiKey
from portal.models import Notice, NoticeKind
from portal.notifications.notify import News, tell_of_key

WORK = "notices"
DAYS = (1, 7, 14, 30)
"""How long before its end a key is told of, the nearest first: of several that have passed, that one is told."""
FIRST_LOOK = timedelta(days=1)
"""How far back the first run looks."""
KEPT, KEPT_UNREAD = timedelta(days=180), timedelta(days=365)
A_WEEK, A_DAY = timedelta(days=7), timedelta(days=1)


def tell_of_ends() -> int:
    """Tell of keys that have come near their end, or to it, since the last run; return how many notices that made."""
    moment = now()
    since = leases.last_done(WORK) or moment - FIRST_LOOK
    told, seen = 0, set[object]()
    for key in (
        ApiKey.objects.own().filter(revoked_at=None, expires_at__gt=since, expires_at__lte=moment).with_kin()
    ):
        seen.add(key.pk)
        told += tell_of_key(_expired(key), key)
    for days in DAYS:
        for key in _near(timedelta(days=days), since, moment):
            if key.pk not in seen:
                seen.add(key.pk)
                told += tell_of_key(_expiring(key, days), key)
    return told + _forget(moment)


def tell_of_calls() -> int:
    """Tell of deprecated keys that are called all the same: once a week, and once more on a grace period's last day."""
    moment = now()
    heard = Call.objects.filter(key_id=OuterRef("id"), at__gt=moment - A_WEEK, allowed=True)
    found = ApiKey.objects.own().filter(Exists(heard), deprecated_at__isnull=False).living().with_kin()
    return sum(tell_of_key(_still_called(key, moment), key) for key in found)


def _near(ahead: timedelta, since: datetime, moment: datetime) -> QuerySet[ApiKey]:
    """Keys that came within `ahead` of their end since then. Those minted with less life never do."""
    found = (
        ApiKey.objects.own()
        .living(moment)
        .filter(expires_at__gt=since + ahead, expires_at__lte=moment + ahead)
    )
    return found.filter(expires_at__gt=F("created_at") + ahead).with_kin()


def _expiring(key: ApiKey, days: int) -> News:
    left = "tomorrow" if days == 1 else f"in {days} days"
    return News(
        NoticeKind.EXPIRING,
        f"expiring:{key.pk}:{key.expires_at:%Y%m%d%H%M}:{days}",
        f"{key.name} of {key.app.name} expires {left}.",
        address_of("key-rotate", key),
        more="Rotate it, or whatever calls with it stops then.",
        app_id=key.app_id,
        key_id=key.pk,
    )


def _expired(key: ApiKey) -> News:
    return News(
        NoticeKind.EXPIRED,
        f"expired:{key.pk}:{key.expires_at:%Y%m%d%H%M}",
        f"{key.name} of {key.app.name} has expired.",
        address_of("key", key),
        more="Calls with it are refused. If something still needs it, mint another.",
        app_id=key.app_id,
        key_id=key.pk,
    )


def _still_called(key: ApiKey, moment: datetime) -> News:
    ends = key.grace_ends_at
    if ends and ends - moment <= A_DAY:
        mark, says = (
            f"grace:{key.pk}",
            f"{key.name} of {key.app.name} stops within a day, and is still called.",
        )
    else:
        year, week, _ = moment.isocalendar()
        mark, says = (
            f"called:{key.pk}:{year}-{week}",
            f"{key.name} of {key.app.name} is deprecated and still called.",
        )
    return News(
        NoticeKind.STILL_CALLED,
        mark,
        says,
        reverse("key-use", args=[key.app_id, key.pk]),
        more="The page shows who calls with it.",
        app_id=key.app_id,
        key_id=key.pk,
    )


def _forget(moment: datetime) -> int:
    """Let go of old notices; those never read stay longer. Returns 0: that is no reason for another run."""
    Notice.objects.filter(at__lt=moment - KEPT, read_at__isnull=False).delete()
    Notice.objects.filter(at__lt=moment - KEPT_UNREAD).delete()
    return 0
