"""Compares audit tables and indexes with the migrations, by the schema table of SQLite.

With `PRAGMA writable_schema` the schema is a table as any other. What a line is called says nothing: its statement is
what SQLite does.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from typing import Any

from django.db import connection

from audit.integrity.checking import blueprints
from audit.integrity.checking.blueprints import plain

_SCHEMA = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master"
OURS = f"{blueprints.APP}_"
_NAMED = re.compile(
    r"CREATE (?:UNIQUE |VIRTUAL )?(TABLE|INDEX|VIEW|TRIGGER) "
    r"(?:\"([^\"]+)\"|'([^']+)'|`([^`]+)`|\[([^\]]+)\]|([^\s(\"'`\[]+))(?=[\s(])"
)
"""As SQLite itself writes the beginning of each statement."""
Line = Sequence[Any]


def differences() -> Iterator[str]:
    """What is not as it should be."""
    with connection.cursor() as cursor:
        cursor.execute(_SCHEMA)
        existing: list[Line] = cursor.fetchall()
        cursor.execute("SELECT type, name FROM sqlite_temp_master WHERE type <> 'trigger'")
        yield from (f"the temporary {kind} {name!s:.60} was added" for kind, name in cursor.fetchall())
        cursor.execute("PRAGMA database_list")
        yield from (
            f"the database {name!s:.60} is attached"
            for _, name, _ in cursor.fetchall()
            if name not in ("main", "temp")
        )
    yield from (f"the {kind} {name!s:.60} stands there twice" for kind, name in _twice(existing))
    for kind, name, table, page, sql in existing:
        yield from _odd(kind, name, table, page, sql)
    ours = [line for line in existing if _is_ours(*line)]
    yield from _tables({line[1]: plain(str(line[4])) for line in ours if line[0] == "table"})
    yield from _indexes(ours)


def _is_ours(kind: Any, name: Any, table: Any, page: Any, sql: Any) -> bool:
    is_named = any(str(word).lower().startswith(OURS) for word in (name, table))
    return is_named or (kind == "index" and OURS in str(sql).lower())


def _twice(existing: Sequence[Line]) -> list[tuple[str, str]]:
    return [item for item, times in Counter((kind, name) for kind, name, *_ in existing).items() if times > 1]


def _odd(kind: Any, name: Any, table: Any, page: Any, sql: Any) -> Iterator[str]:
    """A line that says one thing and does another; and every view, for the portal has none."""
    if kind == "view":
        yield f"the view {name!s:.60} was added"
    elif sql is None:
        if kind != "index" or not str(name).startswith("sqlite_autoindex_"):
            yield f"the {kind} {name!s:.60} has no statement"
    elif _named(str(sql)) != (kind, name):
        yield f"the {kind} {name!s:.60} is something else"
    elif kind in ("table", "index") and not (isinstance(page, int) and page > 0):
        yield f"the {kind} {name!s:.60} has no place in the file"


def _named(statement: str) -> tuple[str, str] | None:
    """What a statement makes, and how it is called."""
    match = _NAMED.match(statement)
    return (match[1].lower(), next(filter(None, match.groups()[1:]))) if match else None


@cache
def _of_constraints() -> dict[str, str]:
    """The indexes that SQLite makes by itself for what is unique, and their tables."""
    with closing(sqlite3.connect(":memory:")) as empty:
        for statement in blueprints.table_statements().values():
            empty.execute(statement)
        return dict(empty.execute("SELECT name, tbl_name FROM sqlite_master WHERE sql IS NULL"))


def _tables(existing: dict[str, str]) -> Iterator[str]:
    expected = blueprints.table_statements()
    for name in sorted(expected.keys() | existing.keys()):
        if name not in existing:
            yield f"the table {name} is gone"
        elif name not in expected:
            yield f"the table {name[:60]} was added"
        elif list(blueprints.ordered(expected[name])) != list(blueprints.ordered(existing[name])):
            yield f"the table {name} was changed"


def _indexes(ours: Sequence[Line]) -> Iterator[str]:
    expected = {name: (index.table, index.statement) for name, index in blueprints.indexes().items()}
    expected |= {name: (table, "") for name, table in _of_constraints().items()}
    existing = {name: (table, plain(sql or "")) for kind, name, table, _, sql in ours if kind == "index"}
    return blueprints.differences("index", expected, existing)
