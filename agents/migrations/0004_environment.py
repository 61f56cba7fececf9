"""Marks each app as live or test."""

from django.db import migrations, models

ON_LEAK = [
    ("notify", "Notify only"),
    ("deprecate", "Deprecate and notify"),
    ("revoke", "Revoke immediately and notify"),
]


class Migration(migrations.Migration):
    """A column of apps, which all are live, and what the choices for leaked keys are called."""

    dependencies = [("agents", "0003_keys_once")]

    operations = [
        migrations.AddField(
            "app",
            "environment",
            models.CharField(
                choices=[("live", "Live"), ("test", "Test")], db_default="live", default="live", max_length=4
            ),
        ),
        migrations.AddConstraint(
            "app",
            models.CheckConstraint(
                condition=models.Q(environment__in=("live", "test")), name="app_environment"
            ),
        ),
        *(
            migrations.AlterField(
                "app",
                f"on_leaked_{kind}_key",
                models.CharField(choices=ON_LEAK, default=default, max_length=10),
            )
            for kind, default in (("app", "notify"), ("agent", "notify"), ("derived", "revoke"))
        ),
    ]
