"""Lets an idempotency key stand for a key of no agent, too."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """One column."""

    dependencies = [("agents", "0002_on_leak")]

    operations = [
        migrations.AlterField(
            "creation",
            "agent",
            models.ForeignKey(
                help_text="NULL: a key of no agent was made.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agents.agent",
            ),
        ),
    ]
