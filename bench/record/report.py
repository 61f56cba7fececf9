"""The figures as tables on stdout, and as JSON for a program."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.record.reads import Reading

WIDE, COLUMN = 46, 10


def machine(postgres: str) -> dict[str, Any]:
    """Where this was measured, as far as it matters."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "postgresql": postgres}


def of_reads(
    readings: Sequence[Reading], sizes: Sequence[str], took: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """What each reading cost at each size, how that compares, and whether it may."""
    told: dict[str, Any] = {}
    for reading in readings:
        found = took[reading.name]
        ratio = found[-1] / found[0]
        told[reading.name] = {size: round(ms, 3) for size, ms in zip(sizes, found, strict=True)} | {
            "ratio": round(ratio, 2),
            "bound": reading.bound or None,
            "holds": not reading.bound or ratio <= reading.bound,
        }
    return told


def show_reads(sizes: Sequence[str], told: Mapping[str, Mapping[str, Any]]) -> None:
    """A table: milliseconds at each size, and the largest as times of the smallest."""
    print(
        f"\n{'milliseconds, median':{WIDE}}", *(f"{size:>{COLUMN}}" for size in sizes), f"{'ratio':>{COLUMN}}"
    )
    for name, row in told.items():
        said = (
            "" if row["bound"] is None else f"  {'at most' if row['holds'] else 'MORE THAN'} {row['bound']}"
        )
        figures = (f"{row[size]:{COLUMN}.2f}" for size in sizes)
        print(f"{name:{WIDE}}", *figures, f"{row['ratio']:{COLUMN}.2f}{said}")


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
