"""On PostgreSQL a month of calls goes as a whole, if all of it is sealed; its seals follow bit by bit."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from audit.integrity import partitions
from audit.integrity.sealing import sealer
from audit.models import Call, Checkpoint, Event, Seal, StreamCursor
from audit.retention import months
from core.clock import at
from tests.audit.records import APP, called

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def first_of(month: int, year: int = 2031) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def partitioned() -> None:
    """Months of 2031, before which there is nothing."""
    for month in range(1, 5):
        with at(first_of(month)):
            partitions.make_ahead()


def sealed(*moments: datetime) -> None:
    for moment in moments:
        called(APP, moment)
    with at(moments[-1]):
        sealer.seal_all()


def names() -> set[str]:
    return {part.name for part in partitions.parts()}


def drop() -> int:
    """In June, what is older than March."""
    with at(first_of(6)):
        return months.drop(first_of(3))


def test_a_month_that_is_past_and_sealed_is_dropped() -> None:
    sealed(first_of(1), first_of(2))
    assert drop() == 2
    assert not {"audit_call_2031_01", "audit_call_2031_02"} & names()
    assert Call.objects.count() == 0


def test_its_checkpoints_stay_and_say_so() -> None:
    sealed(first_of(1), first_of(2))
    drop()
    assert [batch.purged_at for batch in Checkpoint.objects.filter(kind="call")] == [first_of(6)] * 2


def test_it_is_on_record() -> None:
    sealed(first_of(1), first_of(2))
    drop()
    event = Event.objects.get(action="audit.purge")
    assert (event.app_id, event.facts["first_seq"], event.facts["last_seq"]) == (APP, 1, 2)


def test_later_months_stay() -> None:
    sealed(first_of(1), first_of(3))
    assert drop() == 1
    assert Call.objects.get().at == first_of(3)


def test_a_month_with_a_call_that_waits_for_its_seal_stays_and_so_do_those_after_it() -> None:
    sealed(first_of(1), first_of(2))
    called(APP, first_of(1))
    assert drop() == 0
    assert Call.objects.count() == 3


def test_a_month_with_a_call_that_nobody_sealed_or_knows_of_stays() -> None:
    sealed(first_of(1))
    with connection.cursor() as cursor:
        called(APP, first_of(1))
        cursor.execute("DELETE FROM audit_pending")
    assert drop() == 0


def test_empty_months_are_dropped_too() -> None:
    before = names()
    drop()
    assert len(names()) < len(before)


def test_a_call_older_than_all_that_was_dropped_still_finds_a_place() -> None:
    drop()
    assert called(APP, first_of(1)).pk


def test_seals_follow_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(months, "MAX_BATCHES", 1)
    sealed(first_of(1), first_of(2), first_of(3))
    drop()
    assert [months.sweep() for _ in range(3)] == [1, 1, 0]
    assert (Seal.objects.filter(kind="call").count(), StreamCursor.objects.count()) == (1, 0)
