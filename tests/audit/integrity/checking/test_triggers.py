"""A fence of the record that is down, switched off, changed or joined by another is found at the next look."""

import pytest
from django.db import connection, transaction

from audit.integrity.append_only_triggers import maintenance
from audit.integrity.checking import alarms, triggers
from audit.models import Alarm
from tests.shell import Said

pytestmark = pytest.mark.django_db
NOTHING_BUT = "BEGIN SELECT 1; END"
ON_SQLITE = (
    "DROP TRIGGER audit_event_pending",
    "DROP TRIGGER audit_checkpoint_append_only_update",
    "DROP TRIGGER audit_claim_append_only_replace",
    f"DROP TRIGGER audit_call_append_only_delete; "
    f"CREATE TRIGGER audit_call_append_only_delete BEFORE DELETE ON audit_call {NOTHING_BUT}",
    f"CREATE TRIGGER theirs AFTER INSERT ON audit_event {NOTHING_BUT}",
    f"CREATE TEMP TRIGGER theirs AFTER INSERT ON audit_event {NOTHING_BUT}",
)
ON_POSTGRES = (
    "DROP TRIGGER audit_event_pending ON audit_event",
    "DROP TRIGGER audit_checkpoint_append_only_row ON audit_checkpoint",
    "DROP TRIGGER audit_call_after_append_only_table ON audit_call_after",
    "ALTER TABLE audit_event DISABLE TRIGGER audit_event_append_only_row",
    "ALTER TABLE audit_call_after DISABLE TRIGGER audit_call_append_only_row",
    "ALTER TABLE audit_event ENABLE REPLICA TRIGGER audit_event_pending",
    "CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$",
    "CREATE OR REPLACE FUNCTION audit_note_pending() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    "DROP TRIGGER audit_seal_append_only_row ON audit_seal; CREATE TRIGGER audit_seal_append_only_row "
    "BEFORE DELETE ON audit_seal FOR EACH ROW EXECUTE FUNCTION audit_append_only()",
    "CREATE TRIGGER theirs AFTER DELETE ON audit_pending FOR EACH ROW EXECUTE FUNCTION audit_append_only()",
    "CREATE RULE theirs AS ON DELETE TO audit_pending DO INSTEAD NOTHING",
    "ALTER ROLE CURRENT_USER SET portal.audit_maintenance = 'on'",
)


class Undone(Exception):
    """Takes back what a test did to the database."""


def run(statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements.split("; ") if "BEGIN" not in statements else _whole(statements):
            cursor.execute(statement)


def _whole(statements: str) -> list[str]:
    first, _, rest = statements.partition("; CREATE")
    return [first, f"CREATE{rest}"] if rest else [first]


def test_all_of_them_stand_from_the_beginning_and_after_maintenance() -> None:
    assert triggers.broken() == ""
    with maintenance():
        pass
    assert triggers.broken() == ""


def test_each_that_does_not_is_a_finding_and_an_alarm() -> None:
    for attack in ON_POSTGRES if connection.vendor == "postgresql" else ON_SQLITE:
        with pytest.raises(Undone), transaction.atomic():
            run(attack)
            assert triggers.broken(), attack
            alarms.look()
            assert [alarm.code for alarm in Alarm.objects.all()] == ["fences"], attack
            result = Said("check_audit", "--since", "1h")
            assert (result.code, "fence: " in result.out) == (1, True), attack
            raise Undone
        assert triggers.broken() == "", attack
