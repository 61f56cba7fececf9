"""Indexes by what was measured at ten million calls (docs/performance.md).

Refused calls are walked in order, all of them or those of one check; keys are found by the few acts that name them;
calls of no agent take no room in the index of agents.
"""

from django.db import migrations, models
from django.db.models import Q

REFUSED = Q(allowed=False)


class Migration(migrations.Migration):
    """On PostgreSQL each is made on every month of calls."""

    dependencies = [("audit", "0006_upkeep")]
    operations = [
        migrations.RemoveIndex("call", "call_agent"),
        migrations.RemoveIndex("call", "call_refused"),
        migrations.RemoveIndex("event", "event_prefix"),
        migrations.AddIndex(
            "call",
            models.Index(
                fields=["agent_id", "at", "id"], name="call_agent", condition=Q(agent_id__isnull=False)
            ),
        ),
        migrations.AddIndex(
            "call", models.Index(fields=["app_id", "at", "id"], name="call_refused", condition=REFUSED)
        ),
        migrations.AddIndex(
            "call",
            models.Index(fields=["app_id", "check_failed", "at", "id"], name="call_check", condition=REFUSED),
        ),
        migrations.AddIndex(
            "event",
            models.Index(fields=["app_id", "action", "key_prefix", "key_name", "key_id"], name="event_names"),
        ),
    ]
