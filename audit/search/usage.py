"""Usage of keys from their requests: each figure for many keys in one query."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Aggregate, Count, Exists, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate

from audit import sqlite_format
from audit.models import Call, LastUse, Pending, Tally
from audit.search.recent_calls import Caller, summarize_calls
from core.clock import now

MAX_CALLERS = 10
MAX_COUNTED = 10_000
"""Calls of one caller that are counted."""
# One step down the index for each key or agent, however many calls it has; neither engine's ORM can say so.
_NEWEST = """
WITH wanted (id) AS (VALUES {places})
SELECT audit_call.* FROM wanted JOIN audit_call ON audit_call.id = (
    SELECT newest.id FROM audit_call AS newest WHERE newest.{column} = wanted.id
    ORDER BY newest.at DESC, newest.id DESC LIMIT 1
)
"""
# Counted no further than is told of it, however many there are.
_NUMBERS = """
WITH wanted (id) AS (VALUES {places})
SELECT wanted.id, (SELECT COUNT(*) FROM (
    SELECT 1 FROM audit_call WHERE audit_call.caller_id = wanted.id LIMIT {most}) AS counted) FROM wanted
"""


@dataclass(frozen=True, slots=True)
class Use:
    """When a key, an agent or a caller was used: the one answer of every face, however long calls are kept."""

    first_at: datetime
    """Its first call, whatever came of it."""
    allowed_at: datetime | None
    """Its latest call that was allowed: what "last used" means. None: none ever was."""
    denied_at: datetime | None
    """Its latest call that was denied."""
    newest: Call | None = None
    """Its newest call that is still on record."""

    @property
    def at(self) -> datetime:
        """The latest call, whatever came of it."""
        return max(moment for moment in (self.first_at, self.allowed_at, self.denied_at) if moment)

    @property
    def ip(self) -> str:
        """From where it was last used; empty if that call is not its newest, or gone."""
        newest = self.newest
        return newest.ip if newest and newest.allowed and newest.at == self.allowed_at else ""

    @property
    def is_denied_since(self) -> bool:
        """Whether it was denied after it last got through."""
        return self.denied_at is not None and self.denied_at == self.at


def recent_calls(key_id: UUID, limit: int) -> list[Call]:
    """A key's newest calls."""
    return list(Call.objects.filter(key_id=key_id).order_by("-at", "-id")[:limit])


def first_call(key_id: UUID) -> Call | None:
    """The first call ever made with a key."""
    return Call.objects.filter(key_id=key_id).order_by("at", "id").first()


def uses(key_ids: Sequence[UUID]) -> dict[UUID, Use]:
    """How each key was used. A key that was never called with is left out."""
    return _uses("key_id", key_ids)


def use_of(key_id: UUID) -> Use | None:
    """The same of one key."""
    return uses([key_id]).get(key_id)


def uses_of_agents(agent_ids: Sequence[UUID]) -> dict[UUID, Use]:
    """How each agent was used, with whatever key. An agent that never called is left out."""
    return _uses("agent_id", agent_ids)


def called_since(key_id: OuterRef, since: datetime, *, allowed: bool = False) -> Q:
    """Whether a key was called with since a moment; `allowed`: and got through. By what is kept, or still waits."""
    condition = Q(allowed_at__gte=since) if allowed else Q(allowed_at__gte=since) | Q(denied_at__gte=since)
    waiting = _waiting().filter(key_id=key_id, at__gte=since)
    waiting = waiting.filter(allowed=True) if allowed else waiting
    return Q(Exists(LastUse.objects.filter(condition, subject_id=key_id))) | Q(Exists(waiting))


def daily(
    app_ids: Collection[UUID], key_ids: Collection[UUID], days: int = 7
) -> dict[UUID, list[tuple[int, int]]]:
    """Calls allowed and refused on each of the last `days` days in UTC, oldest first, today last.

    `app_ids` are the apps that the keys are of.
    """
    today = now().date()
    began = today - timedelta(days=days - 1)
    figures: dict[UUID, list[tuple[int, int]]] = {}
    for key_id, day, yes, no in _by_day(app_ids, key_ids, _midnight(began)):
        index = (day - began).days
        if index < days:
            line = figures.setdefault(key_id, [(0, 0)] * days)
            line[index] = (line[index][0] + yes, line[index][1] + no)
    return figures


def totals(
    app_ids: Collection[UUID], key_ids: Collection[UUID], since: datetime
) -> dict[UUID, tuple[int, int]]:
    """Calls allowed and refused with each key since a moment. A key without any is left out."""
    figures: dict[UUID, tuple[int, int]] = {}
    for key_id, _, yes, no in _by_day(app_ids, key_ids, since):
        had = figures.get(key_id, (0, 0))
        figures[key_id] = (had[0] + yes, had[1] + no)
    return figures


def callers(key_id: UUID, since: datetime, *, allowed: bool = False) -> list[Caller]:
    """Who called with a key since a moment, whoever called last first; ten at the most, of its newest calls.

    `allowed`: and got through.
    """
    return summarize_calls(since, key_id=key_id, allowed=allowed).callers[:MAX_CALLERS]


def calls_by_caller(caller_ids: Sequence[UUID]) -> dict[UUID, tuple[int, datetime]]:
    """How often each caller has called, MAX_COUNTED at the most, and when last. One that never did is left out."""
    used = _uses("caller_id", caller_ids)
    if not used:
        return {}
    native = connection.features.has_native_uuid_field
    statement = _NUMBERS.format(places=", ".join(["(%s)"] * len(used)), most=MAX_COUNTED)
    with connection.cursor() as cursor:
        cursor.execute(statement, [value if native else value.hex for value in used])
        numbers = {value if native else UUID(value): number for value, number in cursor.fetchall()}
    return {caller_id: (numbers[caller_id], use.at) for caller_id, use in used.items()}


def _by_day(
    app_ids: Collection[UUID], key_ids: Collection[UUID], since: datetime
) -> Iterator[tuple[UUID, date, int, int]]:
    """Key, day, calls allowed and refused: whole hours from the tallies, and the rows that no tally knows.

    Those wait for their seal, or lie in the hour that `since` cuts in two. One statement, so that a row which is
    sealed meanwhile is counted once.
    """
    whole = since if since == _hour(since) else _hour(since) + timedelta(hours=1)
    tallied = Tally.objects.filter(
        sqlite_format.whole_hours(), stream__in=app_ids, key_id__in=key_ids, hour__gte=whole
    )
    rows = Call.objects.filter(key_id__in=key_ids, at__gte=since)
    waiting = Pending.objects.filter(stream__in=app_ids, kind="call", at__gte=since).values("row_id")
    untold = [rows.filter(at__gte=whole, id__in=waiting)]
    untold += [rows.filter(at__lt=whole)] if whole > since else []
    yes, no = Count("id", filter=Q(allowed=True)), Count("id", filter=Q(allowed=False))
    parts = [_grouped(part, "at", yes=yes, no=no) for part in untold]
    counted = _grouped(tallied, "hour", yes=Sum("allowed"), no=Sum("denied")).union(*parts, all=True)
    return ((key_id, day, int(yes), int(no)) for key_id, day, yes, no in counted if day)


def _grouped(rows: QuerySet[Any], moment: str, **counts: Aggregate) -> QuerySet[Any]:
    days = rows.annotate(day=TruncDate(moment, tzinfo=UTC)).order_by()
    counted: QuerySet[Any] = days.values_list("key_id", "day").annotate(**counts)
    return counted


def _uses(column: str, ids: Sequence[UUID]) -> dict[UUID, Use]:
    """What is kept of these, with the calls that wait for their seal: exact at any moment, after any retention."""
    if not ids:
        return {}
    stored = LastUse.objects.filter(sqlite_format.plain(LastUse), subject_id__in=ids).order_by()
    yes, no = Max("at", filter=Q(allowed=True)), Max("at", filter=Q(allowed=False))
    waiting = _waiting().filter(**{f"{column}__in": ids}).order_by().values_list(column)
    rows = stored.values_list("subject_id", "first_at", "allowed_at", "denied_at").union(
        waiting.annotate(first=Min("at"), yes=yes, no=no), all=True
    )
    newest = {getattr(call, column): call for call in _newest(column, ids)}
    uses: dict[UUID, Use] = {}
    for subject, first, allowed, denied in rows:
        had = uses.get(subject) or Use(first, None, None, newest.get(subject))
        uses[subject] = Use(
            min(had.first_at, first),
            _later(had.allowed_at, allowed),
            _later(had.denied_at, denied),
            had.newest,
        )
    return uses


def _waiting() -> QuerySet[Call]:
    """Calls that wait for their seal, and are in no tally and no last use yet.

    Whoever asks names keys, agents or callers. Their own calls since the oldest that waits are walked, each with one
    look by primary key: EXISTS, because IN would gather all that wait, whoever called.
    """
    pending = Pending.objects.filter(kind="call")
    oldest = pending.order_by("at").values("at")[:1]  # tells PostgreSQL which partitions to look in
    return Call.objects.filter(Exists(pending.filter(row_id=OuterRef("id"))), at__gte=Subquery(oldest))


def _later(first: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (first, other) if moment), default=None)


def _newest(column: str, ids: Sequence[UUID]) -> Iterable[Call]:
    if not ids:
        return ()
    native = connection.features.has_native_uuid_field
    statement = _NEWEST.format(places=", ".join(["(%s)"] * len(ids)), column=column)
    return Call.objects.raw(statement, [value if native else value.hex for value in ids])


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
