"""Takes turns, so that a busy machine is busy for all alike, and keeps the medians."""

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bench.record.databases import Databases
from bench.record.reads import Read, Reading
from core.clock import at

ROUNDS, IN_A_ROW = 15, 3
LONGEST = 5000.0
"""Milliseconds. What takes longer is measured once."""


class Cost(NamedTuple):
    """Milliseconds until it was done; and of CPU, here and in the database, which others disturb less."""

    wall: float
    cpu: float


def measure(
    databases: Databases,
    names: Sequence[str],
    readings: Sequence[Reading],
    end: datetime,
    rounds: int = ROUNDS,
) -> dict[str, list[Cost]]:
    """The cost of each reading in each database, warm: the medians of interleaved rounds."""
    costs: dict[tuple[str, str], list[Cost]] = {}
    with at(end):
        for round_ in range(rounds + 1):
            for reading in readings:
                for name in names:
                    databases.use(name)
                    so_far = costs.setdefault((reading.name, name), [])
                    _take(reading.read, so_far, warm=round_ > 0)
    return {reading.name: [_median(costs[reading.name, name]) for name in names] for reading in readings}


def windows(databases: Databases, names: Sequence[str], readings: Sequence[Reading]) -> dict[str, list[int]]:
    """How many rows lie in the window of each reading that has one, in each database."""
    found: dict[str, list[int]] = {}
    for name in names:
        databases.use(name)
        for reading in readings:
            if reading.window:
                found.setdefault(reading.name, []).append(reading.window())
    return found


def _take(read: Read, so_far: list[Cost], *, warm: bool) -> None:
    """Measure once or a few times. The first round only warms, unless it was slow."""
    if so_far and so_far[0].wall > LONGEST:
        return
    first = cost(read)
    if warm:
        so_far += [cost(read) for _ in range(IN_A_ROW)]
    elif first.wall > LONGEST:
        so_far.append(first)


def cost(act: Callable[[], object]) -> Cost:
    """What `act` costs in the database in use."""
    from django.db import connection

    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    wall, cpu = time.perf_counter(), time.process_time() + on_cpu(backend)
    act()
    return Cost(1000 * (time.perf_counter() - wall), 1000 * (time.process_time() + on_cpu(backend) - cpu))


def on_cpu(process: int) -> float:
    """Seconds that another process has had a processor. 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(figures) for figures in zip(*costs, strict=True)))
