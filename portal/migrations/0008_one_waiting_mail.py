"""The same message waits once, and a process that sends it has it alone for a while."""

from typing import Any

from django.db import migrations, models
from django.db.models import Q

WAITS = Q(due_at__isnull=False) & ~Q(kind="notices")
CAUSE = "The same message waited twice: the other is sent."


def keep_one(apps: Any, schema_editor: Any) -> None:
    """Give up all but the oldest of those that wait to say the same."""
    mails, seen = apps.get_model("portal", "Mail").objects, set()
    for mail in mails.filter(WAITS).order_by("at", "id"):
        same = (mail.kind, mail.address, mail.user_id, mail.invitation_id)
        if same in seen:
            mails.filter(pk=mail.pk).update(due_at=None, cause=CAUSE)
        seen.add(same)


class Migration(migrations.Migration):
    """A column and three partial unique indexes."""

    dependencies = [
        ("portal", "0007_api"),
    ]

    operations = [
        migrations.AddField(
            model_name="mail",
            name="claimed_until",
            field=models.DateTimeField(
                help_text="Until when a process that sends it has it alone.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="mail",
            name="tries",
            field=models.PositiveSmallIntegerField(default=0, help_text="Counted when one begins."),
        ),
        migrations.RunPython(keep_one, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.UniqueConstraint(
                fields=["kind", "address", "user"], condition=WAITS, name="one_waiting_mail_of_a_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.UniqueConstraint(
                fields=["kind", "address", "invitation"],
                condition=WAITS,
                name="one_waiting_mail_of_an_invitation",
            ),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.UniqueConstraint(
                fields=["kind", "address"],
                condition=WAITS & Q(user=None, invitation=None),
                name="one_waiting_mail_to_an_address",
            ),
        ),
    ]
