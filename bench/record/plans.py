"""The plans of what a reading asks of the database, with what each step really cost: for tuning."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bench.record.reads import Reading
from core.clock import at


def show(readings: Sequence[Reading], end: datetime) -> None:
    """Print the plan of every statement, on the database in use: the largest."""
    for reading in readings:
        print(f"\n{reading.name}")
        with at(end):
            for statement, values in _asked(reading):
                print("\n".join(_plan(statement, values)))


def _asked(reading: Reading) -> list[tuple[str, Any]]:
    """Its statements."""
    from django.db import connection

    said: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        said.append((sql, values))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(note):
        reading.read()
    return [(sql, values) for sql, values in said if sql.lstrip().upper().startswith(("SELECT", "WITH"))]


def _plan(statement: str, values: Any) -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", values)
        return [line for (line,) in cursor.fetchall()]
