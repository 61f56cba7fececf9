"""Until when destinations and witnesses ask to be left alone, and when keys, agents and callers were last used."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One table, and a column each of destinations and witnesses."""

    dependencies = [("audit", "0009_row_macs")]

    operations = [
        migrations.AddField(
            "destination",
            "not_before",
            models.DateTimeField(help_text="Until when it asked to be left alone.", null=True),
        ),
        migrations.AddField(
            "witnessstate",
            "not_before",
            models.DateTimeField(help_text="Until when it asked to be left alone.", null=True),
        ),
        migrations.CreateModel(
            name="LastUse",
            fields=[
                (
                    "subject_id",
                    models.UUIDField(
                        help_text="The id of a key, of an agent or of a caller's name.",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("first_at", models.DateTimeField(help_text="The first call, whatever came of it.")),
                (
                    "allowed_at",
                    models.DateTimeField(help_text="The latest call that was allowed.", null=True),
                ),
                ("denied_at", models.DateTimeField(help_text="The latest call that was denied.", null=True)),
            ],
        ),
    ]
