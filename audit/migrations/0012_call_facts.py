"""What the check that denied a call found, as data beside its sentence. NULL for calls that were written before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column without a default is added in an instant on both engines, and rewrites no row."""

    dependencies = (("audit", "0011_one_rule_for_text"),)
    operations = (
        migrations.AddField(
            "call",
            "facts",
            models.JSONField(
                null=True, help_text="What the check that failed found, as data: `limit`, `missing`."
            ),
        ),
    )
