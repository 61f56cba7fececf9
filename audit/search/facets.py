"""Facets: the most frequent values among the newest matching entries, with their counts.

One look at the newest 2,000 events and 2,000 requests serves all of them: nothing is counted to its end.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from audit.search.check_names import OUTCOME_NAMES, describe_failed_check
from audit.search.search import Filters, rows

MAX_ROWS = 2_000
MAX_VALUES = 8
SHARED = ("key_id", "key_name", "key_prefix", "agent_id", "agent_name", "ip")
TITLES = {
    "outcome": "Outcome",
    "check": "Denial reason",
    "action": "Action",
    "key_id": "Key",
    "agent": "Agent",
    "ip": "IP address",
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
    is_total: bool = False
    """Whether all entries are counted, not the newest alone."""


@dataclass(frozen=True, slots=True)
class Facets:
    """All of them. `capped`: there are more entries than were looked at."""

    facets: list[Facet]
    capped: bool

    def with_outcomes(self, **totals: int) -> "Facets":
        """The same with exact numbers of outcomes, as the chart has them."""
        values = [Value(name, OUTCOME_NAMES[name], number) for name, number in totals.items() if number]
        values.sort(key=lambda value: value.number, reverse=True)
        others = [facet for facet in self.facets if facet.name != "outcome"]
        outcomes = [Facet("outcome", TITLES["outcome"], values, is_total=True)] if values else []
        return Facets([*outcomes, *others], self.capped)


class _FacetRows(NamedTuple):
    """A value that one entry has, and what tells it from another of the same name."""

    facet: str
    value: str
    says: str
    besides: str = ""


def facets(filters: Filters) -> Facets:
    """The values among the newest entries that match `filters`, eight of each kind at the most."""
    events, calls = rows(filters)
    acts = _newest(events, "action")
    called = _newest(calls, "allowed", "check_failed")
    counts = Counter(_values(acts, called))
    results = [Facet(name, title, _top(counts, name)) for name, title in TITLES.items()]
    capped = max(len(acts), len(called)) > MAX_ROWS
    return Facets([facet for facet in results if facet.values], capped)


def _newest(matching: QuerySet[Any], *columns: str) -> list[tuple[Any, ...]]:
    return list(matching.order_by("-at", "-id").values_list(*SHARED, *columns)[: MAX_ROWS + 1])


def _values(acts: Iterable[tuple[Any, ...]], calls: Iterable[tuple[Any, ...]]) -> Iterator[_FacetRows]:
    for *shared, action in acts:
        yield from _shared(*shared)
        yield _FacetRows("outcome", "event", "Event")
        yield _FacetRows("action", action, action)
    for *shared, allowed, check in calls:
        yield from _shared(*shared)
        yield (
            _FacetRows("outcome", "allowed", "Allowed")
            if allowed
            else _FacetRows("outcome", "denied", "Denied")
        )
        if check:
            yield _FacetRows("check", check, describe_failed_check(check))


def _shared(
    key_id: UUID | None, key_name: str, key_prefix: str, agent_id: UUID | None, agent_name: str, ip: str
) -> Iterator[_FacetRows]:
    if key_id:
        yield _FacetRows("key_id", str(key_id), key_name or key_prefix, key_prefix[-8:])
    if agent_id:
        yield _FacetRows("agent", str(agent_id), agent_name, str(agent_id)[-8:])
    if ip:
        yield _FacetRows("ip", ip, ip)


def _top(counts: Counter[_FacetRows], facet: str) -> list[Value]:
    """The most frequent values of one facet. Something that was renamed goes by the name most entries have."""
    numbers: Counter[str] = Counter()
    first: dict[str, _FacetRows] = {}
    for key, number in counts.most_common():
        if key.facet == facet:
            numbers[key.value] += number
            first.setdefault(key.value, key)
    names = Counter(key.says for key in first.values())
    return [
        Value(value, _name(first[value], names), number) for value, number in numbers.most_common(MAX_VALUES)
    ]


def _name(key: _FacetRows, names: Counter[str]) -> str:
    return f"{key.says} {key.besides}".strip() if names[key.says] > 1 else key.says
