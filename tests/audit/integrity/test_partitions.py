"""Calls lie in months, on PostgreSQL: the next is made ahead, an old one goes at a stroke, and none is ever missing."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from audit.integrity import partitions
from audit.models import Call
from core.clock import at
from tests.audit.records import called

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def first(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def names() -> list[str]:
    return [part.name for part in partitions.parts()]


def end() -> datetime:
    """Where the open partition begins."""
    begins = partitions.parts()[-1].begins
    assert begins
    return begins


def test_there_is_a_place_for_every_moment() -> None:
    ends = [part.ends for part in partitions.parts()]
    begins = [part.begins for part in partitions.parts()]
    assert (begins[0], ends[-1]) == (None, None)
    assert begins[1:] == ends[:-1]


@pytest.mark.parametrize("moment", [first(1999, 12), first(2026, 11), first(2999, 1)])
def test_a_call_of_any_moment_finds_its_place(moment: datetime) -> None:
    assert Call.objects.get(pk=called(at=moment).pk).at == moment


def test_months_are_made_ahead() -> None:
    ahead = partitions.months_after(end(), 2)
    with at(ahead):
        assert partitions.make_ahead() == 4
        assert partitions.make_ahead() == 0
    assert end() == partitions.months_after(ahead, 2)


def test_rows_that_came_before_their_month_was_made_are_not_lost() -> None:
    far = partitions.months_after(end(), 3)
    call = called(at=far)
    with at(end()):
        partitions.make_ahead()
    assert end() == partitions.months_after(far, 1)
    assert Call.objects.get(pk=call.pk).at == far


def test_what_is_old_goes_with_its_months() -> None:
    old, new = called(at=first(2020, 1)), called(at=end())
    gone = partitions.drop_before(end())
    assert gone >= 2
    assert list(Call.objects.values_list("pk", flat=True)) == [new.pk]
    assert Call.objects.filter(pk=old.pk).first() is None
    assert names() == [partitions.FIRST, partitions.LAST]


def test_a_month_that_is_not_over_stays() -> None:
    called(at=end())
    before = names()
    assert partitions.drop_before(first(2020, 1)) == 0
    assert names() == before


def test_after_old_months_went_an_older_call_still_finds_a_place() -> None:
    partitions.drop_before(end())
    assert called(at=first(2020, 1)).pk


@pytest.mark.parametrize("statement", ["TRUNCATE {}", "DELETE FROM {}", "UPDATE {} SET ip = ''"])
def test_a_month_is_fenced_in_like_the_whole(statement: str) -> None:
    begins = end()
    called(at=begins)
    with at(begins):
        partitions.make_ahead()
    part = next(part.name for part in partitions.parts() if part.begins == begins)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(part))


def test_the_newest_page_of_an_app_is_read_from_the_newest_month_first() -> None:
    newest = Call.objects.filter(app_id=called().app_id).order_by("-at", "-id")[:50]
    with connection.cursor() as cursor:  # what it would do if there were many
        for way in ("sort", "seqscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    plan = newest.explain()
    assert "Merge Append" not in plan
    assert "Sort" not in plan
