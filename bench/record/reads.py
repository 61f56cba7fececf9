"""What people read of the record, each as one call of the product's own function, or as the whole page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from bench.record.cast import APP, DAYS, HOT_KEY, HOT_PREFIX, QUIET_APP, QUIET_KEY

Read = Callable[[], Any]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """One of them."""

    name: str
    read: Read
    bound: float = 0
    """What it may cost at the largest size, in times of the smallest; 0: it is not held to that."""
    window: Callable[[], int] | None = None
    """How many rows lie in the time it is asked for: it may cost in proportion to them."""


def readings(end: datetime, client: Any) -> list[Reading]:
    """All that is measured, in the order of the table. It is `end` while they run; `client` is signed in."""
    return [*_pages(end), *_figures(end), *_one_call(), *_keys(end), *_whole(client)]


def _pages(end: datetime) -> list[Reading]:
    from audit.search.search import Filters, timeline
    from core.pagination.cursors import Cursor

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
        Reading("a page in the middle, of a key", page(Filters(APP, key_id=HOT_KEY), middle), 1.5),
        Reading("newest page of refused calls", page(Filters(APP, outcome="denied")), 1.5),
        Reading("refused by one check", page(Filters(APP, outcome="denied", check="throttle"))),
        Reading("the 40 calls of a quiet app", page(quiet), 1.5),
        Reading("the 40 calls of a quiet key", page(Filters(QUIET_APP, key_id=QUIET_KEY)), 1.5),
    ]


def _figures(end: datetime) -> list[Reading]:
    from audit.models import Call
    from audit.search.facets import facets
    from audit.search.histogram import histogram
    from audit.search.search import Filters

    def drawn(days: int, **narrower: Any) -> Read:
        filters = Filters(APP, since=end - timedelta(days=days), **narrower)
        return lambda: histogram(filters)

    def window(**wanted: Any) -> Callable[[], int]:
        return lambda: Call.objects.filter(app_id=APP, at__gte=end - DAY, **wanted).count()

    return [
        Reading("histogram, 24 hours", drawn(1), window=window()),
        Reading("histogram, 24 hours, one key", drawn(1, key_id=HOT_KEY), window=window(key_id=HOT_KEY)),
        Reading("histogram, 24 hours, refused", drawn(1, outcome="denied"), window=window(allowed=False)),
        Reading("histogram, 30 days", drawn(30)),
        Reading("histogram, all time", lambda: histogram(Filters(APP))),
        Reading("facets", lambda: facets(Filters(APP))),
    ]


def _one_call() -> list[Reading]:
    from audit.models import Call
    from audit.search.search import around

    return [
        Reading(
            "one call and its neighbours", lambda: around(Call.objects.get(app_id=APP, id=_a_call())), 1.5
        )
    ]


def _keys(end: datetime) -> list[Reading]:
    from audit.search import usage
    from audit.search.recent_calls import summarize_calls
    from keys.models import ApiKey
    from keys.web import key_rows

    def sparks() -> Any:
        return key_rows.rows(ApiKey.objects.filter(app_id=APP).with_kin().order_by("id")[:50])

    return [
        Reading("key list, 50 rows with sparks", sparks),
        Reading("first call of a key", lambda: usage.first_call(HOT_KEY), 1.5),
        Reading("last calls of a key", lambda: usage.recent_calls(HOT_KEY, 8), 1.5),
        Reading("who calls with a key, 7 days", lambda: summarize_calls(end - 7 * DAY, key_id=HOT_KEY)),
    ]


def _whole(client: Any) -> list[Reading]:
    """Whole pages: sessions, permissions, templates and all."""

    def page(address: Callable[[], str]) -> Read:
        def get() -> None:
            response = client.get(f"/apps/{APP}/{address()}")
            if response.status_code != 200:
                raise SystemExit(f"{address()} answered {response.status_code}")

        return get

    return [
        Reading("page: the audit log, 24 hours", page(lambda: "audit/?range=24h")),
        Reading("page: the audit log, all time", page(lambda: "audit/")),
        Reading("page: one call", page(lambda: f"audit/calls/{_a_call()}/"), 1.5),
        Reading("page: the keys", page(lambda: "keys/")),
        Reading("page: a key", page(lambda: f"keys/{HOT_KEY}/")),
        Reading("page: the use of a key, 7 days", page(lambda: f"keys/{HOT_KEY}/use/?range=7d")),
    ]


def _a_call() -> UUID:
    """One of the newest calls of the database in use."""
    from django.db import connection

    return _newest_in(connection.settings_dict["NAME"])


@lru_cache
def _newest_in(_: str) -> UUID:
    from audit.search.search import Filters, timeline

    return timeline(Filters(APP, outcome="allowed"), limit=10).entries[-1].id
