"""Autocompletion of the search box: filter names, and values with their counts."""

from typing import NamedTuple

from audit.search.check_names import CHECK_NAMES
from audit.search.facets import Facets
from audit.search.vocabularies import KINDS, SOURCES, event_names

NAMES = {
    "key": "Key name or prefix",
    "agent": "Agent name or ID",
    "actor": "Who made the change",
    "action": "Type of event",
    "outcome": "Allowed, denied or event",
    "check": "Denial reason",
    "code": "Error code",
    "ip": "IP address",
    "route": "Start of the request path",
    "caller": "Name that the program gives itself",
    "via": "Source",
    "kind": "Events or requests",
    "request": "Request ID",
    "trace": "Trace ID",
    "id": "Entry ID",
    "since": "Start time",
    "until": "End time",
}
OUTCOMES = {"allowed": "The request passed", "denied": "A check failed", "event": "Someone changed something"}
SPANS = {"1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}
_BY_FACET = {"key_id": "key"}


class Completion(NamedTuple):
    """One line of the list: what it writes, what it means, and how often it occurs. None: not counted."""

    text: str
    meaning: str
    number: int | None = None


def completions(current: Facets | None) -> dict[str, list[Completion]]:
    """The lists by the name of a filter; under the empty name the names themselves."""
    lists = {
        "": [Completion(name, meaning) for name, meaning in NAMES.items()],
        "outcome": [Completion(name, meaning) for name, meaning in OUTCOMES.items()],
        "check": [Completion(name.failed, check) for check, name in CHECK_NAMES.items()],
        "action": [Completion(name, "") for name in sorted(event_names())],
        "via": [Completion(name, meaning) for name, meaning in SOURCES.items()],
        "kind": [Completion(name, meaning) for name, meaning in KINDS.items()],
        "since": [Completion(name, meaning) for name, meaning in SPANS.items()],
    }
    for facet in current.facets if current else ():
        name = _BY_FACET.get(facet.name, facet.name)
        numbers = {(value.value if name == "outcome" else value.says): value.number for value in facet.values}
        rest = lists.get(name, [])
        known = {line.text: line.meaning for line in rest}
        counted = [Completion(text, known.get(text, ""), number) for text, number in numbers.items()]
        lists[name] = [*counted, *(line for line in rest if line.text not in numbers)]
    return lists
