"""The figures as tables, beside what they should be, and as JSON."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.doors.contenders import API_KEY, BY_HAND, OURS, SIGNED, Sample, Sealer

Figures = dict[str, float]
Told = dict[int, dict[str, Figures]]
"""By callers, by contender."""
AT_LEAST = (
    (OURS, API_KEY, "each_second", {1: 1.2, 16: 2.8, 64: 6.0}),
    (OURS, BY_HAND, "each_second", {1: 2.0, 16: 4.4, 64: 9.5}),
    (SIGNED, API_KEY, "each_second", {64: 4.0}),
)
AT_MOST = ((OURS, API_KEY, "app_us", {64: 0.2}), (OURS, API_KEY, "p99", {64: 0.25}))
WORDS = {"each_second": "calls a second", "app_us": "CPU of the application", "p99": "p99"}


def machine(postgres: str) -> dict[str, Any]:
    """Where this was measured, as far as it matters."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "postgresql": postgres,
        "load": os.getloadavg()[0],
    }


def medians(samples: Sequence[Sample]) -> Figures:
    """Of several rounds."""

    def of(*values: float) -> float:
        return round(statistics.median(values), 2)

    return {
        "each_second": of(*(sample.came.each_second for sample in samples)),
        "p50": of(*(sample.came.p50 for sample in samples)),
        "p99": of(*(sample.came.p99 for sample in samples)),
        "app_us": of(*(1e6 * sample.app / max(sample.came.calls, 1) for sample in samples)),
        "pg_us": of(*(1e6 * sample.database / max(sample.came.calls, 1) for sample in samples)),
        "refused": sum(sample.came.refused for sample in samples),
        "broken": sum(sample.came.broken for sample in samples),
    }


def show(report: Told) -> None:
    """A table for each number of callers."""
    for callers, figures in report.items():
        best = figures.get(API_KEY, {}).get("each_second")
        heads = ("calls/s", "p50 ms", "p99 ms", "app us", "PG us", f"x {API_KEY}")
        print(f"\n{f'{callers} callers':16}", *(f"{head:>14}" for head in heads), sep="")
        for name, row in figures.items():
            ratio = f"{row['each_second'] / best:>14.2f}" if best else ""
            times = (f"{row[column]:>14.1f}" for column in ("p50", "p99", "app_us", "pg_us"))
            print(f"{name:16}{row['each_second']:>14.0f}", *times, ratio, _wrong(row), sep="")


def of_sealing(sealer: Sealer) -> Figures:
    """What a call costs later, when it is sealed."""
    rows = max(sealer.rows, 1)
    return {"rows": sealer.rows, "app_us": 1e6 * sealer.app / rows, "pg_us": 1e6 * sealer.database / rows}


def show_sealing(figures: Figures) -> None:
    """One line."""
    print(
        f"\nsealing a call, later: {figures['app_us']:.0f} us of the application,"
        f" {figures['pg_us']:.0f} us of PostgreSQL"
    )


def _wrong(row: Mapping[str, float]) -> str:
    wrong = [f"{row[name]:.0f} {name}" for name in ("refused", "broken") if row[name]]
    return f"  ({', '.join(wrong)})" if wrong else ""


def targets(report: Told) -> list[dict[str, Any]]:
    """What should be, and what is."""
    return [
        *(_target(report, line, callers, most=False) for line in AT_LEAST for callers in line[3]),
        *(_target(report, line, callers, most=True) for line in AT_MOST for callers in line[3]),
    ]


def _target(
    report: Told, line: tuple[str, str, str, dict[int, float]], callers: int, *, most: bool
) -> dict[str, Any]:
    ours, peer, column, bounds = line
    figures = report.get(callers, {})
    what = f"{WORDS[column]} at {callers}: {ours} / {peer}"
    if ours not in figures or peer not in figures:
        return {"what": what, "bound": bounds[callers], "is": None, "holds": None}
    ratio = figures[ours][column] / max(figures[peer][column], 1e-9)
    return bounded(what, ratio, bounds[callers], most=most)


def bounded(what: str, ratio: float, bound: float, *, most: bool = False) -> dict[str, Any]:
    """A ratio beside what it should be."""
    holds = ratio <= bound if most else ratio >= bound
    return {"what": what, "at_most" if most else "at_least": bound, "is": round(ratio, 3), "holds": holds}


def show_targets(lines: Sequence[Mapping[str, Any]]) -> None:
    """One line each, ok or short."""
    print(f"\n{'what should be':60}{'bound':>10}{'is':>10}")
    for line in lines:
        if line["is"] is not None:
            bound = f"<= {line['at_most']}" if "at_most" in line else f">= {line['at_least']}"
            print(f"{line['what']:60}{bound:>10}{line['is']:>10.2f}  {'ok' if line['holds'] else 'short'}")


def write(path: str, told: Mapping[str, Any]) -> None:
    """The same for a program."""
    Path(path).write_text(json.dumps(told, indent=2) + "\n")
