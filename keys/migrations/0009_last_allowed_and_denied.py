"""Fills in when keys, agents and callers were last used: from the calls on record, and from tallies of older ones."""

from django.apps.registry import Apps
from django.db import connection, migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from audit.integrity.sealing.last_uses import ADD

SUBJECTS = ("key_id", "agent_id", "caller_id")
CALLS = """
SELECT {subject}, MIN(at), MAX(CASE WHEN allowed THEN at END), MAX(CASE WHEN NOT allowed THEN at END)
FROM audit_call WHERE {subject} IS NOT NULL GROUP BY {subject}
"""
# Calls that were purged before are known by the hour; nothing better is left of them.
TALLIES = """
SELECT key_id, MIN(hour), MAX(CASE WHEN allowed > 0 THEN hour END), MAX(CASE WHEN refused > 0 THEN hour END)
FROM audit_tally WHERE key_id <> '{nowhere}' AND allowed + refused > 0 GROUP BY key_id
"""
AGENTS = """
SELECT agent_id, MIN(first_at), MAX(allowed_at), MAX(denied_at) FROM keys_apikey
JOIN audit_lastuse ON audit_lastuse.subject_id = keys_apikey.id WHERE agent_id IS NOT NULL GROUP BY agent_id
"""
NOWHERE = {"sqlite": "0" * 32, "postgresql": "00000000-0000-0000-0000-000000000000"}


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Merge every source in, in any order: a moment only moves to where a better one puts it."""
    sources = [CALLS.format(subject=subject) for subject in SUBJECTS]
    sources += [TALLIES.format(nowhere=NOWHERE[connection.vendor]), AGENTS]
    with schema_editor.connection.cursor() as cursor:
        for source in sources:
            # WHERE: or SQLite takes ON CONFLICT for the condition of a join.
            cursor.execute(ADD.format(lines=f"SELECT * FROM ({source}) AS found WHERE true"))


class Migration(migrations.Migration):
    """Values alone."""

    dependencies = [
        ("keys", "0008_shared_bucket"),
        ("audit", "0010_destinations"),
        ("agents", "0002_on_leak"),
    ]

    run_before = [("audit", "0013_events_and_denied")]
    """Which renames the columns that it reads."""

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
