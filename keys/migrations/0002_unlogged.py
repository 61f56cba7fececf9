"""Keeps what calls leave behind for minutes out of PostgreSQL's log: no call waits for its flush.

A crash empties both tables: it forgives a minute of the throttle, and a nonce that was used in the five
minutes before could be used once more.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def forward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """SQLite has no such thing."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE keys_pace SET UNLOGGED")
        schema_editor.execute("ALTER TABLE keys_nonce SET UNLOGGED")


class Migration(migrations.Migration):
    """Two tables, PostgreSQL only."""

    dependencies = [("keys", "0001_initial")]
    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
