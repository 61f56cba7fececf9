"""The tables and indexes that the migrations define, as SQL statements to compare with.

Columns are in the order in which they were added, which is that of the tables: a table whose columns have changed names
among each other reads as another one.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.migrations import RenameField
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

APP = "audit"


class Index(NamedTuple):
    """An index, by its name, and the statement that makes it."""

    name: str
    table: str
    statement: str


@cache
def statements() -> tuple[str, ...]:
    """Everything that makes them on this engine as they are after this version's last migration, without triggers."""
    state = _state()
    editor: Any = connection.schema_editor(collect_sql=True)
    editor.deferred_sql = []
    for model in state.apps.get_app_config(APP).get_models():
        editor.create_model(model)
    return tuple(plain(str(statement)) for statement in (*editor.collected_sql, *editor.deferred_sql))


def differences(kind: str, expected: Mapping[str, object], existing: Mapping[str, object]) -> Iterator[str]:
    """What was removed, added or changed, in words, by name."""
    for name in sorted(expected.keys() | existing.keys()):
        if name not in existing:
            yield f"the {kind} {name} is gone"
        elif name not in expected:
            yield f"the {kind} {name[:60]} was added"
        elif expected[name] != existing[name]:
            yield f"the {kind} {name} was changed"


def _state() -> ProjectState:
    """The models after the last migration. A renamed column keeps its place, as in the table; Django puts it last."""
    graph, state = MigrationLoader(None).graph, ProjectState()
    for app, name in dict.fromkeys(
        key for leaf in graph.leaf_nodes(APP) for key in graph.forwards_plan(leaf)
    ):
        for operation in graph.nodes[app, name].operations:
            renames = isinstance(operation, RenameField)
            model = state.models.get((app, operation.model_name_lower)) if renames else None
            names = list(model.fields) if model else []
            operation.state_forwards(app, state)
            if model:
                new = [operation.new_name if field == operation.old_name else field for field in names]
                model.fields = {field: model.fields[field] for field in new}
    return state


@cache
def table_statements() -> dict[str, str]:
    """The tables by their names."""
    return {_name(sql): sql for sql in statements() if sql.startswith("CREATE TABLE ")}


@cache
def indexes() -> dict[str, Index]:
    """The indexes that are no constraints of a table, by their names."""
    made = [sql for sql in statements() if re.match(r"CREATE (UNIQUE )?INDEX ", sql)]
    return {_name(sql): Index(_name(sql), _name(sql.partition(" ON ")[2]), sql) for sql in made}


def plain(statement: str) -> str:
    """A statement on one line."""
    return " ".join(statement.rstrip("; \n").split())


def definitions(statement: str) -> list[str]:
    """What is between the outer brackets of a statement that makes a table, and what follows them, if anything."""
    begin, depth, quote, parts = statement.index("(") + 1, 0, "", list[str]()
    for at in range(begin, len(statement)):
        letter = statement[at]
        if quote or letter in "'\"`":
            quote = "" if letter == quote else quote or letter
        elif letter == "(":
            depth += 1
        elif letter == "," and depth == 0:
            parts.append(statement[begin:at].strip())
            begin = at + 1
        elif letter == ")" and (depth := depth - 1) < 0:
            rest = statement[at + 1 :].strip()
            return [*parts, statement[begin:at].strip(), *([rest] if rest else [])]
    return [*parts, statement[begin:]]


def ordered(statement: str) -> Iterator[str]:
    """Columns as they stand, then constraints of the table in any order: a column may have been added after them."""
    parts = definitions(statement)
    yield from (part for part in parts if not part.startswith("CONSTRAINT "))
    yield from sorted(part for part in parts if part.startswith("CONSTRAINT "))


def _name(statement: str) -> str:
    """The first name that it holds: of what it makes."""
    return statement.split('"')[1]
