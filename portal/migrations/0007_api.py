"""Tokens that a token made, and what makes a repeated request make nothing twice."""

import django.db.models.deletion
from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    """A column and a table; nothing that is there changes."""

    dependencies = [
        ("portal", "0006_mail_outbox"),
    ]

    operations = [
        migrations.AddField(
            model_name="accesstoken",
            name="parent",
            field=models.ForeignKey(
                help_text="The token that made it, with which it ends.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="children",
                to="portal.accesstoken",
            ),
        ),
        migrations.CreateModel(
            name="IdempotencyRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner_id", models.UUIDField(help_text="The person whose access token asked.")),
                ("operation", models.CharField(max_length=80)),
                ("key_digest", models.BinaryField(max_length=32)),
                ("body_digest", models.BinaryField(max_length=32)),
                ("row_id", models.UUIDField(help_text="What it made.", null=True)),
                ("created_at", models.DateTimeField(default=core.clock.now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("owner_id", "operation", "key_digest"), name="one_row_an_idempotency_key"
                    )
                ],
                "indexes": [models.Index(fields=["created_at"], name="idempotency_by_age")],
            },
        ),
    ]
