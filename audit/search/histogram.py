"""The histogram of events and requests over time, by outcome (docs/decisions/0017).

A wide window is read from the sealer's tallies, and the rows that wait for their seal are added. Any other is
counted from the rows themselves, the newest 50,000 at the most, so that it costs what lies in its window.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Func, IntegerField, Min, QuerySet, Sum
from django.db.models.functions import Trunc

from audit.models import Pending, Tally
from audit.models.seals import NOWHERE
from audit.search.search import Filters, rows
from audit.sqlite_format import whole_hours
from core.clock import now

MAX_ROWS = 50_000
MAX_PENDING = 10_000
"""With more rows unsealed than this, tallies say too little of late."""
MAX_BARS = 120
"""Beside the one at the edge: 30 days are 120 bars of 6 hours."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NARROW = timedelta(hours=48)
WIDE = timedelta(days=60)
STEPS = [timedelta(minutes=n) for n in (1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720)] + [
    timedelta(days=n) for n in (1, 2, 7, 14, 28)
]
WEEK_ORIGIN = datetime(1970, 1, 5, tzinfo=UTC)
"""What bars are measured from, so that those of a week begin with one."""
_COUNT = "SELECT {names}, COUNT(*) FROM ({newest}) AS newest GROUP BY {names}"


class Count(NamedTuple):
    """What happened within a minute, an hour or a day."""

    at: datetime
    events: int = 0
    allowed: int = 0
    denied: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """What happened from one moment on and before another."""

    begins: datetime
    ends: datetime
    events: int = 0
    allowed: int = 0
    denied: int = 0

    @property
    def calls(self) -> int:
        """Calls, however they came out."""
        return self.allowed + self.denied


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars without a gap, the oldest first. What `capped_at` says: older rows were not counted."""

    bars: tuple[Bar, ...]
    since: datetime
    until: datetime
    step: timedelta
    capped_at: datetime | None = None

    @property
    def events(self) -> int:
        """Events, in all bars."""
        return sum(bar.events for bar in self.bars)

    @property
    def allowed(self) -> int:
        """Calls allowed, in all bars."""
        return sum(bar.allowed for bar in self.bars)

    @property
    def denied(self) -> int:
        """Calls denied, in all bars."""
        return sum(bar.denied for bar in self.bars)

    @property
    def calls(self) -> int:
        """Calls, in all bars."""
        return self.allowed + self.denied

    @property
    def peak(self) -> int:
        """Calls in the bar that has most."""
        return max(bar.calls for bar in self.bars)


class Minute(Func):
    """The minute of a moment, counted from 1970."""

    output_field = IntegerField()
    template = "floor(extract(epoch FROM %(expressions)s) / 60)::bigint"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite keeps moments as text."""
        return self.as_sql(
            compiler,
            connection,
            template="CAST(strftime('%%%%s', %(expressions)s) AS integer) / 60",
            **context,
        )


def histogram(filters: Filters) -> Histogram:
    """What matches, as at most 121 bars between the moments asked for, or over all there is.

    A window that is read from tallies begins with a whole hour, or a whole day if it is longer than 60 days. No bar is
    shorter than what its tallies count.
    """
    until = max(min(filters.until or now(), now()), WEEK_ORIGIN + DAY)
    since = max(filters.since, WEEK_ORIGIN) if filters.since else None
    if since and since >= until:
        return _drawn([], since, since + HOUR, None)
    begins = since or _first_hour(filters, until)
    if begins and _is_tallied(filters, since, begins, until):
        grain = DAY if until - begins > WIDE else HOUR
        since = _floor(since, grain) if since else None
        counts = [*_tallies(filters, since, until, grain), *_waiting(filters, since)]
        return _drawn(counts, since, until, None, grain)
    counts, capped_at = _from_rows(filters)
    return _drawn(counts, capped_at or since, until, capped_at)


def _first_hour(filters: Filters, until: datetime) -> datetime | None:
    """The first hour in which something was sealed. None: nothing was."""
    first: datetime | None = _tally_rows(filters, None, until).aggregate(first=Min("hour"))["first"]
    return first


def _is_tallied(filters: Filters, since: datetime | None, begins: datetime, until: datetime) -> bool:
    """Whether tallies can tell, and rows would tell less: too many, or too long ago. `begins`: of what there is."""
    bare = replace(filters, key_id=None, outcome="", since=None, until=None, calls_only=False)
    if bare != Filters(filters.app_id):
        return False
    if _pending(filters, since).order_by("-row_id")[MAX_PENDING : MAX_PENDING + 1].values_list("row_id"):
        return False
    if until - begins > NARROW:
        return True
    counted = _tally_rows(filters, begins, until).aggregate(
        events=Sum("events"), allowed=Sum("allowed"), denied=Sum("denied")
    )
    return sum(number or 0 for number in counted.values()) > MAX_ROWS


def _tally_rows(filters: Filters, since: datetime | None, until: datetime) -> QuerySet[Tally]:
    hours = Tally.objects.filter(
        whole_hours(), stream=filters.app_id or NOWHERE, key_id=filters.key_id or NOWHERE, hour__lt=until
    ).order_by()
    return hours.filter(hour__gte=_floor(since, HOUR)) if since else hours


def _tallies(filters: Filters, since: datetime | None, until: datetime, grain: timedelta) -> Iterator[Count]:
    tallies = _tally_rows(filters, since, until).annotate(
        span=Trunc("hour", "day" if grain == DAY else "hour", tzinfo=UTC)
    )
    counted = tallies.values_list("span").annotate(Sum("events"), Sum("allowed"), Sum("denied"))
    for at, events, allowed, denied in counted:
        if at is None:
            continue  # an hour of no day, which a check names
        yield Count(
            at,
            events if filters.outcome in ("", "event") and not filters.calls_only else 0,
            allowed if filters.outcome in ("", "allowed") else 0,
            denied if filters.outcome in ("", "denied") else 0,
        )


def _waiting(filters: Filters, since: datetime | None) -> Iterator[Count]:
    """The rows that no tally knows yet."""
    events, calls = rows(replace(filters, since=since))
    ids = _pending(filters, since).values("row_id")
    return chain(_count_events(events.filter(id__in=ids)), _count_calls(calls.filter(id__in=ids)))


def _pending(filters: Filters, since: datetime | None) -> QuerySet[Pending]:
    waiting = Pending.objects.filter(stream=filters.app_id or NOWHERE)
    return waiting.filter(at__gte=since) if since else waiting


def _from_rows(filters: Filters) -> tuple[list[Count], datetime | None]:
    """The newest rows counted by minute; and from when on, if there were too many."""
    events, calls = rows(filters)
    both = list(_count_events(events)), list(_count_calls(calls))
    capped = [min(count.at for count in counts) for counts in both if _number(counts) >= MAX_ROWS]
    return [*both[0], *both[1]], max(capped, default=None)


def _count_events(events: QuerySet[Any]) -> Iterator[Count]:
    return (Count(_moment(minute), events=number) for minute, number in _by_minute(events))


def _count_calls(calls: QuerySet[Any]) -> Iterator[Count]:
    for minute, allowed, number in _by_minute(calls, "allowed"):
        yield Count(_moment(minute), allowed=number) if allowed else Count(_moment(minute), denied=number)


def _by_minute(matching: QuerySet[Any], *columns: str) -> list[tuple[Any, ...]]:
    """The newest rows counted by minute and `columns`. The ORM cannot count what a LIMIT let through, by group."""
    names = ("minute", *columns)
    newest = matching.annotate(minute=Minute("at")).order_by("-at").values_list(*names)[:MAX_ROWS]
    try:
        statement, values = newest.query.sql_with_params()
    except EmptyResultSet:  # nothing can match
        return []
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(names=", ".join(names), newest=statement), values)
        counted: list[tuple[Any, ...]] = cursor.fetchall()
    return counted


def _drawn(
    counts: list[Count],
    since: datetime | None,
    until: datetime,
    capped_at: datetime | None,
    grain: timedelta = MINUTE,
) -> Histogram:
    """`counts` of a `grain` in bars of one length. Without a beginning they begin with the first there is."""
    since = since or min((count.at for count in counts), default=until - DAY)
    step = max(_step(until - since), grain)
    begins = _floor(since, step)
    number = max(-((begins - until) // step), 1)
    sums = [[0, 0, 0] for _ in range(number)]
    for count in counts:
        index = (count.at - begins) // step
        if index >= 0:
            bar = sums[min(index, number - 1)]
            bar[:] = [had + more for had, more in zip(bar, count[1:], strict=True)]
    bars = (Bar(begins + step * n, begins + step * (n + 1), *bar) for n, bar in enumerate(sums))
    return Histogram(tuple(bars), since, until, step, capped_at)


def _step(window: timedelta) -> timedelta:
    fitting = (step for step in STEPS if window <= step * MAX_BARS)
    return next(fitting, STEPS[-1] * -(-window // (STEPS[-1] * MAX_BARS)))


def _floor(moment: datetime, step: timedelta) -> datetime:
    return WEEK_ORIGIN + (moment - WEEK_ORIGIN) // step * step


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _number(counts: Iterable[Count]) -> int:
    return sum(sum(count[1:]) for count in counts)
