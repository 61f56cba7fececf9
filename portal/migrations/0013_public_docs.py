"""Docs that open without signing in, where admins allow it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A setting of the portal policy, off as before."""

    dependencies = [("portal", "0011_notifications_and_policy")]

    operations = [
        migrations.AddField(
            model_name="portalpolicy",
            name="public_docs",
            field=models.BooleanField(default=False, help_text="Whether the docs open without signing in."),
        ),
    ]
