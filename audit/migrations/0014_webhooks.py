"""Destinations are webhooks, and are deleted. Sealed rows keep the names that their actions had."""

import django.db.models.deletion
from django.db import migrations, models

import core.clock

UNIQUE = "one_delivery_a_batch"


class Migration(migrations.Migration):
    """A table and three columns are renamed. The index of the foreign key is made anew, under the name of its column."""

    dependencies = [("audit", "0013_events_and_denied")]

    operations = [
        migrations.RemoveConstraint("delivery", UNIQUE),
        migrations.AlterField(
            "delivery",
            "destination",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="audit.destination",
            ),
        ),
        migrations.RenameModel("Destination", "Webhook"),
        migrations.RenameField("delivery", "destination", "webhook"),
        migrations.AlterField(
            "delivery",
            "webhook",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="audit.webhook"
            ),
        ),
        migrations.AddConstraint(
            "delivery", models.UniqueConstraint(fields=("webhook", "checkpoint"), name=UNIQUE)
        ),
        migrations.RenameField("webhook", "ended_at", "deleted_at"),
        migrations.AlterField(
            model_name="delivery",
            name="given_up_at",
            field=models.DateTimeField(help_text="When its last automatic retry failed.", null=True),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="next_try_at",
            field=models.DateTimeField(
                default=core.clock.now, help_text="NULL: no automatic retry.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="retention",
            name="kind",
            field=models.CharField(
                choices=[("event", "Events"), ("call", "API requests"), ("span", "Traces")],
                max_length=5,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="app_id",
            field=models.UUIDField(
                help_text="Rows of this app only. NULL: all apps and portal-wide events.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="not_before",
            field=models.DateTimeField(
                help_text="No delivery before this time: the receiver's Retry-After.", null=True
            ),
        ),
    ]
