"""How fast rows are sealed, whether the sealer keeps up with a steady writer, and whether the writer notices it."""

import json
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.record.databases import Databases
from bench.record.rounds import cost
from bench.record.writer import A_STATEMENT, statement

RATE = 5000
"""Calls a second that the sealer has to keep up with."""
LOOK = 0.5
"""Seconds between two looks at what waits."""


def measure(
    databases: Databases, name: str, *, backlog: int, seconds: float, rate: int = RATE
) -> dict[str, Any]:
    """All three, in database `name`, which has the cast and the triggers."""
    databases.use(name)
    told = _drain(databases, name, backlog)
    return told | _keep_up(databases, name, seconds, rate) if seconds else told


def _drain(databases: Databases, name: str, backlog: int) -> dict[str, Any]:
    """Rows a second when many wait and nobody writes."""
    with databases.connect(name) as connection:
        for _ in range(backlog // A_STATEMENT):
            connection.execute(statement())
    sealed = list[int]()
    spent = cost(lambda: sealed.append(_seal_the_rest()))
    return {
        "rows sealed": sealed[0],
        "rows sealed a second": round(1000 * sealed[0] / spent.wall),
        "rows sealed in a second of CPU": round(1000 * sealed[0] / spent.cpu),
    }


def _keep_up(databases: Databases, name: str, seconds: float, rate: int) -> dict[str, Any]:
    """A writer for so long without the sealer and for so long with it, twice."""
    alone, beside, waits = list[float](), list[float](), list[int]()
    for _ in range(2):
        alone += _written(databases, name, rate, seconds, lambda: None)
        _seal_the_rest()
        with _sealer(databases, name):
            beside += _written(databases, name, rate, seconds, lambda: waits.append(_waiting()))
        _seal_the_rest()
    half = len(waits) // 4  # of each of the two runs
    return {
        "rows written a second": rate,
        "most rows waiting": max(waits),
        "waiting, first half": round(statistics.mean(waits[:half] + waits[2 * half : 3 * half])),
        "waiting, second half": round(statistics.mean(waits[half : 2 * half] + waits[3 * half :])),
        **_compared(alone, beside),
    }


def _compared(alone: list[float], beside: list[float]) -> dict[str, float]:
    """Milliseconds of an insert, without and with the sealer at work."""
    found = {}
    for word, share in (("median", 50), ("95 of 100", 95), ("99 of 100", 99)):
        pair = [statistics.quantiles(took, n=100)[share - 1] * 1000 for took in (alone, beside)]
        found[f"insert alone, {word}, ms"], found[f"insert beside, {word}, ms"] = (
            round(ms, 2) for ms in pair
        )
        found[f"insert, {word}, ratio"] = round(pair[1] / pair[0], 2)
    return found


def _written(
    databases: Databases, name: str, rate: int, seconds: float, look: Callable[[], None]
) -> list[float]:
    """Seconds of each insert of a writer that runs meanwhile."""
    words = ["-m", "bench.record.writer", name, str(databases.server.root), str(rate), str(seconds)]
    environment = {**os.environ, **databases.environment(name)}
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, env=environment) as writer:
        out: list[bytes] = []
        reader = threading.Thread(target=lambda: out.append(writer.communicate()[0]))
        reader.start()
        while reader.is_alive():
            look()
            reader.join(LOOK)
    return [took for _, took in json.loads(out[0])]


@contextmanager
def _sealer(databases: Databases, name: str) -> Iterator[None]:
    """The product's own command, as an operator runs it beside servers."""
    environment = {**os.environ, **databases.environment(name), "PORTAL_SEAL_EVERY": "1"}
    with subprocess.Popen([sys.executable, "manage.py", "tick", "--forever"], env=environment) as sealer:
        try:
            yield
        finally:
            sealer.terminate()
            sealer.wait(30)


def _seal_the_rest() -> int:
    from audit.integrity.sealing.sealer import seal_all

    sealed = 0
    while fresh := seal_all():
        sealed += fresh
    return sealed


def _waiting() -> int:
    from audit.models import Pending

    return Pending.objects.count()
