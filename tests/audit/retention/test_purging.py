"""What has been kept long enough goes batch by batch, is told of, and leaves a chain that holds."""

from datetime import datetime
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from audit import canonical
from audit.integrity.sealing import row_values, sealer
from audit.models import Call, Checkpoint, Event, Pending, Seal
from audit.models.seals import NOWHERE
from audit.retention import purging
from core.clock import at
from core.ids import new_id
from tests.audit.records import APP, DAY, MINUTE, NOON, acted, called

pytestmark = pytest.mark.django_db
LATER = NOON + 400 * DAY
BEFORE = NOON + 35 * DAY


def batch_of(count: int, app_id: UUID | None = APP, moment: datetime = NOON) -> Checkpoint:
    """So many calls, sealed as one batch."""
    for n in range(count):
        called(app_id, moment + n * MINUTE)
    with at(moment + DAY):
        sealer.seal_all()
    return Checkpoint.objects.filter(kind="call").order_by("-number")[0]


def purge(kind: str = "call", before: datetime = BEFORE) -> int:
    with at(LATER):
        return purging.sealed(kind, before)


def told() -> list[Event]:
    return list(Event.objects.filter(action="audit.purge").order_by("id"))


def test_the_rows_of_a_past_batch_go_with_their_seals() -> None:
    batch_of(3)
    assert purge() == 3
    assert (Call.objects.count(), Seal.objects.count()) == (0, 0)


def test_its_checkpoint_stays_and_says_since_when() -> None:
    batch = batch_of(3)
    purge()
    batch.refresh_from_db()
    assert batch.purged_at == LATER


def test_a_batch_with_one_row_that_is_not_past_stays_whole() -> None:
    batch_of(3, moment=BEFORE - MINUTE)
    assert purge() == 0
    assert Call.objects.count() == 3


def test_a_row_that_waits_for_its_seal_stays() -> None:
    called()
    assert purge() == 0
    assert Call.objects.count() == 1


def test_later_batches_stay_and_verify() -> None:
    gone, kept = batch_of(2), batch_of(2, moment=BEFORE)
    purge()
    found = row_values.read("call", list(Seal.objects.values_list("row_id", flat=True)), BEFORE, LATER)
    salts = {seal.row_id: bytes(seal.salt or b"") for seal in Seal.objects.all()}
    leaves = [row.leaf(row.commitment(salts[row.id])) for row in sorted(found, key=lambda row: row.at)]
    assert canonical.root(leaves) == bytes(kept.root)
    assert bytes(kept.previous) == bytes(gone.hash)


def test_what_is_sealed_after_a_purge_goes_on_from_it() -> None:
    gone = batch_of(2)
    purge()
    fresh = batch_of(1, moment=LATER)
    assert (fresh.first_seq, bytes(fresh.previous)) == (3, bytes(gone.hash))


def test_it_is_on_record_in_the_stream_of_the_app() -> None:
    batch_of(2), batch_of(1, moment=NOON + DAY)
    purge()
    (event,) = told()
    assert (event.app_id, event.actor_kind, event.actor_label, event.target_label) == (
        APP,
        "system",
        "the portal",
        "3 calls",
    )
    assert event.facts == {
        "kind": "call",
        "rows": 3,
        "first_seq": 1,
        "last_seq": 3,
        "before": BEFORE.isoformat(),
    }


def test_each_stream_is_told_of_its_own() -> None:
    other = new_id()
    batch_of(1), batch_of(2, other), batch_of(1, None)
    purge()
    assert {(event.app_id, event.facts["rows"]) for event in told()} == {(APP, 1), (other, 2), (None, 1)}


def test_what_belongs_to_no_app_is_told_of_there() -> None:
    batch_of(1, None)
    purge()
    assert told()[0].target_id == str(NOWHERE)


def test_a_gap_that_stays_is_not_told_of_as_gone() -> None:
    batch_of(1), batch_of(1, moment=BEFORE), batch_of(1, moment=NOON + 2 * DAY)
    purge()
    assert [(event.facts["first_seq"], event.facts["last_seq"]) for event in told()] == [(1, 1), (3, 3)]


def test_acts_go_the_same_way() -> None:
    acted(), acted(at=NOON + MINUTE)
    with at(NOON + DAY):
        sealer.seal_all()
    assert purge("event") == 2
    assert [event.action for event in Event.objects.all()] == ["audit.purge"]


def test_the_event_of_a_purge_waits_for_a_seal_like_any_other() -> None:
    batch_of(1)
    purge()
    assert Pending.objects.get().row_id == told()[0].id


def test_a_purge_that_is_done_has_nothing_to_do() -> None:
    batch_of(1)
    purge()
    assert purge() == 0


def test_a_run_is_bounded_and_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "BATCH_SIZE", 2)
    monkeypatch.setattr(purging, "RUN_LIMIT", 4)
    for day in range(5):
        batch_of(1, moment=NOON + day * DAY)
    assert [purge(), purge(), purge()] == [4, 1, 0]


def test_afterwards_rows_are_as_protected_as_before() -> None:
    batch_of(1), batch_of(1, moment=BEFORE)
    purge()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Call.objects.all().delete()
