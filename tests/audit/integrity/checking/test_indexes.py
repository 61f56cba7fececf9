"""An index that does not hold what its table holds is found in every check, and by the watch at its rhythm."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from audit.integrity.checking import alarms, check, indexes, schema
from audit.integrity.checking.check import CheckRange
from audit.integrity.sealing import high_water_marks
from audit.models import Call
from core.clock import at, now
from tests.audit.records import APP, HOUR, MINUTE, called
from tests.audit.sealed import sealed
from tests.shell import Said

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]
THEIRS = UUID("7" * 32)
SCHEMA = "type, name, tbl_name, rootpage, sql"


class Undone(Exception):
    """Takes back what a test did to the database."""


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def doctored(*changes: str) -> Iterator[None]:
    """Within this block the schema says something else: what SQL alone can do, and put back."""
    run(
        "PRAGMA writable_schema = ON",
        f"CREATE TEMP TABLE kept AS SELECT rowid AS n, {SCHEMA} FROM sqlite_master",
        *changes,
        "PRAGMA writable_schema = RESET",
    )
    yield
    run(
        "PRAGMA writable_schema = ON",
        "DELETE FROM sqlite_master",
        f"INSERT INTO sqlite_master (rowid, {SCHEMA}) SELECT n, {SCHEMA} FROM kept ORDER BY n",
        "PRAGMA writable_schema = RESET",
        "DROP TABLE temp.kept",
    )


def put_in() -> None:
    """A call that its primary key does not know: no check that goes by ids comes past it, and pages show it."""
    columns = ", ".join(f'"{field.column}"' for field in Call._meta.concrete_fields if field.name != "id")
    with doctored(
        "DELETE FROM sqlite_master WHERE name = 'sqlite_autoindex_audit_call_1'",
        "DELETE FROM sqlite_master WHERE tbl_name = 'audit_call' AND type = 'trigger'",
        "UPDATE sqlite_master SET sql = replace(sql, 'NULL PRIMARY KEY', 'NULL') WHERE name = 'audit_call'",
    ):
        run(
            f"INSERT INTO audit_call (id, {columns}) SELECT '{THEIRS.hex}', {columns} FROM audit_call LIMIT 1"
        )
    assert THEIRS in Call.objects.filter(app_id=APP).order_by("at").values_list("id", flat=True)
    assert not Call.objects.filter(id=THEIRS).exists()


def hide() -> None:
    """A sealed call from the lists of what was refused."""
    refused = Call.objects.get(allowed=False)
    with doctored(
        "UPDATE sqlite_master SET sql = replace(sql, 'WHERE NOT \"allowed\"', 'WHERE NOT \"allowed\" AND id <> ''"
        f"{refused.id.hex}''') WHERE tbl_name = 'audit_call' AND type = 'index'"
    ):
        run("REINDEX audit_call")
    some = Call.objects.filter(app_id=APP, allowed=False).order_by("at", "id")
    assert list(some.values_list("id", flat=True)) == []


@pytest.mark.parametrize("attack", [put_in, hide])
def test_one_that_leaves_a_row_out_is_a_finding_and_an_alarm_until_it_is_made_again(
    attack: Callable[[], None],
) -> None:
    moment = now()
    sealed(called(at=moment), called(at=moment, code="key_revoked"))
    indexes.watch(), alarms.look()
    with pytest.raises(Undone), transaction.atomic():
        attack()
        assert schema.changed() == ""  # it is the index, not what it is said to be
        for options in ((), ("--since", "1h"), ("--app", str(APP))):
            result = Said("check_audit", *options)
            assert (result.code, "index: audit_call: " in result.out) == (1, True), options
        assert "index" in {finding.what for finding in check.newest(CheckRange(APP)).wrong}
        with at(moment + MINUTE):  # the watch has looked just now
            indexes.watch(), alarms.look()
            assert not alarms.open_alarms().exists()
        with at(moment + HOUR + MINUTE):
            indexes.watch(), alarms.look()
            assert [alarm.code for alarm in alarms.open_alarms()] == ["indexes"]
            indexes.last.says = ""  # as in another process, which has not looked since
            alarms.look()
            assert alarms.open_alarms().exists()
        run("DELETE FROM audit_pending", "REINDEX")
        if attack is put_in:
            run(
                "DROP TRIGGER audit_call_append_only_delete",
                f"DELETE FROM audit_call WHERE id = '{THEIRS.hex}'",
            )
        with at(moment + 3 * HOUR):
            indexes.watch(), alarms.look()
            assert "indexes" not in [alarm.code for alarm in alarms.open_alarms()]
        raise Undone
    run("PRAGMA writable_schema = RESET")  # what this connection knows of the schema is not taken back
    indexes.last.says = ""


def test_a_page_does_not_wait_for_large_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and the command looks to the end."""
    assert [finding.what for finding in indexes.step(0, patience=1e-9)[0]] in (["unchecked"], [])
    for _ in range(30):
        called(at=now())
    sealed()
    connection.ensure_connection()
    place: int | None = 0
    seen = []
    while place is not None:
        found, place = indexes.step(place, patience=1e-9)
        seen += found
    assert {finding.what for finding in seen} <= {"unchecked"}
    assert Said("check_audit").code == 0


def count_looks(monkeypatch: pytest.MonkeyPatch, result: Callable[[str], list[str]]) -> list[str]:
    """The tables that are looked at from now on."""
    looked: list[str] = []

    def wrong(table: str, ends: float | None = None) -> list[str]:
        looked.append(table)
        return result(table)

    monkeypatch.setattr(indexes, "wrong", wrong)
    monkeypatch.setattr(indexes, "last", indexes.Look())
    return looked


def test_with_a_full_disk_it_is_looked_at_no_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, moment = count_looks(monkeypatch, lambda _: []), now()

    def write(name: str, number: int, its_hash: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(high_water_marks, "write", write)
    for minute in range(60):
        with at(moment + minute * MINUTE):
            assert indexes.watch() == 0
    assert len(looked) == len(indexes.tables())
    with at(moment + HOUR):
        indexes.watch()
    assert len(looked) == 2 * len(indexes.tables())


def test_while_one_process_looks_no_other_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(_: str) -> list[str]:
        monkeypatch.setattr(
            indexes, "last", indexes.Look()
        )  # another process, which knows no more than the mark
        indexes.watch()
        return []

    looked = count_looks(monkeypatch, meanwhile)
    indexes.watch()
    assert len(looked) == len(indexes.tables())


def test_one_that_fails_is_made_up_for_soon_and_not_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> list[str]:
        raise DatabaseError("gone away")

    looked, moment = count_looks(monkeypatch, fail), now()
    for minute in range(5):
        with at(moment + minute * MINUTE), suppress(DatabaseError):
            indexes.watch()
    assert len(looked) == 1
    again = count_looks(monkeypatch, lambda _: [])
    with at(moment + 6 * MINUTE):
        indexes.watch()
    assert len(again) == len(indexes.tables())
