"""Calls what is done with a leaked access token by its plain name; no row changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The labels of one column."""

    dependencies = [("portal", "0013_public_docs")]

    operations = [
        migrations.AlterField(
            "portalpolicy",
            "on_leaked_token",
            models.CharField(
                choices=[
                    ("notify", "Notify only"),
                    ("deprecate", "Deprecate and notify"),
                    ("revoke", "Revoke immediately and notify"),
                ],
                default="revoke",
                max_length=10,
            ),
        ),
    ]
