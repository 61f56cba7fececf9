"""Sealers and writers at the same moment: real threads on PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from audit.integrity.sealing import sealer
from audit.models import Call, Checkpoint, Pending, Seal
from tests.audit.records import called
from tests.audit.sealed import chain, places, some

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Run `act` in a thread while the block runs; both are over afterwards."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(20)


def test_a_row_that_is_committed_late_is_sealed_late_and_not_passed_over() -> None:
    written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            called(path="/late")
            written.set()
            may_commit.wait(10)

    with meanwhile(slow):
        written.wait(10)
        called(path="/early")
        assert sealer.seal_all() == 1
        may_commit.set()
    assert sealer.seal_all() == 1
    late = Seal.objects.get(row_id=Call.objects.get(path="/late").id)
    assert late.seq == 2


def test_a_writer_does_not_wait_for_the_sealer() -> None:
    some()
    with transaction.atomic():
        sealer.seal_all()
        done = threading.Event()

        def write() -> None:
            called(path="/meanwhile")
            done.set()

        with meanwhile(write):
            assert done.wait(10)
    assert Call.objects.filter(path="/meanwhile").exists()


def test_while_one_seals_another_does_nothing() -> None:
    some()
    ends: list[int] = []
    with transaction.atomic():
        sealer.seal_all()
        with meanwhile(lambda: ends.append(sealer.seal_all())):
            pass
    assert ends == [0]


def test_sealers_beside_writers_leave_no_gap_and_no_fork() -> None:
    stop = threading.Event()

    def seal() -> None:
        while not stop.is_set():
            sealer.seal_all(limit=7)

    def write() -> None:
        for _ in range(40):
            some(calls=2, acts=1)

    with meanwhile(seal), meanwhile(seal), meanwhile(seal):
        with meanwhile(write), meanwhile(write), meanwhile(write):
            pass
        stop.set()
    while sealer.seal_all():
        pass
    assert places(kind="call") == list(range(1, 241))
    assert places(kind="event") == list(range(1, 121))
    assert [bytes(one.previous) for one in chain()[1:]] == [bytes(one.hash) for one in chain()[:-1]]
    numbers = list(Checkpoint.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert not Pending.objects.exists()
