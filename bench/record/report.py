"""The figures as tables on stdout, and as JSON for a program."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.record.reads import Reading
from bench.record.rounds import Cost

WIDE, COLUMN = 36, 9


def machine(postgres: str) -> dict[str, Any]:
    """Where this was measured, as far as it matters."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "postgresql": postgres}


def of_reads(
    readings: Sequence[Reading],
    sizes: Sequence[str],
    costs: Mapping[str, Sequence[Cost]],
    windows: Mapping[str, Sequence[int]],
) -> dict[str, Any]:
    """What each reading cost at each size, how the largest compares with the smallest, and whether it may."""
    told: dict[str, Any] = {}
    for reading in readings:
        found, rows = costs[reading.name], windows.get(reading.name)
        bound = max(rows[-1] / max(rows[0], 1), 1) if rows else reading.bound
        ratio = found[-1].cpu / found[0].cpu
        told[reading.name] = {
            "ms": {size: round(cost.wall, 3) for size, cost in zip(sizes, found, strict=True)},
            "cpu_ms": {size: round(cost.cpu, 3) for size, cost in zip(sizes, found, strict=True)},
            "rows": dict(zip(sizes, rows, strict=True)) if rows else None,
            "ratio": round(found[-1].wall / found[0].wall, 2),
            "cpu_ratio": round(ratio, 2),
            "bound": round(bound, 2) or None,
            "holds": not bound or ratio <= bound,
        }
    return told


def show_reads(sizes: Sequence[str], told: Mapping[str, Mapping[str, Any]]) -> None:
    """A table: milliseconds at each size, and the largest as times of the smallest."""
    heads = [*sizes, "ratio", *(f"CPU {size}" for size in sizes), "ratio"]
    print(f"\n{'milliseconds, median':{WIDE}}", *(f"{head:>{COLUMN}}" for head in heads))
    for name, row in told.items():
        figures = [*row["ms"].values(), row["ratio"], *row["cpu_ms"].values(), row["cpu_ratio"]]
        print(f"{name:{WIDE}}", *(f"{figure:{COLUMN}.2f}" for figure in figures), _said(row))
        if row["rows"]:
            pairs = list(zip(row["cpu_ms"].values(), row["rows"].values(), strict=True))
            print(f"{'  rows in its window':{WIDE}}", *(f"{rows:{COLUMN},}" for _, rows in pairs))
            each = [1000 * ms / max(rows, 1) for ms, rows in pairs]
            print(f"{'  microseconds of CPU for each':{WIDE}}", *(f"{us:{COLUMN}.1f}" for us in each))


def _said(row: Mapping[str, Any]) -> str:
    if row["bound"] is None:
        return ""
    return f"  {'at most' if row['holds'] else 'MORE THAN'} {row['bound']}"


def show(title: str, told: Mapping[str, Any]) -> None:
    """A list of figures under their names."""
    print(f"\n{title}")
    for name, figure in told.items():
        print(
            f"{name:{WIDE}} {figure:>{COLUMN},}"
            if isinstance(figure, int | float)
            else f"{name:{WIDE}} {figure}"
        )


def write(path: str, told: Mapping[str, Any]) -> None:
    """The same for a program."""
    Path(path).write_text(json.dumps(told, indent=2) + "\n")
