"""Turns the table of calls into one partitioned by month, on PostgreSQL. Rows that are there are not copied.

The table that was becomes the first partition, which is open towards the past.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from audit.integrity import partitions
from audit.integrity.append_only_triggers import trigger_statements
from core.clock import now

INDEXES = ("call_app", "call_key", "call_agent", "call_caller", "call_refused")
PENDING = (
    "CREATE TRIGGER audit_call_pending AFTER INSERT ON audit_call REFERENCING NEW TABLE AS fresh "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_note_pending('call')"
)


def forward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Partition the table."""
    if schema_editor.connection.vendor != "postgresql":
        return
    run, first = schema_editor.execute, partitions.FIRST
    for trigger in ("append_only_row", "pending"):
        run(f"DROP TRIGGER audit_call_{trigger} ON audit_call")
    run(f"ALTER TABLE audit_call RENAME TO {first}")
    run(f"ALTER TRIGGER audit_call_append_only_table ON {first} RENAME TO {first}_append_only_table")
    run(f"ALTER TABLE {first} RENAME CONSTRAINT audit_call_pkey TO {first}_id")
    for index in INDEXES:
        run(f"ALTER INDEX {index} RENAME TO {first}_{index}")
    run(
        f"CREATE TABLE audit_call (LIKE {first} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (at)"
    )
    run("ALTER TABLE audit_call ADD CONSTRAINT audit_call_id_at UNIQUE (id, at)")
    model = apps.get_model("audit", "Call")
    for index in model._meta.indexes:
        schema_editor.add_index(model, index)
    newest = model.objects.order_by("-at").values_list("at", flat=True).first()
    begins = partitions.months_after(newest, 1) if newest else partitions.month(now())
    run(
        f"ALTER TABLE audit_call ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ('{begins.isoformat()}')"
    )
    for statement in (*trigger_statements("postgresql", ["audit_call"]), PENDING):
        run(statement)
    partitions.create(partitions.LAST, begins, None)
    partitions.make_ahead()


class Migration(migrations.Migration):
    """On SQLite there is nothing to do."""

    dependencies = [("audit", "0004_sealing")]
    operations = [migrations.RunPython(forward)]
