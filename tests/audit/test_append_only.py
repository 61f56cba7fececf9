"""Neither record can be changed or emptied, by the program or by a statement, on both engines."""

from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import Call, Event
from core.ids import new_id
from tests.audit.records import acted, called

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("write", [acted, called], ids=["event", "call"])
FORBIDDEN = "append-only"


def stored(row_id: UUID) -> Any:
    return row_id if connection.features.has_native_uuid_field else row_id.hex


def unique_of(row: Any) -> list[str]:
    """The columns that tell rows apart: with partitions the moment is one of them."""
    return ["id", "at"] if isinstance(row, Call) and connection.vendor == "postgresql" else ["id"]


def say(statement: str, *values: Any) -> None:
    """Run `statement` in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@BOTH
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET ip = ''", "DELETE FROM {}", "DELETE FROM {} WHERE ip = ''"]
)
def test_a_statement_cannot_touch_a_row(write: Any, statement: str) -> None:
    row = write(ip="")
    with pytest.raises(DatabaseError, match=FORBIDDEN):
        say(statement.format(row._meta.db_table))
    assert type(row).objects.filter(pk=row.pk).exists()


@BOTH
def test_a_saved_row_cannot_be_saved_again(write: Any) -> None:
    row = write(ip="203.0.113.7")
    row.ip = "198.51.100.1"
    with pytest.raises(DatabaseError, match=FORBIDDEN), transaction.atomic():
        row.save()
    row.refresh_from_db()
    assert row.ip == "203.0.113.7"


@BOTH
def test_a_row_cannot_be_deleted(write: Any) -> None:
    row = write()
    with pytest.raises(DatabaseError, match=FORBIDDEN), transaction.atomic():
        row.delete()


@BOTH
@pytest.mark.parametrize(
    "act", [lambda rows: rows.update(ip=""), lambda rows: rows.delete()], ids=["update", "delete"]
)
def test_a_queryset_cannot_touch_rows(write: Any, act: Any) -> None:
    row = write()
    with pytest.raises(DatabaseError, match=FORBIDDEN), transaction.atomic():
        act(type(row).objects.all())


@BOTH
def test_an_insert_that_meets_a_row_cannot_change_it(write: Any) -> None:
    row = write(ip="203.0.113.7")
    row.ip = "198.51.100.1"
    with pytest.raises(DatabaseError, match=FORBIDDEN), transaction.atomic():
        type(row).objects.bulk_create(
            [row], update_conflicts=True, unique_fields=unique_of(row), update_fields=["ip"]
        )


@BOTH
def test_a_row_cannot_be_replaced(write: Any) -> None:
    row = write()
    again = f"{row._meta.db_table} SELECT * FROM {row._meta.db_table} WHERE id = %s"
    statement = f"REPLACE INTO {again}"
    if connection.vendor == "postgresql":
        statement = f"INSERT INTO {again} ON CONFLICT ({', '.join(unique_of(row))}) DO UPDATE SET ip = ''"
    with pytest.raises(DatabaseError, match=FORBIDDEN):
        say(statement, stored(row.id))


@BOTH
def test_a_record_cannot_be_emptied_at_a_stroke(write: Any) -> None:
    table = write()._meta.db_table
    statement = f"TRUNCATE {table}" if connection.vendor == "postgresql" else f"DELETE FROM {table}"
    with pytest.raises(DatabaseError, match=FORBIDDEN):
        say(statement)


@BOTH
def test_a_rows_id_cannot_be_moved(write: Any) -> None:
    row = write()
    with pytest.raises(DatabaseError, match=FORBIDDEN):
        say(f"UPDATE {row._meta.db_table} SET id = %s WHERE id = %s", stored(new_id()), stored(row.id))


@BOTH
def test_rows_are_added_freely(write: Any) -> None:
    assert type(write()).objects.count() == 1


@pytest.mark.postgres
@pytest.mark.parametrize("record", [Event, Call])
def test_maintenance_ends_with_its_transaction(record: Any) -> None:
    acted(), called()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL portal.audit_maintenance = 'on'")
        record.objects.all().delete()
        cursor.execute("SET LOCAL portal.audit_maintenance = 'off'")
    acted(), called()
    with pytest.raises(DatabaseError, match=FORBIDDEN), transaction.atomic():
        record.objects.all().delete()
