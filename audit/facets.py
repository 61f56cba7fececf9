"""What the newest entries that match have in common: the values to narrow a search by, and how often each is there.

One look at the newest 2,000 acts and 2,000 calls serves all of them: nothing is counted to its end.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from audit.search import Filters, rows

MOST_ROWS = 2_000
MOST_VALUES = 8
SHARED = ("key_id", "key_name", "agent_id", "agent_name", "ip")
TITLES = {
    "outcome": "Outcome",
    "check": "Refused because",
    "action": "Action",
    "key_id": "Key",
    "agent": "Agent",
    "ip": "Address",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value: as the filter takes it, as people call it, and how many entries have it."""

    value: str
    says: str
    number: int


@dataclass(frozen=True, slots=True)
class Facet:
    """The values there are for one filter, the most frequent first."""

    name: str
    title: str
    values: list[Value]


@dataclass(frozen=True, slots=True)
class Facets:
    """All of them. `capped`: there are more entries than were looked at."""

    facets: list[Facet]
    capped: bool


def facets(filters: Filters) -> Facets:
    """The values among the newest entries that match `filters`. A facet of fewer than two values can still be one."""
    events, calls = rows(filters)
    acts = _newest(events, "action")
    called = _newest(calls, "allowed", "check_failed")
    found: Counter[tuple[str, str, str]] = Counter(_values(acts, called))
    told = [Facet(name, title, _top(found, name)) for name, title in TITLES.items()]
    capped = max(len(acts), len(called)) > MOST_ROWS
    return Facets([facet for facet in told if facet.values], capped)


def _newest(matching: QuerySet[Any], *columns: str) -> list[tuple[Any, ...]]:
    return list(matching.order_by("-at", "-id").values_list(*SHARED, *columns)[: MOST_ROWS + 1])


def _values(
    acts: Iterable[tuple[Any, ...]], calls: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[str, str, str]]:
    """Each value of each entry: the filter's name, the value, and what it is called."""
    for *shared, action in acts:
        yield from _shared(*shared)
        yield "outcome", "act", "Act"
        yield "action", action, action
    for *shared, allowed, check in calls:
        yield from _shared(*shared)
        yield ("outcome", "allowed", "Allowed") if allowed else ("outcome", "refused", "Refused")
        if check:
            yield "check", check, check


def _shared(
    key_id: UUID | None, key_name: str, agent_id: UUID | None, agent_name: str, ip: str
) -> Iterator[tuple[str, str, str]]:
    if key_id:
        yield "key_id", str(key_id), key_name
    if agent_id:
        yield "agent", str(agent_id), agent_name
    if ip:
        yield "ip", ip, ip


def _top(found: Counter[tuple[str, str, str]], name: str) -> list[Value]:
    """The most frequent values of one filter. Something that was renamed goes by the name most entries have."""
    numbers: Counter[str] = Counter()
    names: dict[str, str] = {}
    for (of, value, says), number in found.most_common():
        if of == name:
            numbers[value] += number
            names.setdefault(value, says or value)
    return [Value(value, names[value], number) for value, number in numbers.most_common(MOST_VALUES)]
