"""How far a reader of the checkpoints has come is a StreamCursor. The integrity check knows indexes by their names."""

from typing import Any

from django.db import migrations

FORMER, PRESENT = "audit_place", "audit_streamcursor"


def _rename_index(schema_editor: Any, former: str, present: str) -> None:
    """PostgreSQL alone has an index for LIKE; RenameModel leaves it under its former name."""
    if schema_editor.connection.vendor == "postgresql":
        old, new = (schema_editor._create_index_name(table, ["name"], "_like") for table in (former, present))
        schema_editor.execute(f'ALTER INDEX "{old}" RENAME TO "{new}"')


def forwards(apps: Any, schema_editor: Any) -> None:
    _rename_index(schema_editor, FORMER, PRESENT)


def backwards(apps: Any, schema_editor: Any) -> None:
    _rename_index(schema_editor, PRESENT, FORMER)


class Migration(migrations.Migration):
    """A table and its index are renamed."""

    dependencies = [("audit", "0014_webhooks")]

    operations = [
        migrations.RenameModel("Place", "StreamCursor"),
        migrations.RunPython(forwards, backwards),
    ]
