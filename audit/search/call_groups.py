"""Groups requests by conversation (thread) or by distributed trace (docs/api.md)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Min, Q, QuerySet

from audit.models import Call
from audit.search.matching import thread_id
from core.query_timeout import query_timeout

MAX_GROUPS = 200
MAX_CALLERS = 10


@dataclass(frozen=True, slots=True)
class Group:
    """Some calls of one thread or trace."""

    id: str
    calls: int
    denied: int
    first_at: datetime
    last_at: datetime
    callers: list[str]


@query_timeout()
def threads(
    app_id: UUID, since: datetime | None = None, until: datetime | None = None, caller: str = ""
) -> list[Group]:
    """Calls by the thread_id of their context, the latest thread first; 200 at the most. Raises TooBroad."""
    return _groups(_calls(app_id, since, until, caller).annotate(group=thread_id()).exclude(group=None))


@query_timeout()
def traces(
    app_id: UUID, since: datetime | None = None, until: datetime | None = None, caller: str = ""
) -> list[Group]:
    """Calls by their W3C trace, the latest trace first; 200 at the most. Raises TooBroad."""
    return _groups(_calls(app_id, since, until, caller).exclude(trace_id="").annotate(group=F("trace_id")))


def _calls(app_id: UUID, since: datetime | None, until: datetime | None, caller: str) -> QuerySet[Call]:
    conditions: dict[str, Any] = {"at__gte": since, "at__lt": until, "caller": caller}
    return Call.objects.filter(app_id=app_id, **{name: value for name, value in conditions.items() if value})


def _groups(calls: QuerySet[Any]) -> list[Group]:
    counted = (
        calls.values("group")
        .annotate(
            n=Count("id"),
            denied=Count("id", filter=Q(allowed=False)),
            first_at=Min("at"),
            last_at=Max("at"),
        )
        .order_by("-last_at")[:MAX_GROUPS]
    )
    groups = list(counted)
    callers = _callers(calls, [row["group"] for row in groups])
    return [
        Group(
            row["group"],
            row["n"],
            row["denied"],
            row["first_at"],
            row["last_at"],
            callers.get(row["group"], []),
        )
        for row in groups
    ]


def _callers(calls: QuerySet[Any], groups: list[str]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    pairs = calls.filter(group__in=groups).exclude(caller="").values_list("group", "caller").distinct()
    for group, caller in pairs.order_by("group", "caller"):
        if len(named.setdefault(group, [])) < MAX_CALLERS:
            named[group].append(caller)
    return named
