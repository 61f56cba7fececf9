"""Help texts in plain words."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portal", "0009_protect_rows_of_people")]

    operations = [
        migrations.AlterField(
            model_name="accesstoken",
            name="once",
            field=models.CharField(
                help_text="The form that minted it: one form, one token.", max_length=100, null=True
            ),
        ),
        migrations.AlterField(
            model_name="accesstoken",
            name="parent",
            field=models.ForeignKey(
                help_text="The token that minted it; revoked with it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="children",
                to="portal.accesstoken",
            ),
        ),
        migrations.AlterField(
            model_name="accesstoken",
            name="permissions",
            field=models.JSONField(
                default=list, help_text="As requested; each use is limited to the owner's role."
            ),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="email",
            field=models.EmailField(blank=True, help_text="Empty: anyone with the link.", max_length=254),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="inviter_id",
            field=models.UUIDField(
                help_text="The user whose rights it passes on. Empty: the server command line.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="unbacked_at",
            field=models.DateTimeField(
                help_text="When the inviter lost the right to invite; it is cancelled then.", null=True
            ),
        ),
    ]
