"""Keeps the throttle's rows out of PostgreSQL's log: a crash forgives a minute, and no call waits for a flush."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def forward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """SQLite has no such thing."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE keys_pace SET UNLOGGED")


class Migration(migrations.Migration):
    """One table, PostgreSQL only."""

    dependencies = [("keys", "0001_initial")]
    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
