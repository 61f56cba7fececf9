"""Compares audit tables and indexes with the migrations, by the catalogs of PostgreSQL.

Definitions are compared without names of constraints, brackets and quotes, which versions write differently. Months of
calls are compared with the table of all calls.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import connection

from audit.integrity import partitions
from audit.integrity.checking import blueprints, shadowing_postgres

CALLS = "audit_call"
_OURS = "relnamespace = current_schema()::regnamespace AND starts_with(relname::text, 'audit_')"
_RELATIONS = """
SELECT relname::text, relkind::text, relpersistence::text, relrowsecurity OR relforcerowsecurity,
    to_regclass(quote_ident(relname)) IS NOT DISTINCT FROM pg_class.oid::regclass
FROM pg_class WHERE OURS AND relkind NOT IN ('i', 'I', 't', 'c', 'S')
"""
_COLUMNS = """
SELECT relname::text, attname::text, format_type(atttypid, atttypmod), attnotnull,
    atthasdef OR attidentity <> '' OR attgenerated <> '' OR attcollation <> typcollation
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
WHERE OURS AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped ORDER BY relname, attnum
"""
_CONSTRAINTS = """
SELECT relname::text, pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE OURS AND contype <> 'n'
"""
_INDEXES = """
SELECT relname::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid AND indisready AND indislive,
    EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE OURS AND relkind <> 't'
"""
_HEIRS = """
SELECT parent.relname::text, inhrelid::regclass::text, heir.relkind::text FROM pg_inherits
JOIN pg_class AS parent ON parent.oid = inhparent JOIN pg_class AS heir ON heir.oid = inhrelid
WHERE parent.relnamespace = current_schema()::regnamespace AND starts_with(parent.relname::text, 'audit_')
AND parent.relkind IN ('r', 'p')
"""
_DEFINED = re.compile(r"CREATE (UNIQUE )?INDEX (.+?) ON (?:ONLY )?(.+?) (?:USING btree )?(\(.*)")


def differences() -> Iterator[str]:
    """What is not as it should be."""
    months = [part.name for part in partitions.parts()]
    yield from shadowing_postgres.find_shadowing()
    yield from _relations(months)
    yield from _heirs(months)
    yield from _columns(months)
    yield from _constraints(months)
    yield from _indexes(months)


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("OURS", _OURS), None)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _relations(months: list[str]) -> Iterator[str]:
    expected = dict.fromkeys((*blueprints.table_statements(), *months), "r") | {CALLS: "p"}
    existing = {name: row for name, *row in _rows(_RELATIONS)}
    for name in sorted(expected.keys() | existing.keys()):
        kind, lasts, has_policies, is_meant = existing.get(name, ("", "p", False, True))
        if not kind:
            yield f"the table {name} is gone"
        elif name not in expected:
            yield f"{'the table' if kind in 'rp' else 'the view'} {name[:60]} was added"
        elif kind != expected[name]:
            yield f"{name} is no table"
        elif lasts != "p":
            yield f"the table {name} does not outlast a crash"
        if has_policies:
            yield f"row level security of {name[:60]} is switched on"
        if not is_meant:
            yield f"another table stands in front of {name[:60]}"


def _heirs(months: list[str]) -> Iterator[str]:
    """Whose rows are read as those of the record."""
    for table, heir, kind in _rows(_HEIRS):
        if table != CALLS or heir not in months or kind != "r" or not _is_month(heir):
            yield f"{heir[:60]} was added to the rows of {table}"
    parts = partitions.parts()
    bounds = [None, *(part.ends for part in parts)]
    if any(part.begins != before for part, before in zip(parts, bounds, strict=False)) or bounds[-1]:
        yield "the months of calls do not follow each other"


def _is_month(name: str) -> bool:
    return name in (partitions.FIRST, partitions.LAST) or bool(re.fullmatch(rf"{CALLS}_\d{{4}}_\d\d", name))


def _columns(months: list[str]) -> Iterator[str]:
    existing = defaultdict(list)
    for table, *column in _rows(_COLUMNS):
        existing[table].append(tuple(column))
    for table, statement in blueprints.table_statements().items():
        expected = [
            _column(definition)
            for definition in blueprints.definitions(statement)
            if definition.startswith('"')
        ]
        if table in existing and existing[table] != expected:
            yield f"the columns of {table} were changed"
        for month in months if table == CALLS else ():
            if set(existing[month]) != set(expected):
                yield f"the columns of {month} were changed"


def _column(definition: str) -> tuple[str, str, bool, bool]:
    """Its name and type, whether it must be there, and whether it has a default or anything else that none has."""
    _, name, rest = definition.split('"', 2)
    kind = re.split(r" (?:NOT )?NULL\b", rest.strip())[0]
    return name, kind.replace("varchar", "character varying"), " NOT NULL" in rest, False


def _constraints(months: list[str]) -> Iterator[str]:
    existing: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for table, definition in _rows(_CONSTRAINTS):
        existing[table][_bare(definition)] += 1
    for table, statement in blueprints.table_statements().items():
        expected = Counter(_bare(constraint) for constraint in _expected_constraints(table, statement))
        for name in (table, *months) if table == CALLS else (table,):
            actual = existing[name]
            if name == partitions.FIRST:  # it was the table of all calls
                actual.pop(_bare("PRIMARY KEY (id)"), None)
            if actual != expected:
                yield f"the constraints of {name} were changed"


def _expected_constraints(table: str, statement: str) -> Iterator[str]:
    for definition in blueprints.definitions(statement):
        if definition.startswith("CONSTRAINT "):
            yield definition.split('"', 2)[2]
            continue
        name = definition.split('"')[1]
        if " PRIMARY KEY" in definition:
            yield "UNIQUE (id, at)" if table == CALLS else f"PRIMARY KEY ({name})"
        if " UNIQUE" in definition:
            yield f"UNIQUE ({name})"
        if " CHECK " in definition:
            yield definition[definition.index("CHECK ") :]
    begin = f'ALTER TABLE "{table}" ADD CONSTRAINT '
    yield from (
        definition.split('"', 4)[4] for definition in blueprints.statements() if definition.startswith(begin)
    )


def _indexes(months: list[str]) -> Iterator[str]:
    expected = {
        name: (index.table, _defined(index.statement)) for name, index in blueprints.indexes().items()
    }
    of_calls = Counter(definition for table, definition in expected.values() if table == CALLS)
    existing, of_months = dict[str, tuple[str, str]](), {month: Counter[str]() for month in months}
    for table, name, definition, is_valid, is_of_constraint in _rows(_INDEXES):
        if not is_valid and (is_of_constraint or table in months or name in expected):
            yield f"the index {name} is not valid"
        elif is_valid and not is_of_constraint:  # one that is not valid is not read
            if table in months:
                of_months[table][_defined(definition)] += 1
            else:
                existing[name] = (table, _defined(definition))
    yield from blueprints.differences("index", expected, existing)
    yield from (
        f"the indexes of {month} were changed" for month, actual in of_months.items() if actual != of_calls
    )


def _defined(statement: str) -> str:
    """What an index holds, whatever it is called."""
    match = _DEFINED.fullmatch(statement)
    return f"{match[1] or ''}{_bare(match[4])}" if match else statement


def _bare(definition: str) -> str:
    return re.sub(r'[\s"()]', "", definition)
