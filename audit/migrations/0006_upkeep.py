"""Finds the batches that are still there by their age, and lets nobody go round what is withheld of the calls.

Partitions that are made from now on are withheld as they are made; this is for those that are there.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from audit.integrity import partitions


def forward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Withhold each partition. On SQLite there is none."""
    for part in partitions.parts():
        partitions.withhold(part.name)


class Migration(migrations.Migration):
    """One partial index; rights."""

    dependencies = [("audit", "0005_calls_by_month")]
    operations = [
        migrations.AddIndex(
            model_name="checkpoint",
            index=models.Index(
                condition=models.Q(("purged_at__isnull", True)),
                fields=["kind", "latest_at"],
                name="checkpoint_kept",
            ),
        ),
        migrations.RunPython(forward),
    ]
