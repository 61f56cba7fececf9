"""Claims that the portal signs, alarms, and what witnesses are told: the claims and what is witnessed are append-only."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import core.clock
import core.ids
from audit.integrity.append_only_triggers import SIGNED, trigger_statements


def fence_in(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers."""
    for statement in trigger_statements(schema_editor.connection.vendor, SIGNED):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    """Four tables, and the fences of two."""

    dependencies = [
        ("audit", "0007_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="WitnessState",
            fields=[
                ("name", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("where", models.CharField(max_length=500)),
                (
                    "number",
                    models.BigIntegerField(default=0, help_text="The last checkpoint that was acknowledged."),
                ),
                ("since", models.DateTimeField(default=core.clock.now)),
                (
                    "heard_at",
                    models.DateTimeField(help_text="When it was last heard of that all is well.", null=True),
                ),
                ("tried_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
                (
                    "disagrees",
                    models.CharField(blank=True, help_text="What does not fit this record.", max_length=300),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Alarm",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.CharField(max_length=60)),
                ("says", models.CharField(help_text="What is wrong, and the next step.", max_length=500)),
                ("raised_at", models.DateTimeField(default=core.clock.now)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("code",), name="one_alarm_a_code"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Claim",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("action", models.CharField(max_length=20)),
                ("stream", models.UUIDField()),
                ("kind", models.CharField(max_length=5)),
                ("first_seq", models.BigIntegerField()),
                ("last_seq", models.BigIntegerField()),
                ("told", models.JSONField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["stream", "kind", "action", "first_seq"], name="claims_of_stream")
                ],
            },
        ),
        migrations.CreateModel(
            name="Witnessed",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("source", models.CharField(max_length=60)),
                ("number", models.BigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
                ("told", models.JSONField()),
                ("at", models.DateTimeField(default=core.clock.now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("source", "number", "hash"), name="witnessed_once")
                ],
            },
        ),
        migrations.RunPython(fence_in),
    ]
