"""How keys have been used, from their calls: each figure for many keys in one query."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Q
from django.db.models.functions import TruncDate

from audit.clock import now
from audit.models import Call
from audit.patience import patience

MOST_CALLERS = 10
# One step down the index for each key or agent, however many calls it has; neither engine's ORM can say so.
_NEWEST = """
WITH wanted (id) AS (VALUES {places})
SELECT audit_call.* FROM wanted JOIN audit_call ON audit_call.id = (
    SELECT newest.id FROM audit_call AS newest WHERE newest.{column} = wanted.id
    ORDER BY newest.at DESC, newest.id DESC LIMIT 1
)
"""


class Caller(NamedTuple):
    """Someone who called with a key: an address and the name its client gives itself."""

    ip: str
    user_agent: str
    calls: int
    last_at: datetime


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


def daily(key_ids: Sequence[UUID], days: int = 7) -> dict[UUID, list[tuple[int, int]]]:
    """Calls allowed and refused on each of the last `days` days in UTC, oldest first, today last."""
    today = now().date()
    began = today - timedelta(days=days - 1)
    counted = (
        Call.objects.filter(key_id__in=key_ids, at__gte=_midnight(began))
        .annotate(day=TruncDate("at", tzinfo=UTC))
        .values("key_id", "day")
        .annotate(yes=Count("id", filter=Q(allowed=True)), no=Count("id", filter=Q(allowed=False)))
        .order_by()
    )
    figures: dict[UUID, list[tuple[int, int]]] = {}
    for row in counted:
        if row["key_id"] and row["day"] <= today:
            line = figures.setdefault(row["key_id"], [(0, 0)] * days)
            line[(row["day"] - began).days] = (row["yes"], row["no"])
    return figures


def totals(key_ids: Sequence[UUID], since: datetime) -> dict[UUID, tuple[int, int]]:
    """Calls allowed and refused with each key since a moment. A key without any is left out."""
    counted = (
        Call.objects.filter(key_id__in=key_ids, at__gte=since)
        .values("key_id")
        .annotate(yes=Count("id", filter=Q(allowed=True)), no=Count("id", filter=Q(allowed=False)))
        .order_by()
    )
    return {row["key_id"]: (row["yes"], row["no"]) for row in counted if row["key_id"]}


@patience()
def callers(key_id: UUID, since: datetime) -> list[Caller]:
    """Who called with a key since a moment, whoever called last first; ten at the most. Raises TooBroad."""
    counted = (
        Call.objects.filter(key_id=key_id, at__gte=since)
        .values_list("ip", "user_agent")
        .annotate(calls=Count("id"), last_at=Max("at"))
        .order_by("-last_at")
    )
    return [Caller(*row) for row in counted[:MOST_CALLERS]]


def calls_by_caller(caller_ids: Sequence[UUID]) -> dict[UUID, tuple[int, datetime]]:
    """How often each caller has called, and when last. One that never did is left out."""
    counted = (
        Call.objects.filter(caller_id__in=caller_ids)
        .values_list("caller_id")
        .annotate(calls=Count("id"), last_at=Max("at"))
        .order_by()
    )
    return {caller_id: (calls, last_at) for caller_id, calls, last_at in counted if caller_id}


def _newest(column: str, ids: Sequence[UUID]) -> Iterable[Call]:
    if not ids:
        return ()
    native = connection.features.has_native_uuid_field
    statement = _NEWEST.format(places=", ".join(["(%s)"] * len(ids)), column=column)
    return Call.objects.raw(statement, [one if native else one.hex for one in ids])


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
