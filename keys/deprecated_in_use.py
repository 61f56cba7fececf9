"""Deprecated keys that are still called, and by whom: what stands in the way of ending them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef
from django.db.models.functions import Coalesce, Least

from agents.models import App
from audit.search.recent_calls import CallSummary, summarize_calls
from audit.search.usage import called_since
from core.clock import now
from keys.models import ApiKey, ApiKeyQuerySet
from keys.web.key_rows import Row, rows

LOOKBACK = timedelta(days=30)
MAX_KEYS = 30
MAX_CALLS_OF_KEY = 1000
"""How many calls of each key are looked at."""


@dataclass(frozen=True, slots=True)
class DeprecatedInUse:
    """A key on its way out that is still called."""

    row: Row
    summary: CallSummary
    successor: ApiKey | None

    @property
    def ends_at(self) -> datetime | None:
        """Its deadline: the end of its grace period or its expiry, whichever comes first."""
        ends = (self.row.key.grace_ends_at, self.row.key.expires_at)
        return min((end for end in ends if end), default=None)


def still_called(app: App) -> ApiKeyQuerySet:
    """The app's deprecated keys that work and were called within 30 days, the nearest deadline first."""
    since = now() - LOOKBACK
    called = called_since(OuterRef("id"), since)
    keys = ApiKey.objects.filter(called, app=app, deprecated_at__isnull=False).active()
    never = datetime.max.replace(tzinfo=since.tzinfo)
    ends = Least(Coalesce("grace_ends_at", never), Coalesce("expires_at", never))
    return keys.order_by(ends, "deprecated_at", "id")


def deprecated_in_use(app: App) -> list[DeprecatedInUse]:
    """Those keys with who calls them; 30 at the most."""
    keys = list(still_called(app).with_kin()[:MAX_KEYS])
    since = now() - LOOKBACK
    rotating = [key for key in keys if key.grace_ends_at]
    replacements = ApiKey.objects.filter(replaces__in=rotating).order_by("created_at")
    successors = {key.replaces_id: key for key in replacements}
    return [
        DeprecatedInUse(
            row, summarize_calls(since, most=MAX_CALLS_OF_KEY, key_id=row.key.id), successors.get(row.key.id)
        )
        for row in rows(keys)
    ]
