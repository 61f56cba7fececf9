"""One more kind of notice: what proves the audit log needs attention."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Choices alone."""

    dependencies = [
        ("portal", "0004_delegation"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("key-expiring", "A key is about to expire"),
                    ("key-expired", "A key has expired"),
                    ("key-revoked", "A key was revoked"),
                    ("key-still-called", "A deprecated key is still called"),
                    ("key-leaked", "A key was reported as leaked"),
                    ("key-asked", "Support asks about a key"),
                    ("audit-alarm", "What proves the audit log needs attention"),
                    ("signed-in", "A new sign-in to your account"),
                    ("account", "Your way in was changed"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="noticechoice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("key-expiring", "A key is about to expire"),
                    ("key-expired", "A key has expired"),
                    ("key-revoked", "A key was revoked"),
                    ("key-still-called", "A deprecated key is still called"),
                    ("key-leaked", "A key was reported as leaked"),
                    ("key-asked", "Support asks about a key"),
                    ("audit-alarm", "What proves the audit log needs attention"),
                    ("signed-in", "A new sign-in to your account"),
                    ("account", "Your way in was changed"),
                ],
                max_length=20,
            ),
        ),
    ]
