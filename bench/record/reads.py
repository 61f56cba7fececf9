"""What people read of the record, each as one call of the product's own function."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bench.record.cast import APP, DAYS, HOT_KEY, HOT_PREFIX, QUIET_APP, QUIET_KEY

Read = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """One of them. `bound`: what it may cost at the largest size, in times of the smallest; 0: not held to one."""

    name: str
    read: Read
    bound: float = 0


def readings(end: datetime) -> list[Reading]:
    """All that is measured, in the order of the table. It is `end` while they run."""
    return [*_pages(end), *_figures(end), *_one_key()]


def _pages(end: datetime) -> list[Reading]:
    from audit.search import Cursor, Filters, timeline

    middle = Cursor(end - timedelta(days=DAYS / 2), HOT_KEY)
    app, quiet = Filters(APP), Filters(QUIET_APP)

    def page(filters: Filters, before: Cursor | None = None) -> Read:
        return lambda: timeline(filters, before=before)

    return [
        Reading("newest page of an app", page(app), 1.5),
        Reading("newest page of a key", page(Filters(APP, key_id=HOT_KEY)), 1.5),
        Reading("newest page by a whole prefix", page(Filters(APP, key=HOT_PREFIX)), 1.5),
        Reading("newest page by the end of a prefix", page(Filters(APP, key=HOT_PREFIX[-8:])), 1.5),
        Reading("a page in the middle", page(app, middle), 1.5),
        Reading("a page in the middle, one key", page(Filters(APP, key_id=HOT_KEY), middle), 1.5),
        Reading("newest page, refused", page(Filters(APP, outcome="refused")), 1.5),
        Reading("40 calls of a quiet app", page(quiet), 1.5),
        Reading("40 calls of a quiet key", page(Filters(QUIET_APP, key_id=QUIET_KEY)), 1.5),
    ]


def _figures(end: datetime) -> list[Reading]:
    return []


def _one_key() -> list[Reading]:
    from audit import usage
    from audit.models import Call
    from audit.search import Filters, around, timeline
    from keys import present
    from keys.models import ApiKey

    def detail() -> Any:
        newest = timeline(Filters(APP, outcome="allowed"), limit=10).entries[-1]
        return around(Call.objects.get(app_id=APP, id=newest.id))

    def sparks() -> Any:
        return present.rows(ApiKey.objects.filter(app_id=APP).with_kin().order_by("id")[:50])

    return [
        Reading("one call and its neighbours", detail, 1.5),
        Reading("key list, 50 rows with sparks", sparks),
        Reading("first call of a key", lambda: usage.first_call(HOT_KEY), 1.5),
        Reading("last calls of a key", lambda: usage.recent_calls(HOT_KEY, 8), 1.5),
    ]
