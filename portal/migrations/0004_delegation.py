"""Who invites, so that an invitation is worth no more than what that person may still give."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0003_ways_in")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="inviter_id",
            field=models.UUIDField(
                help_text="The person whose rights it hands on. Empty: the shell's.", null=True
            ),
        ),
    ]
