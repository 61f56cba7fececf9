"""Which rows the record itself says were purged or erased, so that nothing is gone without a word. Imports no Django.

Both acts name the rows by their places: `ranges`, a list of the first and the last of each run.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PURGE, ERASE = "audit.purge", "audit.erase"
MOST = 100_000
"""How many runs of places are remembered. Neighbours are one run: a record has far fewer."""
Run = tuple[int, int]


@dataclass(slots=True)
class Places:
    """Places of one stream, as runs."""

    runs: list[Run] = field(default_factory=list)

    def add(self, first: int, last: int) -> None:
        """Count these in."""
        if self.runs and self.runs[-1][0] <= first <= self.runs[-1][1] + 1:
            self.runs[-1] = (self.runs[-1][0], max(self.runs[-1][1], last))
        elif len(self.runs) < MOST:
            self.runs.append((first, last))

    def settled(self) -> "Places":
        """The same in order, each place once."""
        found = Places()
        for run in sorted(self.runs):
            found.add(*run)
        return found

    def covers(self, first: int, last: int) -> bool:
        """Whether all of these are in. Only for what is settled."""
        at = bisect_right(self.runs, first, key=lambda run: run[0]) - 1
        return at >= 0 and self.runs[at][1] >= last

    def without(self, others: "Places") -> Iterator[Run]:
        """What is in these and not in the others. Both are settled."""
        at = 0
        for first, last in self.runs:
            start = first
            while start <= last:
                while at < len(others.runs) and others.runs[at][1] < start:
                    at += 1
                begins, ends = others.runs[at] if at < len(others.runs) else (last + 1, last + 1)
                if begins > start:
                    yield start, min(last, begins - 1)
                start = ends + 1 if begins <= last else last + 1


def claimed(action: Any, facts: Any) -> tuple[str, list[Run]]:
    """The kind of stream whose rows an act says are gone or erased, and which. Nothing for any other act."""
    if action not in (PURGE, ERASE) or not isinstance(facts, Mapping):
        return "", []
    kind = facts.get("kind")
    told = facts.get("ranges") or [[facts.get("first_seq"), facts.get("last_seq")]]
    return (kind if isinstance(kind, str) else ""), [run for run in map(_run, told) if run]


def _run(told: Any) -> Run | None:
    if isinstance(told, list | tuple) and len(told) == 2 and all(type(place) is int for place in told):
        return told[0], told[1]
    return None
