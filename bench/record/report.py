"""The figures as tables on stdout, and as JSON for a program."""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.record.reads import Reading

WIDE, COLUMN = 46, 10


def machine(postgres: str) -> dict[str, Any]:
    """Where this was measured, as far as it matters."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "postgresql": postgres}


def of_reads(
    readings: Sequence[Reading],
    sizes: Sequence[str],
    took: Mapping[str, Sequence[float]],
    windows: Mapping[str, Sequence[int]],
) -> dict[str, Any]:
    """What each reading cost at each size, how the largest compares with the smallest, and whether it may."""
    told: dict[str, Any] = {}
    for reading in readings:
        found, rows = took[reading.name], windows.get(reading.name)
        ratio = found[-1] / found[0]
        bound = max(rows[-1] / max(rows[0], 1), 1) if rows else reading.bound
        told[reading.name] = {
            "ms": {size: round(ms, 3) for size, ms in zip(sizes, found, strict=True)},
            "rows": dict(zip(sizes, rows, strict=True)) if rows else None,
            "ratio": round(ratio, 2),
            "bound": round(bound, 2) or None,
            "holds": not bound or ratio <= bound,
        }
    return told


def show_reads(sizes: Sequence[str], told: Mapping[str, Mapping[str, Any]]) -> None:
    """A table: milliseconds at each size, and the largest as times of the smallest."""
    print(
        f"\n{'milliseconds, median':{WIDE}}", *(f"{size:>{COLUMN}}" for size in sizes), f"{'ratio':>{COLUMN}}"
    )
    for name, row in told.items():
        print(_line(name, row["ms"].values(), row["ratio"]), _said(row))
        if row["rows"]:
            print(f"{'  rows in its window':{WIDE}}", *(f"{rows:{COLUMN},}" for rows in row["rows"].values()))
            each = (
                1000 * ms / max(rows, 1)
                for ms, rows in zip(row["ms"].values(), row["rows"].values(), strict=True)
            )
            print(f"{'  microseconds for each':{WIDE}}", *(f"{us:{COLUMN}.1f}" for us in each))


def _line(name: str, figures: Iterable[float], ratio: float) -> str:
    return " ".join(
        [f"{name:{WIDE}}", *(f"{figure:{COLUMN}.2f}" for figure in figures), f"{ratio:{COLUMN}.2f}"]
    )


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
