"""Calls what people change an event and what is not let through denied, wherever a row says so."""

import re

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

RECEIVERS = "Destination"
SENDS = {"acts": "events", "refused": "denied"}
OUTCOMES = {"act": "event", "refused": "denied"}
DESTINATION = "Destination"
_OUTCOME = re.compile(r"(?:(?<=&)|^)outcome=([a-z]+)")


def _rename(apps: Apps, sends: dict[str, str], outcomes: dict[str, str]) -> None:
    for old, new in sends.items():
        apps.get_model("audit", DESTINATION).objects.filter(sends=old).update(sends=new)
    for view in apps.get_model("audit", "SavedView").objects.filter(query__contains="outcome="):
        view.query = _OUTCOME.sub(lambda found: f"outcome={outcomes.get(found[1], found[1])}", view.query)
        view.save(update_fields=["query"])


def forward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The words of today."""
    _rename(apps, SENDS, OUTCOMES)


def backward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The words of before."""
    _rename(apps, {new: old for old, new in SENDS.items()}, {new: old for old, new in OUTCOMES.items()})


class Migration(migrations.Migration):
    """Rows of the record say none of these words: no seal changes."""

    dependencies = (("audit", "0012_call_facts"),)
    operations = (
        migrations.RenameField("tally", "acts", "events"),
        migrations.RenameField("tally", "refused", "denied"),
        migrations.AlterField(
            "destination",
            "sends",
            models.CharField(
                choices=[
                    ("everything", "Events and requests"),
                    ("events", "Events"),
                    ("calls", "Requests"),
                    ("denied", "Denied requests"),
                ],
                default="everything",
                max_length=10,
            ),
        ),
        migrations.RunPython(forward, backward),
    )
