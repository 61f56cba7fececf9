"""Room in a key's minute, so that one statement can tell whether a call still finds some."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("keys", "0004_owners")]

    operations = [
        migrations.AddField(
            model_name="pace",
            name="room",
            field=models.BigIntegerField(
                db_default=60_000_000,
                help_text="Microseconds it may be ahead, by its limit (keys/admission/batching/postgres.py).",
            ),
        ),
    ]
