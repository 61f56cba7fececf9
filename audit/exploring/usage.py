"""How keys have been used, from their calls: each figure for many keys in one query."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Aggregate, Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from audit.clock import now
from audit.exploring.newest import Caller, look
from audit.models import Call, Pending, Tally

MOST_CALLERS = 10
MOST_COUNTED = 10_000
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


def recent_calls(key_id: UUID, limit: int) -> list[Call]:
    """A key's newest calls."""
    return list(Call.objects.filter(key_id=key_id).order_by("-at", "-id")[:limit])


def first_call(key_id: UUID) -> Call | None:
    """The first call ever made with a key."""
    return Call.objects.filter(key_id=key_id).order_by("at", "id").first()


def last_calls(key_ids: Sequence[UUID]) -> dict[UUID, Call]:
    """Each key's newest call. A key that was never used is left out."""
    return {call.key_id: call for call in _newest("key_id", key_ids) if call.key_id}


def last_calls_of_agents(agent_ids: Sequence[UUID]) -> dict[UUID, Call]:
    """Each agent's newest call, with whatever key. An agent that never called is left out."""
    return {call.agent_id: call for call in _newest("agent_id", agent_ids) if call.agent_id}


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
        place = (day - began).days
        if place < days:
            line = figures.setdefault(key_id, [(0, 0)] * days)
            line[place] = (line[place][0] + yes, line[place][1] + no)
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


def callers(key_id: UUID, since: datetime) -> list[Caller]:
    """Who called with a key since a moment, whoever called last first; ten at the most, of its newest calls."""
    return look(since, key_id=key_id).callers[:MOST_CALLERS]


def calls_by_caller(caller_ids: Sequence[UUID]) -> dict[UUID, tuple[int, datetime]]:
    """How often each caller has called, MOST_COUNTED at the most, and when last. One that never did is left out."""
    found = {call.caller_id: call.at for call in _newest("caller_id", caller_ids) if call.caller_id}
    if not found:
        return {}
    native = connection.features.has_native_uuid_field
    statement = _NUMBERS.format(places=", ".join(["(%s)"] * len(found)), most=MOST_COUNTED)
    with connection.cursor() as cursor:
        cursor.execute(statement, [one if native else one.hex for one in found])
        numbers = {one if native else UUID(one): number for one, number in cursor.fetchall()}
    return {caller_id: (numbers[caller_id], at) for caller_id, at in found.items()}


def _by_day(
    app_ids: Collection[UUID], key_ids: Collection[UUID], since: datetime
) -> Iterator[tuple[UUID, date, int, int]]:
    """Key, day, calls allowed and refused: whole hours from the tallies, and the rows that no tally knows.

    Those wait for their seal, or lie in the hour that `since` cuts in two. One statement, so that a row which is
    sealed meanwhile is counted once.
    """
    whole = since if since == _hour(since) else _hour(since) + timedelta(hours=1)
    tallied = Tally.objects.filter(stream__in=app_ids, key_id__in=key_ids, hour__gte=whole)
    rows = Call.objects.filter(key_id__in=key_ids, at__gte=since)
    waiting = Pending.objects.filter(stream__in=app_ids, kind="call", at__gte=since).values("row_id")
    untold = [rows.filter(at__gte=whole, id__in=waiting)]
    untold += [rows.filter(at__lt=whole)] if whole > since else []
    yes, no = Count("id", filter=Q(allowed=True)), Count("id", filter=Q(allowed=False))
    parts = [_grouped(part, "at", yes=yes, no=no) for part in untold]
    counted = _grouped(tallied, "hour", yes=Sum("allowed"), no=Sum("refused")).union(*parts, all=True)
    return ((key_id, day, int(yes), int(no)) for key_id, day, yes, no in counted)


def _grouped(rows: QuerySet[Any], moment: str, **counts: Aggregate) -> QuerySet[Any]:
    days = rows.annotate(day=TruncDate(moment, tzinfo=UTC)).order_by()
    counted: QuerySet[Any] = days.values_list("key_id", "day").annotate(**counts)
    return counted


def _newest(column: str, ids: Sequence[UUID]) -> Iterable[Call]:
    if not ids:
        return ()
    native = connection.features.has_native_uuid_field
    statement = _NEWEST.format(places=", ".join(["(%s)"] * len(ids)), column=column)
    return Call.objects.raw(statement, [one if native else one.hex for one in ids])


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
