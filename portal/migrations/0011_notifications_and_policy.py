"""Notices are notifications, and the rules of the house are the portal policy."""

from typing import Any
from uuid import UUID

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

KINDS = {"key-still-called": "key-still-in-use", "key-asked": "key-question"}
THE_ROW = UUID("00000000-0000-7000-8000-000000000000")
SHAPES = (
    ("one_waiting_mail_of_a_person", ["kind", "address", "user"], Q()),
    ("one_waiting_mail_of_an_invitation", ["kind", "address", "invitation"], Q()),
    ("one_waiting_mail_to_an_address", ["kind", "address"], Q(user=None, invitation=None)),
)


def waiting(kind: str, *, more: Q) -> Q:
    """The messages of which one waits at a time: all but those of `kind`. As the model says it, word for word."""
    return Q(due_at__isnull=False) & ~Q(kind=kind) & more


def rename(apps: Any, schema_editor: Any) -> None:
    """Write the new names of kinds into the rows."""
    for model in ("Notification", "NotificationPreference"):
        rows = apps.get_model("portal", model).objects
        for before, after in KINDS.items():
            rows.filter(kind=before).update(kind=after)
    apps.get_model("portal", "Mail").objects.filter(kind="notices").update(kind="notifications")


def name_back(apps: Any, schema_editor: Any) -> None:
    """Write the former names of kinds into the rows."""
    for model in ("Notification", "NotificationPreference"):
        rows = apps.get_model("portal", model).objects
        for before, after in KINDS.items():
            rows.filter(kind=after).update(kind=before)
    apps.get_model("portal", "Mail").objects.filter(kind="notifications").update(kind="notices")


class Migration(migrations.Migration):
    """Tables, columns, indexes and constraints are renamed; no row is lost."""

    dependencies = [("portal", "0010_help_texts")]

    operations = [
        *(migrations.RemoveConstraint("mail", name) for name, _, _ in SHAPES),
        migrations.RemoveConstraint("notice", "told_once"),
        migrations.RemoveConstraint("noticechoice", "one_choice_a_kind"),
        migrations.RemoveConstraint("houserules", "one_row_of_house_rules"),
        migrations.RenameModel("Notice", "Notification"),
        migrations.RenameModel("NoticeChoice", "NotificationPreference"),
        migrations.RenameModel("HouseRules", "PortalPolicy"),
        migrations.RenameField("notification", "mark", "dedupe_key"),
        migrations.RenameField("notification", "says", "title"),
        migrations.RenameField("notification", "more", "text"),
        migrations.RenameField("notification", "to", "path"),
        migrations.RenameIndex("notification", old_name="notices_of_user", new_name="notifications_of_user"),
        migrations.RenameIndex("notification", old_name="notices_unread", new_name="notifications_unread"),
        migrations.RenameIndex("notification", old_name="notices_to_mail", new_name="notifications_to_mail"),
        migrations.AlterField(
            model_name="leakreport",
            name="found_at",
            field=models.CharField(
                blank=True, help_text="Where it was found, according to the reporter.", max_length=500
            ),
        ),
        migrations.AlterField(
            model_name="leakreport",
            name="hashed",
            field=models.BinaryField(help_text="NULL: handled.", max_length=32, null=True),
        ),
        migrations.AlterField(
            model_name="leakreport",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("unknown", "Unknown key"),
                    ("over", "Already inactive"),
                    ("notified", "Owner notified"),
                    ("deprecated", "Deprecated"),
                    ("revoked", "Revoked"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="leakreport",
            name="source",
            field=models.CharField(
                choices=[("scanner", "Secret scanner"), ("form", "Report form"), ("support", "Support")],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="mail",
            name="kind",
            field=models.CharField(
                choices=[
                    ("notifications", "Notifications"),
                    ("invitation", "Invitation"),
                    ("password-reset", "Password reset"),
                    ("no-account", "No account with this email"),
                    ("confirm-email", "Email confirmation"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("key-expiring", "Key expires soon"),
                    ("key-expired", "Key expired"),
                    ("key-revoked", "Key revoked"),
                    ("key-still-in-use", "Deprecated key still in use"),
                    ("key-leaked", "Key reported as leaked"),
                    ("key-question", "Question about a key"),
                    ("audit-alarm", "Audit log alert"),
                    ("signed-in", "New sign-in"),
                    ("account", "Sign-in method changed"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="mail",
            field=models.ForeignKey(
                help_text="The email it is part of.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="notifications",
                to="portal.mail",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="mail_due_at",
            field=models.DateTimeField(
                help_text="NULL: no email is to be sent, or it is in the outbox.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="mail_to",
            field=models.EmailField(
                blank=True, default="", help_text="Empty: the email address of the user.", max_length=254
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="path",
            field=models.CharField(help_text="The path of the page to act on it.", max_length=200),
        ),
        migrations.AlterField(
            model_name="notification",
            name="shown",
            field=models.BooleanField(default=True, help_text="In the portal. False: by email only."),
        ),
        migrations.AlterField(
            model_name="notification",
            name="text",
            field=models.CharField(blank=True, help_text="Details in a sentence or two.", max_length=500),
        ),
        migrations.AlterField(
            model_name="notification",
            name="title",
            field=models.CharField(
                help_text="What happened, without a full stop. Never a secret.", max_length=300
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notifications",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="notificationpreference",
            name="kind",
            field=models.CharField(
                choices=[
                    ("key-expiring", "Key expires soon"),
                    ("key-expired", "Key expired"),
                    ("key-revoked", "Key revoked"),
                    ("key-still-in-use", "Deprecated key still in use"),
                    ("key-leaked", "Key reported as leaked"),
                    ("key-question", "Question about a key"),
                    ("audit-alarm", "Audit log alert"),
                    ("signed-in", "New sign-in"),
                    ("account", "Sign-in method changed"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="notificationpreference",
            name="reach",
            field=models.CharField(
                choices=[("own", "Keys I own"), ("all", "All keys in my apps")], default="own", max_length=3
            ),
        ),
        migrations.AlterField(
            model_name="notificationpreference",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notification_preferences",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="portalpolicy",
            name="second_factor_since",
            field=models.DateTimeField(help_text="NULL: two-factor authentication is optional.", null=True),
        ),
        migrations.RunPython(rename, name_back),
        *(
            migrations.AddConstraint(
                "mail",
                models.UniqueConstraint(
                    fields=fields, condition=waiting("notifications", more=more), name=name
                ),
            )
            for name, fields, more in SHAPES
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(fields=("user", "dedupe_key"), name="one_notification_a_key"),
        ),
        migrations.AddConstraint(
            model_name="notificationpreference",
            constraint=models.UniqueConstraint(fields=("user", "kind"), name="one_preference_a_kind"),
        ),
        migrations.AddConstraint(
            model_name="portalpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("id", THE_ROW)), name="one_row_of_portal_policy"
            ),
        ),
    ]
