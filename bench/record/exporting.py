"""How much memory an export of a million rows takes beyond one of ten thousand, in a process of its own."""

import itertools
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.record.cast import DAYS
from bench.record.databases import Databases

FEW, MANY = 10_000, 1_000_000
SELECTION = "selection"
"""JSON lines of most of the time: each row with its proof."""
SHAPES = ("jsonl", "csv", "ocsf", SELECTION)


def measure(
    databases: Databases, name: str, shapes: Sequence[str] = SHAPES, many: int = MANY
) -> dict[str, Any]:
    """The export of an app of database `name`, in each shape, as far as row `many`."""
    told: dict[str, Any] = {}
    for what in shapes:
        shape, days = ("jsonl", DAYS - 1) if what == SELECTION else (what, 0)
        words = ["-m", "bench.record.exporting", shape, str(days), str(many)]
        environment = {**os.environ, **databases.environment(name)}
        done = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, env=environment, check=True)
        told |= {f"{what}: {figure}": number for figure, number in json.loads(done.stdout).items()}
    return told


def taken(shape: str, days: int, many: int) -> dict[str, Any]:
    """Export here, and look at the peak of memory on the way. `days`: so many alone; 0: all there is."""
    from audit.actors import shell
    from audit.export.exporter import export
    from audit.search.search import Filters
    from bench.record.cast import APP
    from core.clock import now

    began = time.perf_counter()
    since = now() - timedelta(days=days) if days else None
    taken = export(shell(), Filters(APP, since=since), "shop-1", shape)
    settled = time.perf_counter() - began
    lines = (line for block in taken.blocks() for line in block.splitlines())
    few = sum(1 for _ in itertools.islice(lines, FEW))
    at_few = _peak()
    rest = sum(1 for _ in itertools.islice(lines, many - FEW))
    took = time.perf_counter() - began
    return {
        "lines": few + rest,
        "seconds to the first": round(settled, 2),
        "lines a second": round((few + rest) / took),
        f"MB at {FEW:,} lines": at_few // 1024,
        "MB at the end": _peak() // 1024,
    }


def _peak() -> int:
    """The most memory this process has held, in KB. getrusage would hand a parent's peak down."""
    try:
        told = Path("/proc/self/status").read_text()
        return int(told.partition("VmHWM:")[2].split()[0])
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(taken(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
