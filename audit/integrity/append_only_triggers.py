"""Database triggers that make audit tables append-only, and the maintenance mode that passes them.

On PostgreSQL a transaction that says `SET LOCAL portal.audit_maintenance = 'on'` may delete and change. SQLite has
no such setting: there the triggers are dropped, and made again, in the same transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction

ERROR_TEXT = "audit records are append-only"
SEALED = ("audit_seal", "audit_checkpoint", "audit_sealkey")
SIGNED = ("audit_claim", "audit_witnessed")
PRIMARY_KEYS = {"audit_seal": "row_id", "audit_checkpoint": "number"}


def trigger_statements(vendor: str, tables: Sequence[str]) -> list[str]:
    """The statements that make `tables` append-only. The function of migration 0002 is there on PostgreSQL."""
    if vendor == "postgresql":
        return [
            f"CREATE TRIGGER {table}_append_only_{word} BEFORE {operation} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION audit_append_only()"
            for table in tables
            for word, operation, each in (
                ("row", "UPDATE OR DELETE", "ROW"),
                ("table", "TRUNCATE", "STATEMENT"),
            )
        ]
    return [
        f"CREATE TRIGGER {table}_append_only_{operation.lower()} BEFORE {operation} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{ERROR_TEXT}'); END"
        for table in tables
        for operation in ("UPDATE", "DELETE")
    ] + [_against_replace(table) for table in tables]


@contextmanager
def maintenance() -> Iterator[None]:
    """Within this block, which is one transaction, rows of the record may be deleted and changed.

    For retention and erasure alone; whoever opens it records that it did.
    """
    with transaction.atomic():
        passing = _on_postgres if connection.vendor == "postgresql" else _on_sqlite
        with passing():
            yield


@contextmanager
def _on_postgres() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL portal.audit_maintenance = 'on'")
        yield
        cursor.execute("SET LOCAL portal.audit_maintenance = 'off'")


@contextmanager
def _on_sqlite() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'"
        )
        triggers = dict(cursor.fetchall())
        for name in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        yield
        for statement in triggers.values():
            cursor.execute(statement)


def _against_replace(table: str) -> str:
    """REPLACE deletes the row in its way without waking the triggers above."""
    key = PRIMARY_KEYS.get(table, "id")
    return (
        f"CREATE TRIGGER {table}_append_only_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) "
        f"BEGIN SELECT RAISE(ABORT, '{ERROR_TEXT}'); END"
    )
