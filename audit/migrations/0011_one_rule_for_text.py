"""Gives PostgreSQL the function by which names are compared; SQLite is taught it with each connection."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from core.folding import FUNCTION, on_postgres


def forward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make it."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in on_postgres():
            schema_editor.execute(statement, params=None)


def backward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take it away."""
    if schema_editor.connection.vendor == "postgresql":
        for name in (FUNCTION, f"{FUNCTION}_far"):
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}(text)", params=None)


class Migration(migrations.Migration):
    """After the destinations: nothing of theirs is read."""

    dependencies = (("audit", "0010_destinations"),)
    operations = (migrations.RunPython(forward, backward),)
