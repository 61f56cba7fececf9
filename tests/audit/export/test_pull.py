"""Pulling the record: every row once, in its place, whoever writes meanwhile and however late they commit."""

import threading

import pytest
from django.db import connection, transaction

from audit.actors import Actor, Origin, shell
from audit.export.pull import Pulled, pull
from audit.integrity.sealing import sealer as seals
from audit.models import Call, Event, Pending
from core.errors import Invalid, NotAllowed
from core.ids import new_id
from tests.audit.records import APP, HOUR, NOON, acted, called
from tests.audit.sealed import sealed, some

pytestmark = pytest.mark.django_db
WRITERS, EACH = 16, 6


def pulled(after: str = "", limit: int = 100) -> Pulled:
    return pull(shell(), APP, "checkout", after, limit)


def told(got: Pulled) -> list[tuple[str, int]]:
    return [(one.row.kind, one.seq) for one in got.rows]


def test_the_older_of_both_streams_comes_first_and_each_in_its_order() -> None:
    sealed(acted(at=NOON + HOUR), called(at=NOON), called(at=NOON + 2 * HOUR))
    assert told(pulled()) == [("call", 1), ("event", 1), ("call", 2)]


def test_a_row_that_was_sealed_late_comes_at_its_place() -> None:
    sealed(called(at=NOON + HOUR))
    sealed(called(at=NOON))
    assert told(pulled()) == [("call", 1), ("call", 2)]


def test_a_row_that_waits_for_its_seal_is_not_told() -> None:
    sealed(called())
    called()
    assert told(pulled()) == [("call", 1)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_going_on_from_each_cursor_tells_every_row_once(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(seals, "BATCH_SIZE", 3)
    sealed(*some(calls=8, acts=4))
    got = pulled(limit=limit)
    seen = told(got)
    while got.more:
        assert len(got.rows) == limit
        got = pulled(str(got.position), limit)
        seen += told(got)
    assert len(seen) == len(set(seen))
    assert set(seen) == {("call", n + 1) for n in range(8)} | {("event", n + 1) for n in range(4)}


def test_where_there_is_no_more_the_cursor_stays() -> None:
    sealed(*some())
    there = str(pulled().position)
    again = pulled(there)
    assert (again.rows, str(again.position), again.more) == ([], there, False)


def test_what_comes_later_is_told_after_the_cursor() -> None:
    sealed(called())
    there = str(pulled().position)
    sealed(called())
    assert ("call", 2) in told(pulled(there))


@pytest.mark.parametrize(
    "after", ["x", "1-1", "{app.hex}-1", "{app.hex}-1-x", "{app.hex}-1-" + "9" * 19, "{app}-0-0", "\0"]
)
def test_what_is_no_cursor_is_refused(after: str) -> None:
    with pytest.raises(Invalid, match="Invalid cursor"):
        pulled(after.format(app=APP))


def test_a_cursor_of_another_app_is_refused() -> None:
    with pytest.raises(Invalid, match="another app"):
        pulled(f"{new_id().hex}-0-0")


@pytest.mark.parametrize("place", ["1-0", "0-2"])
def test_a_cursor_beyond_what_is_sealed_is_refused(place: str) -> None:
    sealed(called())
    with pytest.raises(Invalid, match="has not sealed that many entries"):
        pulled(f"{APP.hex}-{place}")


def test_to_begin_is_an_act_and_to_go_on_is_none() -> None:
    pulled(str(pulled().position))
    (act,) = Event.objects.filter(action="audit.export")
    assert (act.app_id, act.facts) == (APP, {"format": "pull"})


def test_it_takes_the_permission_to_export() -> None:
    reader = Actor("person", "1", "Reader", frozenset({"dashboard_audit:read"}), Origin("api"))
    with pytest.raises(NotAllowed):
        pull(reader, APP, "checkout", "", 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_puller_beside_writers_is_told_every_row_once() -> None:
    """Writers hold some rows back while others commit; the sealer runs all the time."""
    going = threading.Barrier(WRITERS + 2)
    over = threading.Event()

    def write() -> None:
        going.wait(10)
        for n in range(EACH):
            with transaction.atomic():  # the first is written well before it is committed
                called()
                called(code="key_expired" if n % 3 else "")

    def seal() -> None:
        going.wait(10)
        while not over.is_set() or Pending.objects.exists():
            seals.seal_all()

    def closing(act: object) -> None:
        try:
            act()  # type: ignore[operator]
        finally:
            connection.close()

    writers = [threading.Thread(target=closing, args=(write,)) for _ in range(WRITERS)]
    sealer = threading.Thread(target=closing, args=(seal,))
    for thread in (*writers, sealer):
        thread.start()
    going.wait(10)
    seen, after = list[object](), ""
    while True:
        last = not any(thread.is_alive() for thread in writers) and not Pending.objects.exists()
        got = pulled(after, 50)
        seen += [row.row.id for row in got.rows if row.row.kind == "call"]
        after = str(got.position)
        if last and not got.more:
            break
    over.set()
    for thread in (*writers, sealer):
        thread.join(20)
    assert len(seen) == len(set(seen)) == WRITERS * EACH * 2
    assert set(seen) == set(Call.objects.values_list("id", flat=True))
