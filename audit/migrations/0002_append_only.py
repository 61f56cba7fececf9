"""Makes both records append-only in the database itself, on both engines.

On PostgreSQL a transaction that says `SET LOCAL portal.audit_maintenance = 'on'` may delete: retention
uses that door and records that it did. SQLite has no such setting, so there the triggers are dropped
and made again around the same work.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = ("audit_event", "audit_call")

FUNCTION = """
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('portal.audit_maintenance', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'audit records are append-only' USING ERRCODE = 'insufficient_privilege';
END $$
"""


def statements(vendor: str) -> list[str]:
    """The trigger definitions for one engine."""
    if vendor == "postgresql":
        return [FUNCTION] + [
            f"CREATE TRIGGER {table}_append_only_{word} BEFORE {act} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION audit_append_only()"
            for table in TABLES
            for word, act, each in (("row", "UPDATE OR DELETE", "ROW"), ("table", "TRUNCATE", "STATEMENT"))
        ]
    return [
        f"CREATE TRIGGER {table}_append_only_{act.lower()} BEFORE {act} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END"
        for table in TABLES
        for act in ("UPDATE", "DELETE")
    ] + [
        # REPLACE deletes the row in its way without waking the trigger above.
        f"CREATE TRIGGER {table}_append_only_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END"
        for table in TABLES
    ]


def forward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers."""
    for statement in statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    """Triggers, on both engines. There is no way back: a record that can be edited is none."""

    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(forward)]
