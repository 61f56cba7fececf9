"""Gives each row a MAC, and rows that were put in without one a place beside the record.

Rows that wait for their seals now were written before there were MACs, and get theirs here.
"""

from uuid import UUID

from django.apps.registry import Apps
from django.db import connection, migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import audit.models.macs
import core.clock
import core.ids
from audit.integrity.append_only_triggers import maintenance, trigger_statements

TABLES = ("audit_forgedrow",)
# Whoever may seal may set aside what waits, and nothing else: the row goes from one table to the other as it is. What is
# sealed stays, though a note says that it waits; of two rows with one id either may go, for a check finds the other.
SET_ASIDE = """
CREATE OR REPLACE FUNCTION audit_set_aside(
    what text, app uuid, noticed timestamptz, ids uuid[], moments timestamptz[], reasons text[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET portal.audit_maintenance = 'on' AS $$
DECLARE moved bigint;
BEGIN
    IF what NOT IN ('event', 'call') THEN
        RAISE EXCEPTION 'no such kind of row';
    END IF;
    EXECUTE format('
        WITH named AS (SELECT * FROM unnest($3, $4, $5) AS named (id, at, reason)),
        gone AS (
            DELETE FROM %I AS entry USING named
            WHERE entry.id = named.id AND (named.at IS NULL OR entry.at = named.at)
                AND entry.id IN (SELECT row_id FROM audit_pending)
                AND (NOT EXISTS (SELECT FROM audit_seal WHERE row_id = entry.id)
                    OR (SELECT count(*) FROM %I AS twin WHERE twin.id = entry.id) > 1)
            RETURNING entry.id, named.reason, to_jsonb(entry.*)::text AS contents
        )
        INSERT INTO audit_forgedrow (id, kind, row_id, stream, found_at, reason, contents)
        SELECT gen_random_uuid(), %L, id::text, $1, $2, reason, convert_to(contents, ''UTF8'') FROM gone',
        'audit_' || what, 'audit_' || what, what) USING app, noticed, ids, moments, reasons;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END $$
"""
# Everyone may carry out a new function. Its owner still may, and whom docs/self-hosting.md gives the right.
OURS_ALONE = """
REVOKE ALL ON FUNCTION audit_set_aside(text, uuid, timestamptz, uuid[], timestamptz[], text[]) FROM PUBLIC
"""


def forward(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fence the new table in, and make the function."""
    vendor = schema_editor.connection.vendor
    for statement in trigger_statements(vendor, TABLES):
        schema_editor.execute(statement)
    if vendor == "postgresql":
        schema_editor.execute(SET_ASIDE, params=None)
        schema_editor.execute(OURS_ALONE)


def prove_waiting(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the MACs of the rows that wait."""
    pending = apps.get_model("audit", "Pending").objects
    with maintenance():
        for kind in ("event", "call"):
            waiting = pending.filter(kind=kind).order_by("row_id").values_list("row_id", flat=True)
            for start in range(0, waiting.count(), 1000):
                _prove(kind, apps.get_model("audit", kind), list(waiting[start : start + 1000]))


def _prove(kind: str, model: type[models.Model], ids: list[UUID]) -> None:
    from audit import macs

    rows = model._default_manager.filter(
        id__in=ids
    ).values()  # its columns at this migration, not those of today
    native = connection.features.has_native_uuid_field
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE audit_{kind} SET mac = %s WHERE id = %s",
            [(macs.make(kind, row), row["id"] if native else row["id"].hex) for row in rows],
        )


class Migration(migrations.Migration):
    """A column without a default is added in an instant on both engines."""

    dependencies = [("audit", "0008_claims_and_witness")]
    operations = [
        migrations.AddField(
            "event",
            "mac",
            audit.models.macs.MacField(
                null=True, help_text="Made as the row is written, with a key outside the database."
            ),
        ),
        migrations.AddField(
            "call",
            "mac",
            audit.models.macs.MacField(
                null=True, help_text="Made as the row is written, with a key outside the database."
            ),
        ),
        migrations.CreateModel(
            name="MacKey",
            fields=[
                ("number", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("mark", models.CharField(max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name="ForgedRow",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=5)),
                ("row_id", models.CharField(max_length=64)),
                ("stream", models.UUIDField(help_text="The app it claimed to belong to.")),
                ("found_at", models.DateTimeField(default=core.clock.now)),
                ("reason", models.CharField(max_length=20)),
                ("contents", models.BinaryField(help_text="All its columns, as JSON.")),
            ],
            options={"indexes": [models.Index(fields=["stream", "found_at"], name="forged_of_stream")]},
        ),
        migrations.RunPython(forward),
        migrations.RunPython(prove_waiting),
    ]
