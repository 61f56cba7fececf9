"""Checks that every append-only trigger is in place and unchanged.

Who owns the tables can take a fence down. This finds that it is down, or another one is there; what was done while it
was down, and is up again at the next look, this cannot find.
"""

from collections.abc import Iterator
from importlib import import_module

from django.db import connection

from audit.integrity import partitions
from audit.integrity.append_only_triggers import SEALED, SIGNED, trigger_statements

FORGED = ("audit_forgedrow",)
MAX_NAMED = 5
_RECORD, _WAITING, _SET_ASIDE = (
    import_module(f"audit.migrations.{name}")
    for name in ("0002_append_only", "0004_sealing", "0009_row_macs")
)
# Before PostgreSQL 15 the triggers of months, made after those of the whole, are called internal.
_TRIGGERS = """
SELECT tgrelid::regclass::text, tgname::text, pg_get_triggerdef(pg_trigger.oid, true), tgenabled::text FROM pg_trigger
JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = current_schema()::regnamespace AND (NOT tgisinternal OR tgparentid <> 0)
"""
_FUNCTIONS = """
SELECT proname::text, prosrc FROM pg_proc
WHERE proname IN ('audit_append_only', 'audit_note_pending', 'audit_set_aside')
AND pronamespace = current_schema()::regnamespace
"""
_SETTINGS = """
SELECT word FROM pg_db_role_setting, unnest(setconfig) AS word
WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
AND (word LIKE 'portal.audit_maintenance=%' OR word LIKE 'session_replication_role=%')
"""


def broken() -> str:
    """What is not as it should be, and the next step. Empty: all of it stands."""
    look = _on_postgres if connection.vendor == "postgresql" else _on_sqlite
    broken_triggers = sorted(look())
    if broken_triggers:  # a month may have begun between two statements: what is found must be found twice
        broken_triggers = sorted(set(broken_triggers).intersection(look()))
    if not broken_triggers:
        return ""
    more = f" and {len(broken_triggers) - MAX_NAMED} more" if len(broken_triggers) > MAX_NAMED else ""
    message = (
        f"Audit log protection was changed in the database: {', '.join(broken_triggers[:MAX_NAMED])}{more}."
    )
    return (
        f"{message} Find out who changed it and run .venv/bin/python manage.py check_audit. "
        "To restore it, see docs/integrity.md."
    )


def _on_sqlite() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        existing = {name: _plain(sql) for name, sql in cursor.fetchall()}
        cursor.execute("SELECT name, sql FROM sqlite_temp_master WHERE type = 'trigger'")
        yield from (f"{name} was added" for name, _ in cursor.fetchall())
    expected = {statement.split()[2]: _plain(statement) for statement in statements("sqlite")}
    yield from _compare(expected, existing)


def _on_postgres() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS)
        rows = cursor.fetchall()
        cursor.execute(_FUNCTIONS)
        functions = [(name, _plain(source)) for name, source in cursor.fetchall()]
        cursor.execute(_SETTINGS, None)
        yield from (f"the setting {word[:60]} was added" for (word,) in cursor.fetchall())
        cursor.execute("SELECT current_setting('session_replication_role')")
        if cursor.fetchone() != ("origin",):
            yield "session_replication_role is not origin"
        cursor.execute("SELECT rulename::text FROM pg_rules WHERE schemaname = current_schema()")
        yield from (f"the rule {name[:60]} was added" for (name,) in cursor.fetchall())
    existing = {f"{name} of {table}": _plain(sql) for table, name, sql, _ in rows}
    yield from (f"{name} is switched off" for _, name, _, enabled in rows if enabled != "O")
    yield from _compare(dict(_expected_on_postgres()), existing)
    yield from _unlike(functions)


def _compare(expected: dict[str, str], existing: dict[str, str]) -> Iterator[str]:
    for name in expected.keys() | existing.keys():
        if name not in existing:
            yield f"{name} is gone"
        elif name not in expected:
            yield f"{name[:80]} was added"
        elif expected[name] != existing[name]:
            yield f"{name} was changed"


def _expected_on_postgres() -> Iterator[tuple[str, str]]:
    for statement in statements("postgresql"):
        if statement.startswith("CREATE TRIGGER"):
            yield _named(_plain(statement).replace("UPDATE OR DELETE", "DELETE OR UPDATE"))
    does = "EXECUTE FUNCTION audit_append_only()"
    for part in partitions.parts():
        row, table = "audit_call_append_only_row", f"{part.name}_append_only_table"
        yield _named(f"CREATE TRIGGER {row} BEFORE DELETE OR UPDATE ON {part.name} FOR EACH ROW {does}")
        yield _named(f"CREATE TRIGGER {table} BEFORE TRUNCATE ON {part.name} FOR EACH STATEMENT {does}")


def _named(statement: str) -> tuple[str, str]:
    words = statement.split()
    return f"{words[2]} of {words[words.index('ON') + 1]}", statement


def _unlike(functions: list[tuple[str, str]]) -> Iterator[str]:
    """Functions whose bodies are not those of the migrations."""
    bodies = {
        "audit_append_only": _RECORD.FUNCTION,
        "audit_note_pending": _WAITING.FUNCTION,
        "audit_set_aside": _SET_ASIDE.SET_ASIDE,
    }
    for name, statement in bodies.items():
        if [body for function, body in functions if function == name] != [_plain(statement.split("$$")[1])]:
            yield f"the function {name} was changed"


def statements(vendor: str) -> list[str]:
    """Everything that the migrations make of triggers, and on PostgreSQL the first of their functions."""
    record, waiting = _RECORD.statements(vendor), [_WAITING.waiting(vendor, kind) for kind in _WAITING.KINDS]
    return [*record, *waiting, *trigger_statements(vendor, (*SEALED, *SIGNED, *FORGED))]


def _plain(statement: str) -> str:
    return " ".join(statement.split())
