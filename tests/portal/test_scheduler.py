"""The timed work: done when it is due, by one process at a time, and one that fails keeps no other waiting."""

from datetime import timedelta

import pytest

from audit import leases
from audit.models import Lease, Pending
from core.clock import at, now
from portal import scheduler
from portal.scheduler import Job
from tests.audit.records import MINUTE, NOON, called
from tests.shell import Said

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, in order, of two works that are due every minute; the first has three pieces."""
    told: list[str] = []
    pieces = iter([2, 1, 0, 0, 0])

    def first() -> int:
        told.append("first")
        return next(pieces)

    def second() -> int:
        told.append("second")
        return 0

    works = tuple(Job(do.__name__, timedelta(minutes=1), do) for do in (first, second))
    monkeypatch.setattr(scheduler, "JOBS", works)
    return told


def test_a_work_is_done_to_its_end(done: list[str]) -> None:
    assert scheduler.run_due_jobs() == 2
    assert done == ["first", "first", "first", "second"]


def test_it_is_due_again_after_its_time(done: list[str]) -> None:
    with at(NOON):
        scheduler.run_due_jobs()
    done.clear()
    with at(NOON + MINUTE / 2):
        assert scheduler.run_due_jobs() == 0
    with at(NOON + MINUTE):
        assert scheduler.run_due_jobs() == 2


def test_what_another_process_is_doing_is_left_to_it(done: list[str]) -> None:
    leases.take("first", "another")
    scheduler.run_due_jobs()
    assert done == ["second"]


def test_one_that_fails_keeps_no_other_waiting(
    done: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad = Job("bad", timedelta(minutes=1), lambda: 1 // 0)
    monkeypatch.setattr(scheduler, "JOBS", (bad, *scheduler.JOBS))
    scheduler.run_due_jobs()
    assert done[-1] == "second"
    assert "the job bad failed" in caplog.text


def test_it_stops_between_two_pieces_when_it_is_told_to(done: list[str]) -> None:
    scheduler.run_due_jobs(stop=lambda: bool(done))
    assert done == ["first"]


def test_with_nothing_to_do_it_writes_nothing() -> None:
    Lease.objects.all().delete()
    scheduler.run_due_jobs()
    assert not Lease.objects.filter(name="seal").exists()


def test_the_command_seals_what_waits() -> None:
    called()
    assert Said("tick").code == 0
    assert not Pending.objects.exists()


def test_who_keeps_taking_leases_holds_up_neither_the_sealer_nor_the_watch() -> None:
    """By SQL a lease is held by somebody, and the work was done a moment ago, whenever the portal looks."""
    works = [work for work in scheduler.JOBS if work.name in ("seal", "alarms")]
    for _ in range(2):
        called(at=now())
        for name in ("seal", "alarms"):
            soon = now() + timedelta(seconds=2)
            Lease.objects.update_or_create(
                name=name, defaults={"holder": "x", "until": soon, "last_at": now()}
            )
        scheduler._due_at.clear()
        assert scheduler.run_due_jobs(jobs=works) == 2
        assert not Pending.objects.exists()


def test_the_watch_looks_though_another_process_of_the_portal_holds_its_lease() -> None:
    looked: list[str] = []

    def look() -> int:
        looked.append("")
        return 0

    watch = Job("watch", timedelta(seconds=30), look, has_lease=False)
    leases.take("watch", "another")
    assert scheduler.run_due_jobs(jobs=[watch]) == 1
    assert scheduler.run_due_jobs(jobs=[watch]) == 0  # it is not due
    assert looked == [""]


def test_what_fails_without_a_lease_is_done_again_when_it_is_due_and_not_at_once() -> None:
    tried: list[str] = []

    def fail() -> int:
        tried.append("")
        raise OSError(28, "No space left on device")

    watch = Job("watch-that-fails", timedelta(seconds=30), fail, has_lease=False)
    for _ in range(3):
        scheduler.run_due_jobs(jobs=[watch])
    assert tried == [""]
