"""By which derived key an agent's key was minted, so that it ends with it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("keys", "0006_gateways")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="enrolled_by",
            field=models.ForeignKey(
                help_text="The derived key that minted it for an agent: it may do no more, and ends with it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="enrolled",
                to="keys.apikey",
            ),
        ),
    ]
