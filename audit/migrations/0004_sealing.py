"""Lets every row of the record wait for its seal from the moment it is written, and fences in what seals it.

A trigger does it: no writer can forget, and it is the transaction of the row. On PostgreSQL it runs once a
statement, so that a batch of calls pays for it once.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from audit.integrity.append_only_triggers import SEALED, trigger_statements

KINDS = {"audit_event": "event", "audit_call": "call"}
NOWHERE = "00000000-0000-0000-0000-000000000000"

FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_note_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_pending (row_id, stream, kind, at)
    SELECT id, coalesce(app_id, '{NOWHERE}'), TG_ARGV[0], at FROM fresh ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""


def waiting(vendor: str, table: str) -> str:
    """The trigger that lets new rows of `table` wait."""
    kind = KINDS[table]
    if vendor == "postgresql":
        return (
            f"CREATE TRIGGER {table}_pending AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh "
            f"FOR EACH STATEMENT EXECUTE FUNCTION audit_note_pending('{kind}')"
        )
    nowhere = NOWHERE.replace("-", "")
    return (
        f"CREATE TRIGGER {table}_pending AFTER INSERT ON {table} BEGIN INSERT OR IGNORE INTO audit_pending "
        f"(row_id, stream, kind, at) VALUES (NEW.id, coalesce(NEW.app_id, '{nowhere}'), '{kind}', NEW.at); END"
    )


def forward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers; what is on record already waits too."""
    vendor = schema_editor.connection.vendor
    nowhere = NOWHERE if vendor == "postgresql" else NOWHERE.replace("-", "")
    if vendor == "postgresql":
        schema_editor.execute(FUNCTION)
    for table, kind in KINDS.items():
        schema_editor.execute(waiting(vendor, table))
        schema_editor.execute(
            f"INSERT INTO audit_pending (row_id, stream, kind, at) "
            f"SELECT id, coalesce(app_id, '{nowhere}'), '{kind}', at FROM {table}"
        )
    for statement in trigger_statements(vendor, SEALED):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    """Triggers, on both engines."""

    dependencies = [("audit", "0003_seals")]
    operations = [migrations.RunPython(forward)]
