"""Gives the idempotency key of a key, and the rate limit's buckets, the names that they have in the code."""

from django.db import migrations, models

KEY_HELP = "The form or request it came from: one of them makes one key."


class Migration(migrations.Migration):
    """Columns and a table are renamed; no row is rewritten."""

    dependencies = (("keys", "0009_last_allowed_and_denied"),)
    operations = (
        migrations.RemoveConstraint("apikey", "one_key_a_form"),
        migrations.RenameField("apikey", "once", "idempotency_key"),
        migrations.AlterField(
            "apikey", "idempotency_key", models.CharField(max_length=100, null=True, help_text=KEY_HELP)
        ),
        migrations.AddConstraint(
            "apikey",
            models.UniqueConstraint(fields=["app", "idempotency_key"], name="one_key_per_idempotency_key"),
        ),
        migrations.RenameModel("Pace", "RateBucket"),
        migrations.RenameField("ratebucket", "room", "burst_us"),
        migrations.RenameField("ratebucket", "spent_until", "spent_until_us"),
        migrations.AlterField(
            "ratebucket",
            "spent_until_us",
            models.BigIntegerField(help_text="GCRA's theoretical arrival time, microseconds since 1970."),
        ),
        migrations.AlterField(
            "ratebucket",
            "burst_us",
            models.BigIntegerField(
                db_default=60_000_000,
                help_text="Microseconds that the bucket may be ahead of now, by its limit.",
            ),
        ),
        migrations.RenameField("pepper", "mark", "fingerprint"),
    )
