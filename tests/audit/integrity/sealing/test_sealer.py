"""Every row gets one place in its stream, and every batch a root, a link and a signature."""

from datetime import UTC, datetime

import pytest

from audit import canonical
from audit.integrity.append_only_triggers import maintenance
from audit.integrity.sealing import sealer, signing
from audit.models import Call, Checkpoint, Event, Pending, Seal, SealKey
from audit.models.seals import NOWHERE
from core.clock import at
from core.ids import new_id
from tests.audit.records import APP, DAY, HOUR, MINUTE, NOON, acted, called
from tests.audit.sealed import chain, fits, places, sealed, some

pytestmark = pytest.mark.django_db


def test_a_row_waits_from_the_transaction_that_wrote_it() -> None:
    call = called()
    waiting = Pending.objects.get()
    assert (waiting.row_id, waiting.stream, waiting.kind, waiting.at) == (call.id, APP, "call", call.at)


def test_what_was_sealed_waits_no_longer() -> None:
    some()
    assert sealer.seal_all() == 5
    assert not Pending.objects.exists()


def test_with_nothing_to_do_nothing_is_written() -> None:
    assert sealer.seal_all() == 0
    assert not Checkpoint.objects.exists()


def test_a_stream_counts_from_one_without_a_gap() -> None:
    for _ in range(3):
        sealed(*some(calls=4))
    assert places() == list(range(1, 13))


def test_acts_and_calls_are_counted_apart() -> None:
    sealed(*some(calls=3, acts=2))
    assert (places(kind="call"), places(kind="event")) == ([1, 2, 3], [1, 2])


def test_apps_are_counted_apart() -> None:
    other = new_id()
    sealed(*some(), *some(app_id=other))
    assert places(other) == places(APP) == [1, 2, 3]


def test_what_belongs_to_no_app_has_a_stream_too() -> None:
    sealed(called(app_id=None))
    assert places(NOWHERE) == [1]


def test_rows_are_in_the_order_of_their_moments() -> None:
    late, early = called(at=NOON + MINUTE), called(at=NOON)
    assert [seal.seq for seal in sealed(early, late)] == [1, 2]


def test_a_row_that_comes_late_stands_after_those_that_are_sealed() -> None:
    sealed(called(at=NOON))
    assert sealed(called(at=NOON - HOUR))[0].seq == 2


def test_a_batch_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BATCH_SIZE", 4)
    sealed(*some(calls=10))
    assert [(one.first_seq, one.last_seq) for one in chain()] == [(1, 4), (5, 8), (9, 10)]


def test_a_batch_spans_no_two_months() -> None:
    sealed(called(at=datetime(2026, 5, 31, 23, 59, tzinfo=UTC)), called(at=datetime(2026, 6, 1, tzinfo=UTC)))
    assert [one.last_seq for one in chain()] == [1, 2]


def test_a_pass_has_a_limit_and_takes_the_oldest_first() -> None:
    entries = some(calls=5, acts=0)
    assert sealer.seal_all(limit=2) == 2
    assert set(Seal.objects.values_list("row_id", flat=True)) == {entry.id for entry in entries[:2]}


def test_a_leaf_is_the_hash_of_what_the_row_says() -> None:
    entries: list[Event | Call] = [
        acted(changes={"name": ["a", "b"], "n": [None, 1.5]}),
        called(context={"run": "7"}, key_id=None),
    ]
    sealed(*entries)
    assert all(map(fits, entries))


def test_equal_rows_have_different_salts() -> None:
    first, second = sealed(*some(calls=2, acts=0))
    assert bytes(first.salt or b"") != bytes(second.salt or b"")


def test_a_root_stands_for_the_leaves_of_its_batch() -> None:
    leaves = [bytes(seal.leaf) for seal in sealed(*some(calls=7, acts=0))]
    assert bytes(chain()[0].root) == canonical.root(leaves)


def test_each_checkpoint_names_the_one_before_it() -> None:
    for _ in range(3):
        sealed(called())
    first, second, third = chain()
    assert bytes(first.previous) == canonical.NOTHING
    assert [bytes(second.previous), bytes(third.previous)] == [bytes(first.hash), bytes(second.hash)]


def test_checkpoints_are_numbered_over_all_streams() -> None:
    for _ in range(2):
        sealed(*some(), called(app_id=None))
    numbers = Checkpoint.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2, 3, 4, 5, 6]


def test_a_checkpoint_is_signed_by_a_key_whose_public_half_is_known() -> None:
    sealed(called())
    (made,) = chain()
    public = bytes(SealKey.objects.get(id=made.key_id).public)
    assert signing.is_signed(public, canonical.signed(bytes(made.hash)), bytes(made.signature))


def test_a_checkpoint_says_when_it_was_made_and_what_span_it_covers() -> None:
    entries = [called(at=NOON), called(at=NOON + HOUR)]
    with at(NOON + DAY):
        sealed(*entries)
    (made,) = chain()
    assert (made.sealed_at, made.earliest_at, made.latest_at) == (NOON + DAY, NOON, NOON + HOUR)


def test_a_row_that_was_deleted_before_its_seal_is_told_of() -> None:
    call = called()
    with maintenance():
        Call.objects.filter(pk=call.pk).delete()
    sealer.seal_all()
    event = Event.objects.get(action="audit.miss")
    assert (event.app_id, event.target_id, event.actor_kind) == (APP, str(call.id), "system")


def test_what_is_sealed_and_waits_again_is_left_as_it_is() -> None:
    call = called()
    (before,) = sealed(call)
    Pending.objects.create(row_id=call.id, stream=APP, kind="call", at=call.at)
    assert [seal.seq for seal in sealed(call)] == [before.seq]
    assert not Pending.objects.exists()


def test_an_app_is_sealed_up_to_its_newest_checkpoint() -> None:
    called()
    with at(NOON + DAY):
        sealer.seal_all()
    assert sealer.sealed_to(APP) == NOON + DAY


def test_an_app_is_sealed_no_further_than_what_waits() -> None:
    called()
    with at(NOON + DAY):
        sealer.seal_all()
    called(at=NOON + HOUR)
    assert sealer.sealed_to(APP) == NOON + HOUR


def test_an_app_that_did_nothing_is_not_sealed() -> None:
    assert sealer.sealed_to(new_id()) is None


def test_catching_up_seals_what_an_app_has_waiting() -> None:
    some()
    assert sealer.catch_up(APP)
    assert not Pending.objects.exists()
