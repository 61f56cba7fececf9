"""Gateways that prove themselves at the door, and when they were seen."""

import django.db.models.deletion
from django.db import migrations, models

import core.clock
import core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("keys", "0005_room"),
    ]

    operations = [
        migrations.CreateModel(
            name="Gateway",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                (
                    "pair",
                    models.CharField(
                        choices=[
                            ("original", "X-Original-Method and X-Original-URI"),
                            ("forwarded", "X-Forwarded-Method and X-Forwarded-Uri"),
                        ],
                        max_length=10,
                    ),
                ),
                ("prefix", models.CharField(max_length=32)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("pepper", models.PositiveSmallIntegerField()),
                ("previous_digest", models.BinaryField(max_length=32, null=True)),
                ("previous_pepper", models.PositiveSmallIntegerField(null=True)),
                ("previous_ends_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=core.clock.now)),
                ("rotated_at", models.DateTimeField(null=True)),
                ("retired_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="GatewayUse",
            fields=[
                (
                    "gateway",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="use",
                        serialize=False,
                        to="keys.gateway",
                    ),
                ),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "previous_seen_at",
                    models.DateTimeField(
                        help_text="The same of the secret before the present one.", null=True
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="gateway",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None)), fields=("name",), name="one_gateway_of_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="gateway",
            constraint=models.CheckConstraint(
                condition=models.Q(("pair__in", ["original", "forwarded"])), name="gateway_writes_a_pair"
            ),
        ),
        migrations.AddConstraint(
            model_name="gateway",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("previous_digest", None), ("previous_ends_at", None), ("previous_pepper", None)
                    ),
                    models.Q(
                        ("previous_digest__isnull", False),
                        ("previous_ends_at__isnull", False),
                        ("previous_pepper__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="previous_secret_has_an_end",
            ),
        ),
    ]
