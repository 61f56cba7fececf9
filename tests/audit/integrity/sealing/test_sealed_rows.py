"""Reading what is sealed: how far it goes, how much it is, and every row once and in its place."""

import pytest

from audit.integrity.append_only_triggers import maintenance
from audit.integrity.sealing import sealed_rows, sealer
from audit.integrity.sealing.sealed_rows import Reach
from audit.models import Call, Checkpoint, Seal
from core.clock import now
from core.ids import new_id
from tests.audit.records import APP, called
from tests.audit.sealed import chain, some
from tests.audit.sealed import sealed as seal

pytestmark = pytest.mark.django_db


@pytest.fixture
def three_batches(monkeypatch: pytest.MonkeyPatch) -> list[Seal]:
    """Five calls in batches of two, two and one; and two acts."""
    monkeypatch.setattr(sealer, "BATCH_SIZE", 2)
    return seal(*some(calls=5, acts=2))[:5]


def seqs(within: Reach, kind: str = "call") -> list[list[int]]:
    return [[row.seq for row in batch.rows] for batch in sealed_rows.batches(within, kind)]


def purge(checkpoint: Checkpoint) -> None:
    """Take a batch away as retention does."""
    gone = Seal.objects.filter(stream=checkpoint.stream, kind=checkpoint.kind, seq__lte=checkpoint.last_seq)
    with maintenance():
        Call.objects.filter(id__in=gone.values("row_id")).delete()
        gone.delete()
        Checkpoint.objects.filter(number=checkpoint.number).update(purged_at=now())


def test_an_app_where_nothing_is_sealed_reaches_nowhere() -> None:
    called()
    assert sealed_rows.reach(APP) == Reach(APP, {}, None)
    assert sealed_rows.count(sealed_rows.reach(APP)) == 0


def test_a_reach_says_the_last_place_of_each_kind(three_batches: list[Seal]) -> None:
    within = sealed_rows.reach(APP)
    assert (within.last, within.newest) == ({"event": 2, "call": 5}, Checkpoint.objects.latest("number"))


def test_what_belongs_to_no_app_has_a_reach_too() -> None:
    seal(*some(2, 0, app_id=None))
    assert sealed_rows.reach(None).last == {"call": 2}


def test_batches_come_in_order_with_their_rows(three_batches: list[Seal]) -> None:
    assert seqs(sealed_rows.reach(APP)) == [[1, 2], [3, 4], [5]]
    first = next(sealed_rows.batches(sealed_rows.reach(APP), "call")).rows[0]
    assert (first.row.id, first.leaf) == (three_batches[0].row_id, bytes(three_batches[0].leaf))


@pytest.mark.parametrize("at_once", [1, 2, 3, 4])
def test_batches_come_whole_however_many_are_read_at_once(
    three_batches: list[Seal], monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(sealed_rows, "BATCH_SIZE", at_once)
    within = sealed_rows.reach(APP)
    assert [
        [row.seq for row in batch.rows] for batch in sealed_rows.batches(within, "call", step=at_once)
    ] == [
        [1, 2],
        [3, 4],
        [5],
    ]


def test_what_is_sealed_later_is_beyond_the_reach(three_batches: list[Seal]) -> None:
    within = sealed_rows.reach(APP)
    seal(called())
    assert (seqs(within), sealed_rows.count(within)) == ([[1, 2], [3, 4], [5]], 7)


def test_another_apps_rows_are_not_read(three_batches: list[Seal]) -> None:
    seal(*some(app_id=new_id()))
    assert sealed_rows.count(sealed_rows.reach(APP)) == 7


@pytest.mark.parametrize("last", [0, 1, 2, 3, 4, 5])
def test_reading_goes_on_after_any_place(three_batches: list[Seal], last: int) -> None:
    rows = sealed_rows.after(sealed_rows.reach(APP), "call", last)
    assert [row.seq for row in rows] == list(range(last + 1, 6))


def test_a_purged_batch_comes_without_rows_and_is_not_counted(three_batches: list[Seal]) -> None:
    purge(chain()[0])
    assert seqs(sealed_rows.reach(APP)) == [[], [3, 4], [5]]
    assert sealed_rows.count(sealed_rows.reach(APP)) == 5


def test_a_row_that_was_deleted_is_left_out_and_the_others_come(three_batches: list[Seal]) -> None:
    with maintenance():
        Call.objects.filter(id=three_batches[1].row_id).delete()
    assert seqs(sealed_rows.reach(APP)) == [[1], [3, 4], [5]]


def test_counting_goes_by_steps(three_batches: list[Seal], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_rows, "COUNT_LIMIT", 1)
    assert sealed_rows.count(sealed_rows.reach(APP)) == 7


def test_an_erased_row_has_a_commitment_and_no_salt(three_batches: list[Seal]) -> None:
    with maintenance():
        Seal.objects.filter(row_id=three_batches[0].row_id).update(salt=None, commitment=bytes(32))
    first = next(sealed_rows.batches(sealed_rows.reach(APP), "call")).rows[0]
    assert (first.salt, first.commitment) == (None, bytes(32))
