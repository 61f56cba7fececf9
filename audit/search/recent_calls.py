"""Summarizes the newest requests of a key or an agent: callers, targets, keys, denials.

All of it comes of one reading of a bounded number of calls, so that it costs the same for the busiest key. The
moments of the few that are told are read afterwards: to decode ten thousand takes as long as all the rest.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from audit.models import Call

MAX_CALLS = 10_000
"""How many calls are looked at."""
MAX_SHOWN = 20


class Caller(NamedTuple):
    """Someone who calls: an address and the name its client gives itself."""

    ip: str
    user_agent: str
    calls: int
    last_at: datetime


class Target(NamedTuple):
    """Something that is called."""

    method: str
    path: str
    calls: int
    denied: int


class Reason(NamedTuple):
    """A kind of refusal, and the latest call that met it."""

    check: str
    code: str
    calls: int
    last_at: datetime
    last_id: UUID


class WithKey(NamedTuple):
    """A key that calls are made with."""

    key_id: UUID
    key_prefix: str
    calls: int
    last_at: datetime


class _Summary(NamedTuple):
    """As much of a call as is looked at."""

    id: UUID
    ip: str
    user_agent: str
    method: str
    path: str
    allowed: bool
    check_failed: str
    code: str
    key_id: UUID
    key_prefix: str


@dataclass(frozen=True, slots=True)
class CallSummary:
    """What some calls tell. Of each list there is no more than a page can show; `in_all` says how long it is."""

    calls: int
    denied: int
    capped_at: datetime | None
    """The oldest call looked at, if there were older ones in the time asked for."""
    callers: list[Caller]
    callers_in_all: int
    targets: list[Target]
    targets_in_all: int
    reasons: list[Reason]
    keys: list[WithKey]

    @property
    def allowed(self) -> int:
        """Those that were let in."""
        return self.calls - self.denied


def summarize_calls(
    since: datetime,
    *,
    key_id: UUID | None = None,
    agent_id: UUID | None = None,
    allowed: bool = False,
    most: int = MAX_CALLS,
    limit: int = MAX_SHOWN,
) -> CallSummary:
    """The newest calls of a key or an agent since a moment: `most` looked at, `shown` of each list told.

    `allowed`: only those that got through.
    """
    whose = {name: value for name, value in (("key_id", key_id), ("agent_id", agent_id)) if value}
    newest = Call.objects.filter(at__gte=since, **whose).order_by("-at", "-id")
    newest = newest.filter(allowed=True) if allowed else newest
    rows = [_Summary(*row) for row in newest.values_list(*_Summary._fields)[: most + 1]]
    capped, rows = len(rows) > most, rows[:most]
    callers, targets = _counted(rows, "ip", "user_agent"), _counted(rows, "method", "path")
    denied = [row for row in rows if not row.allowed]
    reasons = sorted(_counted(denied, "check_failed", "code"), key=_calls, reverse=True)[:limit]
    keys = sorted(_counted(rows, "key_id", "key_prefix"), key=_calls, reverse=True)[:limit]
    moments = [value.last for groups in (callers[:limit], reasons, keys) for value in groups] + rows[-1:]
    at = dict(newest.filter(id__in={row.id for row in moments}).values_list("id", "at"))
    return CallSummary(
        calls=len(rows),
        denied=len(denied),
        capped_at=at[rows[-1].id] if capped else None,
        callers=[Caller(row.ip, row.user_agent, calls, at[row.id]) for row, calls in callers[:limit]],
        callers_in_all=len(callers),
        targets=_targets(targets, denied)[:limit],
        targets_in_all=len(targets),
        reasons=[Reason(row.check_failed, row.code, calls, at[row.id], row.id) for row, calls in reasons],
        keys=[WithKey(row.key_id, row.key_prefix, calls, at[row.id]) for row, calls in keys],
    )


class _Counted(NamedTuple):
    """Calls that are alike in something: the latest of them, and how many there are."""

    last: _Summary
    calls: int


def _counted(rows: Sequence[_Summary], *names: str) -> list[_Counted]:
    """Calls by what they say under `names`, the latest first: the rows come newest first."""
    alike = attrgetter(*names)
    last: dict[Any, _Summary] = {}
    for row in rows:
        last.setdefault(alike(row), row)
    counted = Counter(map(alike, rows))
    return [_Counted(row, counted[what]) for what, row in last.items()]


def _targets(targets: Sequence[_Counted], denied: Sequence[_Summary]) -> list[Target]:
    """What is called most first."""
    no = Counter((row.method, row.path) for row in denied)
    result = [Target(row.method, row.path, calls, no[row.method, row.path]) for row, calls in targets]
    return sorted(result, key=lambda target: target.calls, reverse=True)


def _calls(counted: _Counted) -> int:
    return counted.calls
