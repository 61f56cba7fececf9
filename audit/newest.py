"""What the newest calls of a key or an agent tell: who makes them, for what, with which key, what comes of them.

All of it comes of one reading of a bounded number of calls, so that it costs the same for the busiest key.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from audit.models import Call

MOST = 10_000
"""How many calls are looked at."""
MOST_SHOWN = 20
_READ = (
    "id",
    "at",
    "ip",
    "user_agent",
    "method",
    "path",
    "allowed",
    "check_failed",
    "code",
    "key_id",
    "key_prefix",
)


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
    refused: int


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


class _Told(NamedTuple):
    """As much of a call as is looked at."""

    id: UUID
    at: datetime
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
class Look:
    """What some calls tell. Of each list there is no more than a page can show; `in_all` says how long it is."""

    calls: int
    refused: int
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
        return self.calls - self.refused


def look(
    since: datetime,
    *,
    key_id: UUID | None = None,
    agent_id: UUID | None = None,
    most: int = MOST,
    shown: int = MOST_SHOWN,
) -> Look:
    """The newest calls of a key or an agent since a moment: `most` looked at, `shown` of each list told."""
    whose = {name: one for name, one in (("key_id", key_id), ("agent_id", agent_id)) if one}
    newest = Call.objects.filter(at__gte=since, **whose).order_by("-at", "-id")
    rows = [_Told(*row) for row in newest.values_list(*_READ)[: most + 1]]
    capped, rows = len(rows) > most, rows[:most]
    callers, targets = _callers(rows), _targets(rows)
    return Look(
        calls=len(rows),
        refused=sum(not row.allowed for row in rows),
        capped_at=rows[-1].at if capped else None,
        callers=callers[:shown],
        callers_in_all=len(callers),
        targets=targets[:shown],
        targets_in_all=len(targets),
        reasons=_reasons(rows)[:shown],
        keys=_keys(rows)[:shown],
    )


def _callers(rows: Sequence[_Told]) -> list[Caller]:
    """Whoever called last first. The rows come newest first: of each, the first seen is the last made."""
    counted = Counter((row.ip, row.user_agent) for row in rows)
    last = _first_of_each(rows, "ip", "user_agent")
    return [Caller(row.ip, row.user_agent, counted[who], row.at) for who, row in last.items()]


def _targets(rows: Sequence[_Told]) -> list[Target]:
    """What is called most first."""
    refused = Counter((row.method, row.path) for row in rows if not row.allowed)
    counted = Counter((row.method, row.path) for row in rows)
    return [Target(*what, calls, refused[what]) for what, calls in counted.most_common()]


def _reasons(rows: Sequence[_Told]) -> list[Reason]:
    """What is met most first."""
    refused = [row for row in rows if not row.allowed]
    counted = Counter((row.check_failed, row.code) for row in refused)
    last = _first_of_each(refused, "check_failed", "code")
    return [Reason(*why, calls, last[why].at, last[why].id) for why, calls in counted.most_common()]


def _keys(rows: Sequence[_Told]) -> list[WithKey]:
    """What calls most first."""
    counted = Counter((row.key_id, row.key_prefix) for row in rows)
    last = _first_of_each(rows, "key_id", "key_prefix")
    return [WithKey(*key, calls, last[key].at) for key, calls in counted.most_common()]


def _first_of_each(rows: Iterable[_Told], *names: str) -> dict[tuple[Any, ...], _Told]:
    found: dict[tuple[Any, ...], _Told] = {}
    for row in rows:
        found.setdefault(tuple(getattr(row, name) for name in names), row)
    return found
