"""On PostgreSQL with two roles: the one that serves cannot touch the past, and what keeps house says so and goes on."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from audit.integrity import partitions
from audit.integrity.sealing import sealer
from audit.models import Call, Checkpoint, ForgedRow
from audit.retention import months, policy, purging
from core.clock import at
from tests.audit.records import APP, DAY, NOON, called

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
FENCED = (
    "audit_event, audit_call, audit_seal, audit_checkpoint, audit_sealkey, "
    "audit_claim, audit_witnessed, audit_forgedrow"
)
"""As docs/self-hosting.md says."""


def say(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def server(db: None) -> Iterator[None]:
    """From here on the statements are those of a role that serves and does not own."""
    say("CREATE ROLE test_serves")
    say("GRANT USAGE ON SCHEMA public TO test_serves")
    say("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO test_serves")
    say("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO test_serves")
    say(f"REVOKE UPDATE, DELETE, TRUNCATE ON {FENCED} FROM test_serves")
    say("GRANT EXECUTE ON FUNCTION audit_set_aside TO test_serves")
    say("SET LOCAL ROLE test_serves")
    yield
    say("RESET ROLE")


def test_it_writes_and_seals(server: None) -> None:
    called()
    assert sealer.seal_all() == 1
    assert Checkpoint.objects.count() == 1


def test_it_sets_forged_rows_aside_and_can_take_away_nothing_else(server: None) -> None:
    genuine = called()
    say("UPDATE audit_pending SET at = at")
    say(
        "INSERT INTO audit_call (id, at, via, method, path, status, allowed, took_us, context, key_prefix, key_name, "
        "agent_name, ip, user_agent, request_id, caller, caller_type, trace_id, code, check_failed, detail, scopes) "
        "SELECT gen_random_uuid(), at, via, method, path, status, allowed, took_us, context, key_prefix, key_name, "
        "agent_name, ip, user_agent, request_id, caller, caller_type, trace_id, code, check_failed, detail, scopes "
        "FROM audit_call"
    )
    sealer.seal_all()
    assert (ForgedRow.objects.count(), Call.objects.get().id) == (1, genuine.id)
    say(
        "INSERT INTO audit_pending (row_id, stream, kind, at) "
        f"SELECT '{genuine.id}', '{APP}', 'call', at FROM audit_call"
    )
    say(f"SELECT audit_set_aside('call', '{APP}', now(), '{{{genuine.id}}}', '{{NULL}}', '{{x}}')")
    assert Call.objects.get().id == genuine.id  # it is sealed: nobody sets it aside, whatever is said to wait


def test_who_may_only_read_sets_nothing_aside(server: None) -> None:
    waiting = called()
    say("RESET ROLE")
    say("CREATE ROLE test_reads")
    say("GRANT SELECT ON ALL TABLES IN SCHEMA public TO test_reads")
    say("SET LOCAL ROLE test_reads")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        say(f"SELECT audit_set_aside('call', '{APP}', now(), '{{{waiting.id}}}', '{{NULL}}', '{{x}}')")


def test_it_purges_nothing_and_the_log_says_who_can(server: None, caplog: pytest.LogCaptureFixture) -> None:
    called(), sealer.seal_all()
    with at(NOON + 400 * DAY):
        assert policy.purge() == 0
    assert Call.objects.count() == 1
    assert "Run .venv/bin/python manage.py purge_audit as its owner." in caplog.text


def test_it_drops_no_month(server: None) -> None:
    assert months.drop(datetime(2040, 1, 1, tzinfo=UTC)) == 0


def test_partitions_are_not_its_work(server: None) -> None:
    assert not partitions.are_ours()


def test_a_new_partition_gives_it_no_rights_of_its_own() -> None:
    say("CREATE ROLE test_serves")
    say(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO test_serves"
    )
    with at(datetime(2041, 1, 1, tzinfo=UTC)):
        partitions.make_ahead()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'audit_call'::regclass "
            "AND has_table_privilege('test_serves', oid, 'DELETE') AND relname >= 'audit_call_2'"
        )
        assert cursor.fetchall() == []
        cursor.execute("SELECT has_table_privilege('test_serves', %s, 'SELECT')", [partitions.LAST])
        assert cursor.fetchone() == (False,)


def test_the_owner_may_delete() -> None:
    assert purging.may_delete("call")
    assert called(APP).pk
