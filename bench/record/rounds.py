"""Takes turns, so that a busy machine is busy for all alike, and keeps the medians."""

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from audit.clock import at
from bench.record.databases import Databases
from bench.record.reads import Read, Reading

ROUNDS, IN_A_ROW = 15, 3
LONGEST = 5.0
"""Seconds. What takes longer is measured once."""


def measure(
    databases: Databases,
    names: Sequence[str],
    readings: Sequence[Reading],
    end: datetime,
    rounds: int = ROUNDS,
) -> dict[str, list[float]]:
    """Milliseconds of each reading in each database, warm: the median of interleaved rounds."""
    took: dict[tuple[str, str], list[float]] = {}
    with at(end):
        for round_ in range(rounds + 1):
            for reading in readings:
                for name in names:
                    databases.use(name)
                    so_far = took.setdefault((reading.name, name), [])
                    _take(reading.read, so_far, warm=round_ > 0)
    return {
        reading.name: [statistics.median(took[reading.name, name]) * 1000 for name in names]
        for reading in readings
    }


def windows(databases: Databases, names: Sequence[str], readings: Sequence[Reading]) -> dict[str, list[int]]:
    """How many rows lie in the window of each reading that has one, in each database."""
    found: dict[str, list[int]] = {}
    for name in names:
        databases.use(name)
        for reading in readings:
            if reading.window:
                found.setdefault(reading.name, []).append(reading.window())
    return found


def _take(read: Read, so_far: list[float], *, warm: bool) -> None:
    """Measure once or a few times. The first round only warms, unless it was slow."""
    if so_far and min(so_far) > LONGEST:
        return
    first = timed(read)
    if warm:
        so_far += [timed(read) for _ in range(IN_A_ROW)]
    elif first > LONGEST:
        so_far.append(first)


def timed(act: Callable[[], object]) -> float:
    """Seconds that `act` takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
