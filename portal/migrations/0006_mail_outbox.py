"""The outbox: what is to be mailed, without its text; and when an invitation lost whoever stood behind it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.clock
import core.ids


class Migration(migrations.Migration):
    """Mail gets a table of its own; tries and waits are counted there."""

    dependencies = [
        ("portal", "0005_alarm_notices"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="notice",
            name="mail_tries",
        ),
        migrations.AddField(
            model_name="invitation",
            name="unbacked_at",
            field=models.DateTimeField(
                help_text="When whoever invited lost the right to: it is withdrawn then, for good.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="mail_due_at",
            field=models.DateTimeField(
                help_text="NULL: no e-mail is to go out, or it is in the outbox.", null=True
            ),
        ),
        migrations.CreateModel(
            name="Mail",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("notices", "Notices"),
                            ("invitation", "An invitation"),
                            ("password-reset", "A new password"),
                            ("no-account", "No account with this address"),
                            ("confirm-email", "Confirming an address"),
                        ],
                        max_length=20,
                    ),
                ),
                ("address", models.EmailField(max_length=254)),
                (
                    "origin",
                    models.CharField(
                        blank=True, help_text="The portal's address when it was asked for.", max_length=300
                    ),
                ),
                ("at", models.DateTimeField(default=core.clock.now)),
                (
                    "due_at",
                    models.DateTimeField(
                        default=core.clock.now, help_text="NULL: it was sent, or given up.", null=True
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
                ("cause", models.CharField(blank=True, help_text="Why the last try failed.", max_length=300)),
                (
                    "invitation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="portal.invitation",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-at", "-id"),
            },
        ),
        migrations.AddField(
            model_name="notice",
            name="mail",
            field=models.ForeignKey(
                help_text="The e-mail it went into.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="notices",
                to="portal.mail",
            ),
        ),
        migrations.AddIndex(
            model_name="mail",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="mails_due"
            ),
        ),
        migrations.AddIndex(
            model_name="mail",
            index=models.Index(fields=["-at", "-id"], name="mails_by_time"),
        ),
    ]
