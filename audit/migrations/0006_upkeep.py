"""Finds the batches that are still there by their age, however many have gone before them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One partial index."""

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
    ]
