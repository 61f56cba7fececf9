"""Tables, indexes, views and policies that are not the portal's, or not as it makes them, are found and named."""

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from audit.integrity import partitions
from audit.integrity.checking import alarms, blueprints, schema
from audit.models import Alarm
from core.clock import at
from tests.shell import Said

pytestmark = pytest.mark.django_db
DOCTOR = "PRAGMA writable_schema = ON"
ON_SQLITE = (
    (
        "the index call_refused is gone",
        "DROP INDEX call_refused",
    ),
    (
        "the index call_app was changed",
        "DROP INDEX call_app; CREATE INDEX call_app ON audit_call (app_id, at)",
    ),
    (
        "the index call_refused was changed",
        "DROP INDEX call_refused; CREATE INDEX call_refused ON audit_call (app_id, at, id) "
        "WHERE NOT allowed AND id <> 'ab'",
    ),
    (
        "the index theirs was added",
        "CREATE INDEX theirs ON audit_event (at)",
    ),
    (
        "the table audit_theirs was added",
        "CREATE TABLE audit_theirs (id text)",
    ),
    (
        "the view theirs was added",
        "CREATE VIEW theirs AS SELECT * FROM audit_event",
    ),
    (
        "the temporary table audit_event was added",
        "CREATE TEMP TABLE audit_event (id text)",
    ),
    (
        "the temporary view audit_call was added",
        "CREATE TEMP VIEW audit_call AS SELECT 1 AS id",
    ),
    (
        "the table audit_call was changed",
        "ALTER TABLE audit_call ADD COLUMN theirs text",
    ),
    (
        "the table audit_lease is gone",
        "ALTER TABLE audit_lease RENAME TO audit_mine",
    ),
    (
        "the table audit_tally was changed",
        "ALTER TABLE audit_tally RENAME COLUMN allowed TO a; ALTER TABLE audit_tally RENAME COLUMN denied TO allowed; "
        "ALTER TABLE audit_tally RENAME COLUMN a TO denied",
    ),
    (
        "the table audit_call was changed",
        f"{DOCTOR}; UPDATE sqlite_master SET sql = replace(sql, '\"path\" varchar(500) NOT NULL', "
        "'\"path\" varchar(500) NOT NULL COLLATE NOCASE') WHERE name = 'audit_call'",
    ),
    (
        "the index sqlite_autoindex_audit_seal_2 is gone",
        f"{DOCTOR}; DELETE FROM sqlite_master WHERE name = 'sqlite_autoindex_audit_seal_2'",
    ),
    (
        "the table audit_x is something else",
        f"{DOCTOR}; UPDATE sqlite_master SET type = 'table', name = 'audit_x' WHERE name = 'audit_event_pending'",
    ),
    (
        "the index call_app was changed",
        f"{DOCTOR}; UPDATE sqlite_master SET tbl_name = 'keys_apikey' WHERE name = 'call_app'",
    ),
    (
        "the index call_app stands there twice",
        f"{DOCTOR}; INSERT INTO sqlite_master SELECT * FROM sqlite_master WHERE name = 'call_app'",
    ),
    (
        "the table zz is something else",
        f"{DOCTOR}; INSERT INTO sqlite_master VALUES ('table', 'zz', 'zz', 0, "
        "'CREATE TRIGGER/**/zz AFTER INSERT ON audit_event BEGIN DELETE FROM audit_pending WHERE 1; END')",
    ),
)
ON_POSTGRES = (
    (
        "the index call_refused is gone",
        "DROP INDEX call_refused",
    ),
    (
        "the index event_app was changed",
        "DROP INDEX event_app; CREATE INDEX event_app ON audit_event (app_id, at)",
    ),
    (
        "the index call_refused was changed",
        "DROP INDEX call_refused; CREATE INDEX call_refused ON audit_call (app_id, at, id) "
        "WHERE NOT allowed AND path <> 'x'",
    ),
    (
        "the index theirs was added",
        "CREATE INDEX theirs ON audit_event (at)",
    ),
    (
        "the indexes of audit_call_after were changed",
        "CREATE INDEX theirs ON audit_call_after (at)",
    ),
    (
        "the index event_app is not valid",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'event_app'::regclass",
    ),
    (
        "the index audit_seal_pkey is not valid",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'audit_seal_pkey'::regclass",
    ),
    (
        "the table audit_theirs was added",
        "CREATE TABLE audit_theirs (id text)",
    ),
    (
        "the view theirs was added",
        "CREATE VIEW theirs AS SELECT * FROM audit_event",
    ),
    (
        "the view theirs was added",
        "CREATE MATERIALIZED VIEW theirs AS SELECT 1 AS one",
    ),
    (
        "another table stands in front of audit_event",
        "CREATE TEMP TABLE audit_event (id text)",
    ),
    (
        "another table stands in front of audit_call",
        "CREATE TEMP VIEW audit_call AS SELECT 1 AS id",
    ),
    (
        "audit_event is no table",
        "ALTER TABLE audit_event RENAME TO audit_mine; CREATE VIEW audit_event AS SELECT * FROM audit_mine",
    ),
    (
        "the view audit_event was added",
        "CREATE SCHEMA theirs; CREATE VIEW theirs.audit_event AS SELECT * FROM audit_event; "
        "SET LOCAL search_path = theirs, public",
    ),
    (
        "the search_path names others before pg_catalog",
        "CREATE SCHEMA theirs; SET LOCAL search_path = public, theirs, pg_catalog",
    ),
    (
        "the setting search_path=theirs, public was added",
        "ALTER ROLE CURRENT_USER SET search_path = theirs, public",
    ),
    (
        "the columns of audit_call were changed",
        "ALTER TABLE audit_call ADD COLUMN theirs text",
    ),
    (
        "the columns of audit_event were changed",
        "ALTER TABLE audit_event ALTER COLUMN reason SET DEFAULT ''",
    ),
    (
        "the columns of audit_event were changed",
        "ALTER TABLE audit_event ALTER COLUMN reason TYPE text",
    ),
    (
        "the columns of audit_event were changed",
        'ALTER TABLE audit_event ALTER COLUMN key_name TYPE varchar(100) COLLATE "C"',
    ),
    (
        "the columns of audit_tally were changed",
        "ALTER TABLE audit_tally RENAME COLUMN allowed TO a; ALTER TABLE audit_tally RENAME COLUMN denied TO allowed; "
        "ALTER TABLE audit_tally RENAME COLUMN a TO denied",
    ),
    (
        "the constraints of audit_seal were changed",
        "ALTER TABLE audit_seal DROP CONSTRAINT one_row_a_place",
    ),
    (
        "the constraints of audit_event were changed",
        "ALTER TABLE audit_event ADD CHECK (length(reason) >= 0)",
    ),
    (
        "row level security of audit_event is switched on",
        "ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY",
    ),
    (
        "the policy theirs of audit_call was added",
        "CREATE POLICY theirs ON audit_call USING (path <> 'x')",
    ),
    (
        "theirs was added to the rows of audit_event",
        "CREATE TABLE theirs () INHERITS (audit_event)",
    ),
    (
        "theirs was added to the rows of audit_call",
        "CREATE TABLE theirs PARTITION OF audit_call DEFAULT",
    ),
    (
        "the months of calls do not follow each other",
        "ALTER TABLE audit_call DETACH PARTITION audit_call_before",
    ),
    (
        "the table audit_seal does not outlast a crash",
        "ALTER TABLE audit_seal SET UNLOGGED",
    ),
    (
        "the function lower stands in front of a built-in one",
        "CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS $$ SELECT '' $$",
    ),
    (
        "the operator = stands in front of the built-in one",
        "CREATE FUNCTION theirs(varchar, varchar) RETURNS bool LANGUAGE sql AS $$ SELECT false $$; "
        "CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = theirs)",
    ),
)


class Undone(Exception):
    """Takes back what a test did to the database."""


def run(statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements.split("; ") if "BEGIN" not in statements else statements.split("; ", 1):
            cursor.execute(statement)


def test_all_of_it_is_as_the_portal_makes_it() -> None:
    assert schema.changed() == ""


def test_each_that_is_not_is_a_finding_and_an_alarm_that_name_it() -> None:
    attacks = ON_POSTGRES if connection.vendor == "postgresql" else ON_SQLITE
    missed: dict[str, str] = {}
    for number, (named, attack) in enumerate(attacks):
        with pytest.raises(Undone), transaction.atomic():
            run(attack)
            if named not in (told := schema.changed()):
                missed[attack] = told
            if number % 8 == 0:
                alarms.look()
                assert "schema" in [alarm.code for alarm in Alarm.objects.all()], attack
                result = Said("check_audit", "--since", "1h")
                assert (result.code, f"{named}" in result.out, "schema: " in result.out) == (1, True, True), (
                    attack
                )
            raise Undone
        if connection.vendor == "sqlite":
            run("PRAGMA writable_schema = RESET")
        assert schema.changed() == "", attack
    assert missed == {}


@pytest.mark.postgres
def test_months_that_begin_and_go_are_no_finding() -> None:
    with at(datetime(2041, 5, 3, tzinfo=UTC)):
        partitions.make_ahead()
        assert schema.changed() == ""
    partitions.drop_before(datetime(2041, 4, 1, tzinfo=UTC))
    assert schema.changed() == ""


@pytest.mark.one_engine
def test_a_statement_is_as_it_is_written_now() -> None:
    """If a version of Django writes it in another way, tables that were made before are not changed: allow both."""
    assert blueprints.table_statements()["audit_retention"] == (
        'CREATE TABLE "audit_retention" ("id" char(32) NOT NULL PRIMARY KEY, "kind" varchar(5) NOT NULL UNIQUE, '
        '"days" integer unsigned NULL CHECK ("days" >= 0), '
        'CONSTRAINT "retention_days" CHECK (("days" IS NULL OR "days" >= 1)))'
    )
    told = blueprints.table_statements()["audit_claim"]
    assert '"told" text NOT NULL CHECK ((JSON_VALID("told") OR "told" IS NULL))' in told
